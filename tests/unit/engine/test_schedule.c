/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/schedule.h"

#include <stdio.h>

#include "base/time.h"

#include "../test.h"

/* 2024-02-27T22:14:30Z, a Tuesday: the reference instant of the vectors. */
#define REFERENCE "2024-02-27T22:14:30Z"

static msec at(const char *iso)
{
    msec t;

    assert_true(time_parse_iso(str_of(iso), &t));
    return t;
}

static struct schedule parsed(const char *text)
{
    struct schedule s;

    if (schedule_parse(str_of(text), &s) != 0)
        fail_msg("%s is refused", text);
    return s;
}

static const char *const valid[] = {
    "cron(0 10 * * ? *)",
    "cron(15 10 ? * 6L 2019-2022)",
    "cron(0 8 1 * ? *)",
    "cron(0 0/4 * * ? *)",
    "cron(15 12 * * ? *)",
    "cron(0 18 ? * MON-FRI *)",
    "cron(0/15 * * * ? *)",
    "cron(0/10 * ? * MON-FRI *)",
    "cron(0/5 8-17 ? * MON-FRI *)",
    "cron(0/30 20-2 ? * MON-FRI *)",
    "cron(15 22 ? * TUE *)",
    "cron(0 2 31 2 ? *)",
    "cron(0\t10\t*  *\t? *)",
    "cron( 0 10 * * ? * )",
    "cron(00 08 01 01 ? 2024)",
    "cron(0 0 ? jan-Mar mon,WED,7 *)",
    "cron(0 0 l * ? *)",
    "cron(0 0 lw * ? *)",
    "cron(0 0 3w * ? *)",
    "cron(0 0 ? * FRIL *)",
    "cron(0 0 ? * fri#5 *)",
    "cron(0,59 0,23 1,31 1,12 ? 1970,2199)",
    "cron(*/59 */23 */31 */12 ? */229)",
    "cron(5-50/5 * ? * * *)",
    "cron(50-10/5 * ? * FRI-MON *)",
    "rate(1 minute)",
    "rate(5 minutes)",
    "rate(1 hour)",
    "rate(12 hours)",
    "rate(1 day)",
    "rate(7 days)",
    "rate(999999999 days)",
};

static void takes_what_the_guide_takes(void **state)
{
    (void)state;
    struct schedule s;

    for (size_t i = 0; i < ARRAY_LEN(valid); i++)
        if (schedule_parse(str_of(valid[i]), &s) != 0)
            fail_msg("%s is refused", valid[i]);
}

static const char *const invalid[] = {
    "",
    "cron",
    "cron(",
    "cron()",
    ")",
    "rate()",
    "0 10 * * ? *",
    "cron(0 10 * * ? *",
    "cron 0 10 * * ? *)",
    " cron(0 10 * * ? *)",
    "cron(0 10 * * ? *) ",
    "CRON(0 10 * * ? *)",
    "at(2024-01-01T00:00:00)",
    /* the ?-rule */
    "cron(0 12 * * * *)",
    "cron(0 12 ? * ? *)",
    "cron(0 12 1 * MON *)",
    "cron(0 12 * * MON *)",
    "cron(0 12 1 * * *)",
    "cron(? 12 1 * ? *)",
    "cron(0 12 1 ? ? *)",
    "cron(0 12 ?,1 * ? *)",
    /* a field too few, a field too many */
    "cron(15 * * * ?)",
    "cron(15 10 * * ? * *)",
    /* out of range */
    "cron(60 * * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 0 0 * ? *)",
    "cron(0 0 32 * ? *)",
    "cron(0 0 1 0 ? *)",
    "cron(0 0 1 13 ? *)",
    "cron(15 12 ? * 0 *)",
    "cron(15 12 ? * -1 *)",
    "cron(15 12 ? * 8 *)",
    "cron(0 0 1 1 ? 1969)",
    "cron(0 0 1 1 ? 2200)",
    "cron(0 0 1 1 ? 02024)",
    "cron(000 0 1 1 ? *)",
    "cron(0 0 ? * 3#6 *)",
    "cron(0 0 ? * 3#0 *)",
    "cron(0 0 ? * 8#1 *)",
    "cron(0 0 0W * ? *)",
    "cron(0 0 32W * ? *)",
    /* steps */
    "cron(*/60 * * * ? *)",
    "cron(0/60 * * * ? *)",
    "cron(0/0 * * * ? *)",
    "cron(/5 * * * ? *)",
    "cron(0/ * * * ? *)",
    "cron(0/5/5 * * * ? *)",
    "cron(0 0/24 * * ? *)",
    "cron(0 0 1/32 * ? *)",
    "cron(0 0 1 1/13 ? *)",
    "cron(0 0 ? * 2/2 *)",
    "cron(0 0 1 1 ? 1970/230)",
    "cron(0 0 1 1 ? 1970/999999999999)",
    /* lists, ranges, letters that stand where they may not */
    "cron(0/5, 9-18, ?, *, MON-FRI, *)",
    "cron(0, 10 * * ? *)",
    "cron(,0 10 * * ? *)",
    "cron(1,,2 10 * * ? *)",
    "cron(*,1 10 * * ? *)",
    "cron(1- 10 * * ? *)",
    "cron(-1 10 * * ? *)",
    "cron(1-2-3 10 * * ? *)",
    "cron(+1 10 * * ? *)",
    "cron(0 0 28-3 * ? *)",
    "cron(0 0 1 1 ? 2025-2024)",
    "cron(0 0 ? * 3#1,6#3 *)",
    "cron(0 0 ? * 3L,6L *)",
    "cron(0 0 ? * L,2 *)",
    "cron(0 0 1,L * ? *)",
    "cron(0 0 L-3 * ? *)",
    "cron(0 0 1-5W * ? *)",
    "cron(0 0 1,5W * ? *)",
    "cron(0 0 W * ? *)",
    "cron(0 0 WL * ? *)",
    "cron(0 0 ? * 5W *)",
    "cron(0 0 3#1 * ? *)",
    "cron(L 0 1 * ? *)",
    "cron(0 0 1 * ? L)",
    "cron(0 0 ? * MONDAY *)",
    "cron(0 0 ? * JAN *)",
    "cron(0 0 1 MON ? *)",
    "cron(0 0 1 * ? *))",
    "cron(0 0 1 * ? *\xc2\xa0)",
    /* rates */
    "rate(1 hours)",
    "rate(5 hour)",
    "rate(0 minutes)",
    "rate(5 seconds)",
    "rate(1 second)",
    "rate(1.5 hours)",
    "rate(-5 minutes)",
    "rate(+5 minutes)",
    "rate(05 minutes)",
    "rate(5minutes)",
    "rate(5 Minutes)",
    "rate(5 minutes 1)",
    "rate(minutes)",
    "rate(5)",
    "rate(1 week)",
    "rate(1000000000 days)",
    "rate(99999999999999999999 minutes)",
};

static void refuses_what_is_no_schedule(void **state)
{
    (void)state;
    struct schedule s = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(invalid); i++)
        if (schedule_parse(str_of(invalid[i]), &s) != SCHEDULE_INVALID)
            fail_msg("%s is taken", invalid[i]);
    assert_int_equal(s.type, SCHEDULE_NONE);
}

static void refuses_more_than_256_characters(void **state)
{
    (void)state;
    char text[300] = "cron(0 10 * * ? *";
    struct schedule s;

    memset(text + strlen(text), ' ', sizeof(text) - strlen(text));
    text[255] = ')';
    assert_int_equal(schedule_parse((struct str){ text, 256 }, &s), 0);
    text[255] = ' ';
    text[256] = ')';
    assert_int_equal(schedule_parse((struct str){ text, 257 }, &s), SCHEDULE_INVALID);
}

static void refuses_bytes_of_any_kind_after_a_nul(void **state)
{
    (void)state;
    struct schedule s;

    assert_int_equal(schedule_parse(S("cron(0 10 * * ? *\0)"), &s), SCHEDULE_INVALID);
    assert_int_equal(schedule_parse((struct str){ 0 }, &s), SCHEDULE_INVALID);
}

struct vector {
    const char *expression, *after;
    const char *next[6];
};

static const struct vector vectors[] = {
    { "cron(15 22 ? * TUE *)",
      REFERENCE,
      { "2024-02-27T22:15:00Z", "2024-03-05T22:15:00Z", "2024-03-12T22:15:00Z" } },
    { "cron(15 10 ? * 6L 2019-2026)",
      REFERENCE,
      { "2024-03-29T10:15:00Z", "2024-04-26T10:15:00Z", "2024-05-31T10:15:00Z" } },
    { "cron(0 9 ? * 3#2 *)",
      REFERENCE,
      { "2024-03-12T09:00:00Z", "2024-04-09T09:00:00Z", "2024-05-14T09:00:00Z" } },
    { "cron(0 0 ? * 2#5 *)",
      REFERENCE,
      { "2024-04-29T00:00:00Z", "2024-07-29T00:00:00Z", "2024-09-30T00:00:00Z" } },
    { "cron(0 0 L * ? *)",
      REFERENCE,
      { "2024-02-29T00:00:00Z", "2024-03-31T00:00:00Z", "2024-04-30T00:00:00Z" } },
    { "cron(0 6 1W * ? *)", "2024-05-15T00:00:00Z", { "2024-06-03T06:00:00Z" } },
    { "cron(0 6 31W * ? *)",
      REFERENCE,
      { "2024-03-29T06:00:00Z", "2024-05-31T06:00:00Z", "2024-07-31T06:00:00Z" } },
    { "cron(0 6 LW * ? *)",
      REFERENCE,
      { "2024-02-29T06:00:00Z", "2024-03-29T06:00:00Z", "2024-04-30T06:00:00Z" } },
    { "cron(0/30 20-2 ? * MON-FRI *)",
      "2024-03-01T22:59:00Z",
      { "2024-03-01T23:00:00Z", "2024-03-01T23:30:00Z", "2024-03-04T00:00:00Z",
        "2024-03-04T00:30:00Z", "2024-03-04T01:00:00Z", "2024-03-04T01:30:00Z" } },
    { "cron(1/10 * * * ? *)",
      REFERENCE,
      { "2024-02-27T22:21:00Z", "2024-02-27T22:31:00Z", "2024-02-27T22:41:00Z" } },
    { "cron(0 0 29 2 ? *)",
      REFERENCE,
      { "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z" } },
    { "cron(0 12 ? NOV-FEB SUN 2024-2025)",
      REFERENCE,
      { "2024-11-03T12:00:00Z", "2024-11-10T12:00:00Z", "2024-11-17T12:00:00Z" } },
    { "cron(0 0 ? * L *)",
      REFERENCE,
      { "2024-03-02T00:00:00Z", "2024-03-09T00:00:00Z", "2024-03-16T00:00:00Z" } },
    { "cron(45 23 28-31 * ? *)",
      REFERENCE,
      { "2024-02-28T23:45:00Z", "2024-02-29T23:45:00Z", "2024-03-28T23:45:00Z" } },
    /* The wrap counts its step on: 20, 23, 2. */
    { "cron(0 20-2/3 * * ? *)",
      REFERENCE,
      { "2024-02-27T23:00:00Z", "2024-02-28T02:00:00Z", "2024-02-28T20:00:00Z" } },
    { "cron(58-1 5 28 2 ? *)",
      REFERENCE,
      { "2024-02-28T05:00:00Z", "2024-02-28T05:01:00Z", "2024-02-28T05:58:00Z",
        "2024-02-28T05:59:00Z", "2025-02-28T05:00:00Z" } },
    /* The last day of the year, and the turn of it. */
    { "cron(59 23 31 12 ? *)", REFERENCE, { "2024-12-31T23:59:00Z", "2025-12-31T23:59:00Z" } },
    { "cron(0 0 1 1 ? *)",
      "2024-12-31T23:59:59.999Z",
      { "2025-01-01T00:00:00Z", "2026-01-01T00:00:00Z" } },
    { "cron(0 0 1 1 ? 2199)", REFERENCE, { "2199-01-01T00:00:00Z" } },
};

static void fires_when_the_vectors_say(void **state)
{
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct vector *v = &vectors[i];
        struct schedule s = parsed(v->expression);
        msec t = at(v->after);

        for (size_t n = 0; n < ARRAY_LEN(v->next) && v->next[n]; n++) {
            assert_int_equal(schedule_next(&s, t, 0, &t), 0);
            if (t != at(v->next[n]))
                fail_msg("%s: firing %zu is %lld s off", v->expression, n + 1,
                         (long long)((t - at(v->next[n])) / 1000));
        }
    }
}

static void a_day_that_never_comes_never_fires(void **state)
{
    (void)state;
    static const char *const never[] = {
        "cron(0 2 31 2 ? *)",
        "cron(0 0 30 FEB ? *)",
        "cron(0 0 31W 4 ? *)",
        "cron(0 0 1 1 ? 2023)",
        "cron(0 0 29 2 ? 2025,2026,2027,2100)",
    };
    msec t = 42;

    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        struct schedule s = parsed(never[i]);
        assert_int_equal(schedule_next(&s, at(REFERENCE), 0, &t), SCHEDULE_NEVER);
    }
    assert_int_equal(t, 42);
    struct schedule none = { 0 };
    assert_int_equal(schedule_next(&none, 0, 0, &t), SCHEDULE_NEVER);
}

static void fires_strictly_after_and_at_the_whole_minute(void **state)
{
    (void)state;
    struct schedule s = parsed("cron(* * * * ? *)");
    msec minute = at("2024-02-27T22:15:00Z"), t;

    assert_int_equal(schedule_next(&s, minute - 1, 0, &t), 0);
    assert_int_equal(t, minute);
    assert_int_equal(schedule_next(&s, minute, 0, &t), 0);
    assert_int_equal(t, minute + MSEC_MINUTE);
    assert_int_equal(schedule_next(&s, minute + MSEC_MINUTE - 1, 0, &t), 0);
    assert_int_equal(t, minute + MSEC_MINUTE);
}

static void time_begins_in_1970_and_ends_in_2199(void **state)
{
    (void)state;
    struct schedule s = parsed("cron(* * * * ? *)");
    msec last = at("2199-12-31T23:59:00Z"), t;

    assert_int_equal(schedule_next(&s, -5 * MSEC_DAY, 0, &t), 0);
    assert_int_equal(t, 0);
    assert_int_equal(schedule_next(&s, -1, 0, &t), 0);
    assert_int_equal(t, 0);
    assert_int_equal(schedule_next(&s, last - 1, 0, &t), 0);
    assert_int_equal(t, last);
    assert_int_equal(schedule_next(&s, last, 0, &t), SCHEDULE_NEVER);
    assert_int_equal(schedule_next(&s, INT64_MAX, 0, &t), SCHEDULE_NEVER);

    s = parsed("rate(999999999 days)");
    assert_int_equal(schedule_next(&s, 0, 0, &t), SCHEDULE_NEVER);
    assert_int_equal(schedule_next(&s, 0, INT64_MAX, &t), SCHEDULE_NEVER);
}

static void a_rate_keeps_its_phase(void **state)
{
    (void)state;
    struct schedule s = parsed("rate(5 minutes)");
    msec start = at("2024-02-27T22:14:30.250Z"), t;

    assert_int_equal(schedule_next(&s, start, start, &t), 0);
    assert_int_equal(t, start + 5 * MSEC_MINUTE);
    assert_int_equal(schedule_next(&s, start - MSEC_DAY, start, &t), 0);
    assert_int_equal(t, start + 5 * MSEC_MINUTE);
    assert_int_equal(schedule_next(&s, start + 5 * MSEC_MINUTE - 1, start, &t), 0);
    assert_int_equal(t, start + 5 * MSEC_MINUTE);
    assert_int_equal(schedule_next(&s, start + 5 * MSEC_MINUTE, start, &t), 0);
    assert_int_equal(t, start + 10 * MSEC_MINUTE);
    assert_int_equal(schedule_next(&s, start + 1000 * MSEC_DAY + 1, start, &t), 0);
    assert_int_equal(t, start + 1000 * MSEC_DAY + 5 * MSEC_MINUTE);
}

static void the_latest_firing_of_a_silence_is_found(void **state)
{
    (void)state;
    struct schedule cron = parsed("cron(15 22 ? * TUE *)"), rate = parsed("rate(2 hours)");
    msec start = at(REFERENCE), t = 7;

    assert_int_equal(schedule_latest(&cron, start, start + 400 * MSEC_DAY, 0, &t), 0);
    assert_int_equal(t, at("2025-04-01T22:15:00Z"));
    assert_int_equal(schedule_latest(&cron, start, at("2024-03-05T22:15:00Z"), 0, &t), 0);
    assert_int_equal(t, at("2024-03-05T22:15:00Z"));
    assert_int_equal(schedule_latest(&cron, start, at("2024-03-05T22:15:00Z") - 1, 0, &t), 0);
    assert_int_equal(t, at("2024-02-27T22:15:00Z"));
    assert_int_equal(schedule_latest(&cron, t, t + MSEC_DAY, 0, &t), SCHEDULE_NEVER);
    assert_int_equal(schedule_latest(&cron, t, t, 0, &t), SCHEDULE_NEVER);
    assert_int_equal(schedule_latest(&rate, start, start + MSEC_DAY + 5, start, &t), 0);
    assert_int_equal(t, start + MSEC_DAY);
}

/* ---- against a brute-force oracle ---- */

/* An expression made at random, and what it means, kept apart from the parser:
 * plain tables that a minute is looked up in. */
struct guess {
    char text[SCHEDULE_MAX_LENGTH];
    bool minute[60], hour[24], month[13], year[2200], day[32], weekday[8];
    char rule; /* d, w, or L, l (LW), W, n (nL), # */
    int n, k;
};

static uint64_t random_state;

static int below(int n)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int)((random_state >> 33) % (uint64_t)n);
}

PRINTF(2, 3) static void add(char *text, const char *fmt, ...)
{
    va_list args;
    size_t len = strlen(text);

    va_start(args, fmt);
    vsnprintf(text + len, SCHEDULE_MAX_LENGTH - len, fmt, args);
    va_end(args);
}

static void make_item(char *text, bool *set, int min, int max, bool may_wrap, bool may_step)
{
    int a = min + below(max - min + 1), b = min + below(max - min + 1);
    int step = 1 + below(may_step && max - min < 100 ? (max < 24 ? max : 23) : 1);
    bool stepping = may_step && below(2);

    if (a > b && !may_wrap) {
        int swap = a;
        a = b;
        b = swap;
    }
    switch (below(stepping ? 2 : 3)) {
    case 0: /* a-b, a-b/n */
        add(text, stepping ? "%d-%d/%d" : "%d-%d", a, b, step);
        for (int v = a, i = 0;; v = v == max ? min : v + 1, i++) {
            if (!stepping || i % step == 0)
                set[v] = true;
            if (v == b)
                break;
        }
        break;
    case 1: /* a, a/n */
        add(text, stepping ? "%d/%d" : "%d", a, step);
        set[a] = true;
        for (int v = a; stepping && v <= max; v += step)
            set[v] = true;
        break;
    case 2:
        add(text, "%02d", b);
        set[b] = true;
        break;
    }
}

static void make_field(char *text, bool *set, int min, int max, bool may_wrap, bool may_step)
{
    if (below(4) == 0) {
        add(text, "*");
        for (int v = min; v <= max; v++)
            set[v] = true;
        return;
    }
    int n_items = 1 + below(3);
    for (int i = 0; i < n_items; i++) {
        add(text, i ? "," : "");
        make_item(text, set, min, max, may_wrap, may_step);
    }
}

static void make_days(struct guess *g, char *of_month, char *of_week)
{
    static const char rules[] = "dwdwLlWn#";

    g->rule = rules[below(9)];
    strcpy(of_month, "?");
    strcpy(of_week, "?");
    g->k = 1 + below(5);
    g->n = 1 + below(g->rule == 'W' ? 31 : 7);
    switch (g->rule) {
    case 'd':
        *of_month = 0;
        make_field(of_month, g->day, 1, 31, false, true);
        break;
    case 'w':
        *of_week = 0;
        make_field(of_week, g->weekday, 1, 7, true, false);
        break;
    case 'L':
        strcpy(of_month, "L");
        break;
    case 'l':
        strcpy(of_month, "LW");
        break;
    case 'W':
        snprintf(of_month, 8, "%dW", g->n);
        break;
    case 'n':
        snprintf(of_week, 8, "%dL", g->n);
        break;
    case '#':
        snprintf(of_week, 8, "%d#%d", g->n, g->k);
        break;
    }
}

static void make_guess(struct guess *g)
{
    char of_month[SCHEDULE_MAX_LENGTH], of_week[SCHEDULE_MAX_LENGTH];

    memset(g, 0, sizeof(*g));
    make_days(g, of_month, of_week);
    add(g->text, "cron(");
    make_field(g->text, g->minute, 0, 59, true, true);
    add(g->text, " ");
    make_field(g->text, g->hour, 0, 23, true, true);
    add(g->text, " %s ", of_month);
    make_field(g->text, g->month, 1, 12, true, true);
    add(g->text, " %s ", of_week);
    if (below(2)) {
        add(g->text, "2024-2026)");
        g->year[2024] = g->year[2025] = g->year[2026] = true;
    } else {
        add(g->text, "2020/2)");
        for (int year = 2020; year < 2200; year += 2)
            g->year[year] = true;
    }
}

/* Day `n` moved to a weekday by the rule of W, in a month where `c` is a day. */
static int moved(const struct civil *c, int n, int n_days)
{
    int weekday = ((c->weekday + n - c->day) % 7 + 7) % 7;

    if (n > n_days)
        return 0;
    if (weekday == 6)
        return n == 1 ? 3 : n - 1;
    if (weekday == 0)
        return n == n_days ? n - 2 : n + 1;
    return n;
}

static bool day_matches(const struct guess *g, const struct civil *c)
{
    int n_days =
        c->month == 2 ? (c->year % 4 == 0 ? 29 : 28) : 30 + ((c->month + (c->month > 7)) & 1);

    if (!g->year[c->year] || !g->month[c->month])
        return false;
    switch (g->rule) {
    case 'd':
        return g->day[c->day];
    case 'w':
        return g->weekday[c->weekday + 1];
    case 'L':
        return c->day == n_days;
    case 'l':
        return c->day == moved(c, n_days, n_days);
    case 'W':
        return c->day == moved(c, g->n, n_days);
    case 'n':
        return c->weekday + 1 == g->n && c->day + 7 > n_days;
    default:
        return c->weekday + 1 == g->n && (c->day - 1) / 7 + 1 == g->k;
    }
}

/* The first minute of [from, until) that the tables hold, looking at each. */
static bool search(const struct guess *g, msec from, msec until, msec *ret)
{
    for (msec t = from; t < until;) {
        struct civil c = time_civil(t);

        if (!day_matches(g, &c)) {
            t = t - t % MSEC_DAY + MSEC_DAY;
            continue;
        }
        if (g->hour[c.hour] && g->minute[c.minute]) {
            *ret = t;
            return true;
        }
        t += MSEC_MINUTE;
    }
    return false;
}

static void agrees_with_looking_at_every_minute(void **state)
{
    (void)state;
    struct guess g;

    random_state = 1;
    for (int round = 0; round < 3000; round++) {
        make_guess(&g);
        struct schedule s = parsed(g.text);
        msec t = at("2024-01-01T00:00:00Z") + below(700 * 1440) * MSEC_MINUTE + below(60000);
        msec horizon = t + 430 * MSEC_DAY;

        for (int n = 0; n < 12; n++) {
            msec expected = 0, got = 0;
            bool exists = search(&g, t - t % MSEC_MINUTE + MSEC_MINUTE, horizon, &expected);
            bool found = schedule_next(&s, t, 0, &got) == 0 && got < horizon;

            if (exists != found || expected != (found ? got : 0))
                fail_msg("%s after %lld: %lld, not %lld", g.text, (long long)t, (long long)got,
                         (long long)expected);
            if (!exists)
                break;
            t = got + below(3) * MSEC_HOUR * below(30);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_what_the_guide_takes),
        cmocka_unit_test(refuses_what_is_no_schedule),
        cmocka_unit_test(refuses_more_than_256_characters),
        cmocka_unit_test(refuses_bytes_of_any_kind_after_a_nul),
        cmocka_unit_test(fires_when_the_vectors_say),
        cmocka_unit_test(a_day_that_never_comes_never_fires),
        cmocka_unit_test(fires_strictly_after_and_at_the_whole_minute),
        cmocka_unit_test(time_begins_in_1970_and_ends_in_2199),
        cmocka_unit_test(a_rate_keeps_its_phase),
        cmocka_unit_test(the_latest_firing_of_a_silence_is_found),
        cmocka_unit_test(agrees_with_looking_at_every_minute),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
