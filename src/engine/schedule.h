/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When a schedule expression fires: the cron(...) and rate(...) dialect of
 * EventBridge rules. All of it is UTC and pure; who keeps the ticks, and what
 * happens to missed ones, is not known here.
 *
 * cron(minutes hours day-of-month month day-of-week year)
 *   The AWS guide's rules: day-of-week is 1-7 from Sunday, exactly one of
 *   day-of-month and day-of-week is "?", a day that a month lacks is skipped
 *   and never clamped, the weekday is that of the UTC day of the firing.
 *
 * Points that AWS leaves open, as decided here:
 *   - "cron(" and "rate(" are lower case and nothing stands outside them; names
 *     (MON, JAN) and the letters L and W are taken in either case.
 *   - White space (spaces, tabs, line ends) separates fields, also next to the
 *     parentheses. A comma that ends or begins a field is refused, though the
 *     real service has been seen to take one.
 *   - A range may wrap (20-2, FRI-MON, NOV-FEB) in minutes, hours, months and
 *     day-of-week, its step counting on through the wrap; not in day-of-month
 *     and years.
 *   - A step is 1..59 in minutes, 1..23 in hours, 1..31 in days, 1..12 in
 *     months and 1..229 in years, so "0/60" is refused like "*" "/60".
 *     Day-of-week takes no step.
 *   - "*" and "?" stand alone, "*" but for a step. Numbers have as many digits
 *     as the field's greatest at most, leading zeros among them.
 *   - LW (the last weekday of the month) is taken, L-n is refused. L, W and #
 *     stand alone in their field; the day before L and # may be a name (FRIL).
 *
 * rate(value unit): the first firing is one whole interval after phase_start,
 *   which is when the rule was created, enabled or given this expression. The
 *   value has no leading zero and nine digits at most.
 *
 * Nothing fires after the year 2199 or before 1970.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

#define SCHEDULE_MAX_LENGTH 256

enum schedule_outcome {
    SCHEDULE_INVALID = 1, /* not an expression of this dialect */
    SCHEDULE_NEVER,       /* no firing is left */
};

enum schedule_type {
    SCHEDULE_NONE, /* a zeroed schedule: never fires */
    SCHEDULE_RATE,
    SCHEDULE_CRON,
};

enum schedule_day {
    SCHEDULE_DAYS_OF_MONTH,         /* those in `days` */
    SCHEDULE_DAYS_OF_WEEK,          /* those in `weekdays` */
    SCHEDULE_LAST_DAY,              /* L */
    SCHEDULE_LAST_MONDAY_TO_FRIDAY, /* LW */
    SCHEDULE_NEAREST_WEEKDAY,       /* nW: `day` is n */
    SCHEDULE_LAST_OF_WEEKDAY,       /* nL: `day` is the weekday */
    SCHEDULE_NTH_OF_WEEKDAY,        /* d#k: `day` is the weekday, `nth` is k */
};

struct schedule {
    enum schedule_type type;
    msec period; /* of a rate */

    /* Of a cron: bit n is set where value n fires. */
    uint64_t minutes;
    uint32_t hours, days, months, weekdays; /* weekdays: 1 = Sunday .. 7 = Saturday */
    uint8_t years[29];                      /* bit n of the whole: 1970 + n */
    enum schedule_day day_rule;
    int day, nth;
};

/* Outcome: SCHEDULE_INVALID. */
MUST_CHECK int schedule_parse(struct str text, struct schedule *ret);

/* The first firing strictly after `after`. Outcome: SCHEDULE_NEVER. */
MUST_CHECK int schedule_next(const struct schedule *s, msec after, msec phase_start, msec *ret);

/* The last firing in (after, until]: what to catch up with after a silence.
 * Outcome: SCHEDULE_NEVER, where there is none. */
MUST_CHECK int schedule_latest(const struct schedule *s, msec after, msec until, msec phase_start,
                               msec *ret);
