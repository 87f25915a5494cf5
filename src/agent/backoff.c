/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/backoff.h"

#include "base/crypto.h"
#include "base/retry.h"
#include "sys/clock.h"

msec backoff_pause(msec first, unsigned failures, msec retry_after, uint32_t random)
{
    const struct retry r = { .first = first, .longest = first * BACKOFF_GROWTH };

    if (retry_after > BACKOFF_RETRY_AFTER)
        retry_after = BACKOFF_RETRY_AFTER;
    return (retry_after > 0 ? retry_after : 0) + retry_pause(&r, failures, random);
}

void backoff_add(struct backoff *b, msec retry_after)
{
    uint32_t random;

    random_bytes(&random, sizeof(random));
    b->failures++;
    b->retry_at = clock_monotonic() + backoff_pause(b->first ? b->first : BACKOFF_FIRST,
                                                    b->failures, retry_after, random);
}

void backoff_reset(struct backoff *b)
{
    b->failures = 0;
    b->retry_at = 0;
}
