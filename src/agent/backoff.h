/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pauses after failures: doubled each time from 1 s to 60 s, each drawn between
 * half of that and all of it, so that a fleet that lost its plane at one moment
 * does not come back at one moment.
 */
#pragma once

#include "base/defs.h"

struct backoff {
    unsigned failures;
    msec retry_at; /* clock_monotonic(); 0: no failure */
};

/* The pause after the n-th failure in a row (1...), `random` uniform over uint32_t. */
msec backoff_pause(unsigned failures, uint32_t random);

void backoff_add(struct backoff *b);
void backoff_reset(struct backoff *b);
