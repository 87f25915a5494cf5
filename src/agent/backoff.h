/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pauses after failures, by base/retry.h: a window that doubles from the first
 * to twelve times of it, so that a fleet that lost its plane at one moment does
 * not come back at one moment. A server that names a time (Retry-After) is
 * obeyed, and the pause comes on top of it, for the same reason.
 */
#pragma once

#include "base/defs.h"

#define BACKOFF_FIRST       (10 * MSEC_SECOND) /* the first window */
#define BACKOFF_GROWTH      12
#define BACKOFF_RETRY_AFTER MSEC_HOUR /* as far as a server's word is taken */

struct backoff {
    msec first; /* 0: BACKOFF_FIRST */
    unsigned failures;
    msec retry_at; /* clock_monotonic(); 0: no failure */
};

/* After the n-th failure in a row (1...), told to stay away for `retry_after`
 * (0: not told), `random` uniform over uint32_t. */
msec backoff_pause(msec first, unsigned failures, msec retry_after, uint32_t random);

void backoff_add(struct backoff *b, msec retry_after);
void backoff_reset(struct backoff *b);
