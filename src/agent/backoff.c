/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/backoff.h"

#include "base/crypto.h"
#include "sys/clock.h"

#define PAUSE_MAX (60 * MSEC_SECOND)

msec backoff_pause(unsigned failures, uint32_t random)
{
    msec longest = failures > 6 ? PAUSE_MAX : MSEC_SECOND << (failures ? failures - 1 : 0);

    if (longest > PAUSE_MAX)
        longest = PAUSE_MAX;
    return longest / 2 + (msec)((uint64_t)random * (uint64_t)(longest / 2) >> 32);
}

void backoff_add(struct backoff *b)
{
    uint32_t random;

    random_bytes(&random, sizeof(random));
    b->failures++;
    b->retry_at = clock_monotonic() + backoff_pause(b->failures, random);
}

void backoff_reset(struct backoff *b)
{
    *b = (struct backoff){ 0 };
}
