/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as a schedule; what is taken must fire forward, at whole minutes, in its time. */
#include "engine/schedule.h"

#include "fuzz.h"

#define PHASE ((msec)1709072070250)

static void fire(const struct schedule *s, msec after)
{
    msec end = (msec)7258118400000; /* the start of 2200 */
    msec first = after;

    for (int n = 0; n < 5; n++) {
        msec next, latest;
        int outcome = schedule_next(s, after, PHASE, &next);

        if (outcome != 0) {
            assert(outcome == SCHEDULE_NEVER);
            return;
        }
        assert(next > after && next < end);
        assert(s->type == SCHEDULE_CRON ? next % MSEC_MINUTE == 0
                                        : (next - PHASE) % s->period == 0);
        assert(schedule_latest(s, first, next, PHASE, &latest) == 0 && latest == next);
        after = next;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct schedule s;

    if (schedule_parse((struct str){ (const char *)data, size }, &s) == 0) {
        fire(&s, 0);
        fire(&s, PHASE);
        fire(&s, (msec)7258118400000 - 90 * MSEC_DAY);
    }
    return 0;
}
