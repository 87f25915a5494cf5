/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fallible function returns.
 *
 *   0    It did what its name says, and every ret_ parameter is set.
 *   < 0  A fault, as -errno: the host or this program failed. Nobody matches
 *        on it. TRY() carries it to the top, where it is logged once, with
 *        its trace, and answered as an internal error.
 *   > 0  An outcome: a code from the enum in the callee's own header. It is
 *        meant for the direct caller, who handles it; TRY() declares that it
 *        cannot happen here, and turns it into a fault if it does.
 *
 * So an outcome never travels further than one call by accident, and a fault
 * is never mistaken for one.
 */
#pragma once

#include <errno.h>

#include "base/defs.h"

/* A static analyzer sees one file at a time: what err.c promises is said to it here. */
#ifdef __clang_analyzer__
#define err_below_0(fault)                                                                         \
    ({                                                                                             \
        int below_0_fault = (fault);                                                               \
        if (below_0_fault >= 0)                                                                    \
            __builtin_unreachable();                                                               \
        below_0_fault;                                                                             \
    })
#define err_fault(...) err_below_0((err_fault)(__VA_ARGS__))
#else
#define err_below_0(fault) (fault)
#endif

/* `errnum` is positive, as in errno. */
#define FAULT(errnum) err_below_0(err_origin((errnum), __func__, __FILE__, __LINE__))

#define TRY(call)                                                                                  \
    do {                                                                                           \
        int try_result = (call);                                                                   \
        if (try_result != 0)                                                                       \
            return err_below_0(err_forward(try_result, __func__, __FILE__, __LINE__));             \
    } while (0)

/* Forward faults and outcomes alike: for a callee whose outcomes are, by this
 * function's own header, its outcomes too. */
#define PASS(call)                                                                                 \
    do {                                                                                           \
        int pass_result = (call);                                                                  \
        if (pass_result > 0)                                                                       \
            return pass_result;                                                                    \
        TRY(pass_result);                                                                          \
    } while (0)

/* Start a trace for a fault found here; returns -errnum. */
int err_origin(int errnum, const char *func, const char *file, int line);

/* The same, with a sentence that says what failed ("cannot open x: ..."). */
PRINTF(2, 3) int(err_fault)(int errnum, const char *fmt, ...);

/* Add a frame to the trace. An outcome becomes -ENOTRECOVERABLE. */
int err_forward(int result, const char *func, const char *file, int line);

/* The trace of the last fault on this thread, newest frame last. Valid until
 * the next fault starts on this thread. */
const char *err_trace(void);
