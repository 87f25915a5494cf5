/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long to wait before another try. The window doubles with each failure in a
 * row and the pause is drawn from nearly all of it, so that many who failed at one
 * moment do not come back at one moment. Pure: the caller brings the randomness.
 */
#pragma once

#include "base/str.h"

struct retry {
    msec first;   /* the window after the first failure */
    msec longest; /* and the widest it gets */
};

/* After the n-th failure in a row (1...), `random` uniform over uint32_t: between
 * an eighth of the window and all of it, and never less than a millisecond. */
msec retry_pause(const struct retry *r, int64_t failures, uint32_t random);

/* What a server asks for in Retry-After (RFC 9110, 10.2.3): seconds, or a moment by its own
 * clock, which its Date tells. 0 if neither can be read. How far to obey is the caller's. */
msec retry_after(struct str value, struct str date);
