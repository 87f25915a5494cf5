/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One of the three pieces of state outside main(): the trace of the last fault
 * belongs to the thread that met it. */
static _Thread_local struct {
    char text[2048];
    size_t len;
} trace;

PRINTF(1, 2) static void append(const char *fmt, ...)
{
    if (trace.len >= sizeof(trace.text) - 1)
        return;

    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(trace.text + trace.len, sizeof(trace.text) - trace.len, fmt, args);
    va_end(args);

    if (n > 0)
        trace.len += (size_t)n;
    if (trace.len > sizeof(trace.text) - 1)
        trace.len = sizeof(trace.text) - 1;
}

int err_origin(int errnum, const char *func, const char *file, int line)
{
    assert(errnum > 0);
    trace.len = 0;
    append("%s in %s at %s:%d", strerror(errnum), func, file, line);
    return -errnum;
}

int(err_fault)(int errnum, const char *fmt, ...)
{
    assert(errnum > 0);

    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(trace.text, sizeof(trace.text), fmt, args);
    va_end(args);

    trace.len = n < 0 ? 0 : (size_t)n;
    if (trace.len > sizeof(trace.text) - 1)
        trace.len = sizeof(trace.text) - 1;
    return -errnum;
}

int err_forward(int result, const char *func, const char *file, int line)
{
    if (result > 0) {
        err_origin(ENOTRECOVERABLE, func, file, line);
        append(" (unexpected outcome %d)", result);
        return -ENOTRECOVERABLE;
    }
    append("\n  from %s at %s:%d", func, file, line);
    return result;
}

const char *err_trace(void)
{
    return trace.text;
}
