/* SPDX-License-Identifier: Apache-2.0 */
/* Ten thousand agents lose their plane at one moment: when do they come back? */
#include "sim.h"

#include "../unit/test.h"

#include "agent/backoff.h"

#define AGENTS  10000
#define SECONDS 4000

/* An open poll breaks at 0; what comes before `up_at` fails, and so does the first
 * call of each agent after it while the plane says "later, in `retry_after`". */
struct outage {
    msec up_at, retry_after;
};

struct return_of_all {
    int arrivals[SECONDS]; /* calls that reached the plane, by second */
    int peak, last;
    msec first_at;
};

static uint32_t any(struct sim *s)
{
    return sim_below(s, UINT32_MAX);
}

static void lose(struct sim *s, uint32_t agent, unsigned failures, msec retry_after)
{
    sim_at(s, s->now + backoff_pause(BACKOFF_FIRST, failures, retry_after, any(s)), 0, agent,
           failures);
}

static void note(struct return_of_all *r, msec at)
{
    int second = (int)(at / MSEC_SECOND);

    assert_in_range(second, 0, SECONDS - 1);
    r->arrivals[second]++;
    if (r->arrivals[second] > r->peak)
        r->peak = r->arrivals[second];
    if (second > r->last)
        r->last = second;
    if (r->first_at == 0 || at < r->first_at)
        r->first_at = at;
}

static struct return_of_all play(const struct outage *o, uint64_t seed)
{
    static bool was_told[AGENTS];
    struct return_of_all r = { 0 };
    struct sim s;
    struct sim_event e;

    memset(was_told, 0, sizeof(was_told));
    sim_init(&s, seed);
    for (uint32_t i = 0; i < AGENTS; i++)
        lose(&s, i, 1, 0);
    while (sim_next(&s, &e)) {
        msec at = e.at - SIM_EPOCH;
        if (at < o->up_at) {
            lose(&s, e.index, (unsigned)e.argument + 1, 0);
        } else if (o->retry_after > 0 && !was_told[e.index]) {
            was_told[e.index] = true;
            lose(&s, e.index, (unsigned)e.argument + 1, o->retry_after);
        } else {
            note(&r, at);
        }
    }
    sim_done(&s);
    return r;
}

static void a_quick_restart_meets_no_herd(void **state)
{
    (void)state;
    const struct outage o = { .up_at = 100 };

    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct return_of_all r = play(&o, seed);
        assert_in_range(r.peak, 0, 1300); /* 10,000 in one second, were it not for the draw */
        assert_in_range(r.last, 0, 10);   /* and all are back soon */
    }
}

static void an_outage_of_any_length_meets_no_herd(void **state)
{
    (void)state;
    static const struct {
        msec seconds;
        int most, last;
    } cases[] = { { 5, 1500, 60 }, { 30, 450, 170 }, { 120, 260, 360 }, { 3600, 260, 3721 } };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct outage o = { .up_at = cases[i].seconds * MSEC_SECOND };
        struct return_of_all r = play(&o, 7);
        assert_in_range(r.peak, 0, cases[i].most);
        assert_in_range(r.last, cases[i].seconds, cases[i].last);
    }
}

static void a_plane_that_asks_for_time_gets_it(void **state)
{
    (void)state;
    const struct outage o = { .up_at = 1, .retry_after = 60 * MSEC_SECOND };
    struct return_of_all r = play(&o, 3);

    assert_true(r.first_at > 61 * MSEC_SECOND);
    assert_in_range(r.peak, 0, 900);
}

static void a_word_of_a_server_is_taken_within_reason(void **state)
{
    (void)state;
    assert_int_equal(backoff_pause(1000, 1, 2000, UINT32_MAX), 3000);
    assert_int_equal(backoff_pause(1000, 1, -1, UINT32_MAX), 1000);
    assert_int_equal(backoff_pause(1000, 1, INT64_MAX, UINT32_MAX), BACKOFF_RETRY_AFTER + 1000);
    assert_int_equal(backoff_pause(1000, 99, 0, UINT32_MAX), 12000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quick_restart_meets_no_herd),
        cmocka_unit_test(an_outage_of_any_length_meets_no_herd),
        cmocka_unit_test(a_plane_that_asks_for_time_gets_it),
        cmocka_unit_test(a_word_of_a_server_is_taken_within_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
