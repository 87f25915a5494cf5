/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When an install is to stop, by its time limit or by a signal, and whether a package
 * manager may be ended for it: only before it begins to change the host. Who comes
 * first through the gate, it or we, is decided by a folder that one alone can make.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define GATE_DIR "/run/patchbay-patch"

/* For a package manager that runs a shell line before it changes anything and gives up
 * where that fails; twice is fine. */
#define GATE_HOOK                                                                                  \
    "mkdir " GATE_DIR "/gate 2>/dev/null && touch " GATE_DIR "/begun || test -e " GATE_DIR "/begu" \
    "n"

struct gate {
    msec deadline;     /* of clock_monotonic() */
    msec time_limit;   /* as it is told */
    msec script_limit; /* after the deadline, for each script of a package (scripts.h) */
};

/* From now on SIGTERM, SIGINT and SIGHUP do not end this process: they are asked for. */
void gate_open(struct gate *gate, msec time_limit, msec script_limit);

/* Before a program that runs GATE_HOOK. */
MUST_CHECK int gate_reset(void);

/* Is it time to stop? NULL: never. */
bool gate_is_stopping(const struct gate *gate);
bool gate_is_signalled(void);
bool gate_is_over(const struct gate *gate); /* its deadline has passed, whoever else stopped it */
struct str gate_reason(struct arena *a, const struct gate *gate); /* a sentence for what is left */

/* Before the other one came through: true, and it will not come through any more. */
bool gate_close(void);
