/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/schedule.h"

#include "base/time.h"

#define FIRST_YEAR 1970
#define LAST_YEAR  2199
#define MAX_VALUES (LAST_YEAR - FIRST_YEAR + 1)

/* One field of a cron expression: what it may hold, and what it does hold. */
struct field {
    int min, max, max_step; /* no steps where max_step is 0 */
    bool may_wrap;
    const char *const *names; /* names[0] means `min`; NULL-terminated, or NULL */
    bool set[MAX_VALUES];     /* set[v - min] */
};

static const char *const month_names[] = { "JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL",
                                           "AUG", "SEP", "OCT", "NOV", "DEC", NULL };
static const char *const weekday_names[] = {
    "SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT", NULL
};

static const struct field minute_field = { .max = 59, .max_step = 59, .may_wrap = true };
static const struct field hour_field = { .max = 23, .max_step = 23, .may_wrap = true };
static const struct field day_field = { .min = 1, .max = 31, .max_step = 31 };
static const struct field month_field = {
    .min = 1, .max = 12, .max_step = 12, .may_wrap = true, .names = month_names
};
static const struct field weekday_field = {
    .min = 1, .max = 7, .may_wrap = true, .names = weekday_names
};
static const struct field year_field = { .min = FIRST_YEAR,
                                         .max = LAST_YEAR,
                                         .max_step = LAST_YEAR - FIRST_YEAR };

/* ---- parsing ---- */

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Digits only, at most `max_digits` of them (nine at the very most). */
static bool parse_number(struct str s, size_t max_digits, int *ret)
{
    int64_t n;

    assert(max_digits <= 9);
    if (s.len > max_digits || !str_is_digits(s) || !str_to_int(s, &n))
        return false;
    *ret = (int)n;
    return true;
}

static bool parse_value(const struct field *f, struct str s, int *ret)
{
    int n;

    for (int i = 0; f->names && f->names[i]; i++)
        if (str_ieq(s, str_of(f->names[i]))) {
            *ret = f->min + i;
            return true;
        }
    if (!parse_number(s, f->max > 99 ? 4 : 2, &n) || n < f->min || n > f->max)
        return false;
    *ret = n;
    return true;
}

static void set_range(struct field *f, int from, int to, int step)
{
    int size = f->max - f->min + 1;
    int length = to >= from ? to - from : to - from + size;

    for (int i = 0; i <= length; i += step)
        f->set[(from - f->min + i) % size] = true;
}

/* "*", "a", "a-b", each with or without "/n". */
static bool parse_item(struct field *f, struct str item, bool is_only_item)
{
    struct str range, step_text, first, last;
    int from, to, step = 1;

    bool has_step = str_cut(item, '/', &range, &step_text);
    if (has_step && (!parse_number(step_text, 3, &step) || step < 1 || step > f->max_step))
        return false;

    if (str_eq(range, S("*"))) {
        if (!has_step && !is_only_item)
            return false;
        set_range(f, f->min, f->max, step);
        return true;
    }
    bool is_range = str_cut(range, '-', &first, &last);
    if (!parse_value(f, first, &from))
        return false;
    to = has_step ? f->max : from;
    if (is_range && (!parse_value(f, last, &to) || (to < from && !f->may_wrap)))
        return false;
    set_range(f, from, to, step);
    return true;
}

static bool parse_field(struct field *f, struct str text)
{
    bool is_only_item = str_find(text, ',') < 0;
    struct str rest = text, item;

    while (str_next(&rest, ',', &item))
        if (!parse_item(f, item, is_only_item))
            return false;
    return true;
}

static uint64_t bits_of(const struct field *f)
{
    uint64_t bits = 0;

    assert(f->max < 64);
    for (int v = f->min; v <= f->max; v++)
        bits |= (uint64_t)f->set[v - f->min] << v;
    return bits;
}

static bool parse_bits(const struct field *kind, struct str text, uint64_t *ret)
{
    struct field f = *kind;

    if (!parse_field(&f, text))
        return false;
    *ret = bits_of(&f);
    return true;
}

static bool parse_years(struct schedule *s, struct str text)
{
    struct field f = year_field;

    if (!parse_field(&f, text))
        return false;
    static_assert(sizeof(s->years) * 8 >= MAX_VALUES, "room for every year");
    for (int i = 0; i < MAX_VALUES; i++)
        if (f.set[i])
            s->years[i / 8] = (uint8_t)(s->years[i / 8] | BIT(i % 8));
    return true;
}

static bool ends_with_letter(struct str s, struct str letter)
{
    return s.len > 0 && str_ieq(str_from(s, s.len - 1), letter);
}

static bool parse_day_of_month(struct schedule *s, struct str text)
{
    uint64_t bits;

    if (str_ieq(text, S("L"))) {
        s->day_rule = SCHEDULE_LAST_DAY;
        return true;
    }
    if (str_ieq(text, S("LW"))) {
        s->day_rule = SCHEDULE_LAST_MONDAY_TO_FRIDAY;
        return true;
    }
    if (ends_with_letter(text, S("W"))) {
        s->day_rule = SCHEDULE_NEAREST_WEEKDAY;
        return parse_value(&day_field, str_slice(text, 0, text.len - 1), &s->day);
    }
    s->day_rule = SCHEDULE_DAYS_OF_MONTH;
    if (!parse_bits(&day_field, text, &bits))
        return false;
    s->days = (uint32_t)bits;
    return true;
}

static bool parse_day_of_week(struct schedule *s, struct str text)
{
    struct str day, nth;
    uint64_t bits;

    s->day_rule = SCHEDULE_DAYS_OF_WEEK;
    if (str_ieq(text, S("L"))) { /* the last day of the week */
        s->weekdays = BIT(7);
        return true;
    }
    if (str_cut(text, '#', &day, &nth)) {
        s->day_rule = SCHEDULE_NTH_OF_WEEKDAY;
        return parse_value(&weekday_field, day, &s->day) && parse_number(nth, 1, &s->nth) &&
               s->nth >= 1 && s->nth <= 5;
    }
    if (ends_with_letter(text, S("L"))) {
        s->day_rule = SCHEDULE_LAST_OF_WEEKDAY;
        return parse_value(&weekday_field, str_slice(text, 0, text.len - 1), &s->day);
    }
    if (!parse_bits(&weekday_field, text, &bits))
        return false;
    s->weekdays = (uint32_t)bits;
    return true;
}

/* The guide: "you can't specify the Day-of-month and Day-of-week fields in the
 * same cron expression": one of them is "?", and the other is not. */
static bool parse_days(struct schedule *s, struct str of_month, struct str of_week)
{
    bool month_is_open = str_eq(of_month, S("?"));
    bool week_is_open = str_eq(of_week, S("?"));

    if (month_is_open == week_is_open)
        return false;
    return month_is_open ? parse_day_of_week(s, of_week) : parse_day_of_month(s, of_month);
}

/* Splits at white space; false unless there are exactly `count` words. */
static bool split_words(struct str text, struct str *words, size_t count)
{
    size_t n = 0;

    for (size_t i = 0; i < text.len;) {
        size_t start = i;
        while (i < text.len && !is_space(text.p[i]))
            i++;
        if (i > start) {
            if (n == count)
                return false;
            words[n++] = str_slice(text, start, i - start);
        } else {
            i++;
        }
    }
    return n == count;
}

static bool parse_cron(struct str body, struct schedule *s)
{
    struct str words[6];
    uint64_t hours, months;

    s->type = SCHEDULE_CRON;
    if (!split_words(body, words, ARRAY_LEN(words)))
        return false;
    if (!parse_bits(&minute_field, words[0], &s->minutes) ||
        !parse_bits(&hour_field, words[1], &hours) || !parse_days(s, words[2], words[4]) ||
        !parse_bits(&month_field, words[3], &months) || !parse_years(s, words[5]))
        return false;
    s->hours = (uint32_t)hours;
    s->months = (uint32_t)months;
    return true;
}

static bool parse_rate(struct str body, struct schedule *s)
{
    static const struct {
        struct str one, many;
        msec length;
    } units[] = {
        { S_INIT("minute"), S_INIT("minutes"), MSEC_MINUTE },
        { S_INIT("hour"), S_INIT("hours"), MSEC_HOUR },
        { S_INIT("day"), S_INIT("days"), MSEC_DAY },
    };
    struct str words[2];
    int value;

    s->type = SCHEDULE_RATE;
    if (!split_words(body, words, ARRAY_LEN(words)) || words[0].p[0] == '0' ||
        !parse_number(words[0], 9, &value))
        return false;
    for (size_t i = 0; i < ARRAY_LEN(units); i++)
        if (str_eq(words[1], value == 1 ? units[i].one : units[i].many)) {
            s->period = value * units[i].length;
            return true;
        }
    return false;
}

int schedule_parse(struct str text, struct schedule *ret)
{
    struct schedule s = { 0 };
    bool is_valid = false;

    if (text.len > SCHEDULE_MAX_LENGTH || !str_ends(text, S(")")))
        return SCHEDULE_INVALID;
    struct str body = str_slice(text, 5, text.len - 6);
    if (str_starts(text, S("cron(")))
        is_valid = parse_cron(body, &s);
    else if (str_starts(text, S("rate(")))
        is_valid = parse_rate(body, &s);
    if (!is_valid)
        return SCHEDULE_INVALID;
    *ret = s;
    return 0;
}

/* ---- which days of a month ---- */

struct month {
    int n_days;
    int first; /* the weekday of its first day: 0 = Sunday */
};

static struct month month_of(int year, int month)
{
    int64_t days = time_days_from_civil(year, month, 1);

    /* 1970-01-01 was a Thursday, and no earlier day is asked for. */
    assert(days >= 0);
    return (struct month){ time_days_in_month(year, month), (int)((days + 4) % 7) };
}

static int weekday_of(struct month m, int day)
{
    return (m.first + day - 1) % 7;
}

/* The weekday (Monday to Friday) nearest to `day`, never outside the month;
 * none if the month has no such day. */
static uint32_t nearest_weekday(struct month m, int day)
{
    if (day > m.n_days)
        return 0;
    switch (weekday_of(m, day)) {
    case 6:
        return BIT(day > 1 ? day - 1 : day + 2);
    case 0:
        return BIT(day < m.n_days ? day + 1 : day - 2);
    }
    return BIT(day);
}

static uint32_t days_on_weekdays(struct month m, uint32_t weekdays)
{
    uint32_t days = 0;

    for (int day = 1; day <= m.n_days; day++)
        if (weekdays & BIT(weekday_of(m, day) + 1))
            days |= BIT(day);
    return days;
}

static uint32_t nth_of_weekday(struct month m, int weekday, int nth)
{
    int day = 1 + (weekday - 1 - m.first + 7) % 7 + 7 * (nth - 1);

    return day <= m.n_days ? BIT(day) : 0;
}

static uint32_t last_of_weekday(struct month m, int weekday)
{
    return BIT(m.n_days - (weekday_of(m, m.n_days) - (weekday - 1) + 7) % 7);
}

static uint32_t days_in(const struct schedule *s, struct month m)
{
    switch (s->day_rule) {
    case SCHEDULE_DAYS_OF_MONTH:
        return s->days & (BIT(m.n_days) | (BIT(m.n_days) - 1));
    case SCHEDULE_DAYS_OF_WEEK:
        return days_on_weekdays(m, s->weekdays);
    case SCHEDULE_LAST_DAY:
        return BIT(m.n_days);
    case SCHEDULE_LAST_MONDAY_TO_FRIDAY:
        return nearest_weekday(m, m.n_days);
    case SCHEDULE_NEAREST_WEEKDAY:
        return nearest_weekday(m, s->day);
    case SCHEDULE_LAST_OF_WEEKDAY:
        return last_of_weekday(m, s->day);
    case SCHEDULE_NTH_OF_WEEKDAY:
        return nth_of_weekday(m, s->day, s->nth);
    }
    return 0;
}

/* ---- the next firing ---- */

/* The lowest set bit at or above `from`, or -1. */
static int next_bit(uint64_t bits, int from)
{
    for (int i = from; i < 64; i++)
        if (bits >> i & 1)
            return i;
    return -1;
}

static bool year_is_set(const struct schedule *s, int year)
{
    int i = year - FIRST_YEAR;

    return s->years[i / 8] >> (i % 8) & 1;
}

/* Raise `c` to the first firing at or after it within its day. */
static bool next_in_day(const struct schedule *s, struct civil *c)
{
    int hour = next_bit(s->hours, c->hour);
    if (hour < 0)
        return false;

    int minute = next_bit(s->minutes, hour == c->hour ? c->minute : 0);
    if (minute < 0) {
        hour = next_bit(s->hours, hour + 1);
        minute = next_bit(s->minutes, 0);
    }
    if (hour < 0)
        return false;
    c->hour = hour;
    c->minute = minute;
    return true;
}

static bool next_in_month(const struct schedule *s, struct civil *c)
{
    uint32_t days = days_in(s, month_of(c->year, c->month));

    for (int day = next_bit(days, c->day); day > 0; day = next_bit(days, day + 1)) {
        if (day != c->day)
            c->hour = c->minute = 0;
        c->day = day;
        if (next_in_day(s, c))
            return true;
    }
    return false;
}

static bool next_in_year(const struct schedule *s, struct civil *c)
{
    for (int month = next_bit(s->months, c->month); month > 0;
         month = next_bit(s->months, month + 1)) {
        if (month != c->month) {
            c->day = 1;
            c->hour = c->minute = 0;
        }
        c->month = month;
        if (next_in_month(s, c))
            return true;
    }
    return false;
}

static msec end_of_time(void)
{
    return time_days_from_civil(LAST_YEAR + 1, 1, 1) * MSEC_DAY;
}

static int next_cron(const struct schedule *s, msec after, msec *ret)
{
    /* Before 1970 all instants are alike; this one is just before its start. */
    msec from = after < 0 ? 0 : after - after % MSEC_MINUTE + MSEC_MINUTE;
    struct civil c = time_civil(from);

    for (int year = c.year; year <= LAST_YEAR; year++) {
        if (year != c.year)
            c = (struct civil){ .year = year, .month = 1, .day = 1 };
        if (year_is_set(s, year) && next_in_year(s, &c)) {
            *ret = time_from_civil(&c);
            assert(*ret >= from);
            return 0;
        }
    }
    return SCHEDULE_NEVER;
}

static int next_rate(const struct schedule *s, msec after, msec phase_start, msec *ret)
{
    assert(s->period > 0);
    msec n_whole = after < phase_start ? 0 : (after - phase_start) / s->period;
    msec next = phase_start + (n_whole + 1) * s->period;

    if (next >= end_of_time())
        return SCHEDULE_NEVER;
    *ret = next;
    return 0;
}

int schedule_next(const struct schedule *s, msec after, msec phase_start, msec *ret)
{
    if (after >= end_of_time() || phase_start >= end_of_time())
        return SCHEDULE_NEVER;
    switch (s->type) {
    case SCHEDULE_NONE:
        return SCHEDULE_NEVER;
    case SCHEDULE_RATE:
        return next_rate(s, after, phase_start, ret);
    case SCHEDULE_CRON:
        return next_cron(s, after, ret);
    }
    return SCHEDULE_NEVER;
}

/* True and the firing, if one is in (after, until]. */
static bool fires_within(const struct schedule *s, msec after, msec until, msec phase_start,
                         msec *ret)
{
    msec next;

    if (schedule_next(s, after, phase_start, &next) != 0 || next > until)
        return false;
    *ret = next;
    return true;
}

int schedule_latest(const struct schedule *s, msec after, msec until, msec phase_start, msec *ret)
{
    msec found, low = after, high = until;

    if (after >= until || !fires_within(s, after, until, phase_start, &found))
        return SCHEDULE_NEVER;

    /* Something fires in (low, until] and nothing does in (high, until]. The
     * last firing ends the search as soon as low is the instant before it. */
    while (high - low > 1) {
        msec middle = low + (high - low) / 2;
        if (fires_within(s, middle, until, phase_start, &found))
            low = middle;
        else
            high = middle;
    }
    *ret = found;
    return 0;
}
