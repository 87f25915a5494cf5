/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rate.h"

#include "../test.h"

static bool takes_concurrency(const char *text)
{
    struct rate_limit limit;

    return rate_parse_concurrency(str_of(text), &limit) == 0;
}

static bool takes_errors(const char *text)
{
    struct rate_limit limit;

    return rate_parse_errors(str_of(text), &limit) == 0;
}

static void limits_follow_the_grammar_of_aws(void **state)
{
    (void)state;
    static const char *const both[] = { "1",  "9",  "10",  "50",  "1000", "9999999",
                                        "1%", "9%", "10%", "99%", "100%" };
    static const char *const neither[] = { "",         "%",    "05",   "05%",   "00", "00%",
                                           "10.5%",    "101%", "110%", "1000%", "-1", "+1",
                                           " 1",       "1 ",   "1 %",  "1%%",   "%1", "ten",
                                           "12345678", "0x1",  "100 %" };
    struct rate_limit absent;

    for (size_t i = 0; i < ARRAY_LEN(both); i++)
        if (!takes_concurrency(both[i]) || !takes_errors(both[i]))
            fail_msg("%s is refused", both[i]);
    for (size_t i = 0; i < ARRAY_LEN(neither); i++)
        if (takes_concurrency(neither[i]) || takes_errors(neither[i]))
            fail_msg("%s is taken", neither[i]);
    assert_false(takes_concurrency("0"));
    assert_false(takes_concurrency("0%"));
    assert_true(takes_errors("0"));
    assert_true(takes_errors("0%"));
    assert_int_equal(rate_parse_errors((struct str){ 0 }, &absent), RATE_INVALID);
}

static void percentages_are_rounded_down(void **state)
{
    (void)state;
    static const struct {
        uint32_t n, percent, concurrency, errors;
    } vectors[] = {
        { 1, 10, 1, 0 },  { 9, 10, 1, 0 },
        { 10, 10, 1, 1 }, { 19, 10, 1, 1 },
        { 25, 10, 2, 2 }, { 50, 10, 5, 5 },
        { 3, 50, 1, 1 },  { 7, 33, 2, 2 },
        { 20, 20, 4, 4 }, { 15, 1, 1, 0 },
        { 0, 100, 1, 0 }, { 7, 100, 7, 7 },
        { 7, 0, 1, 0 },   { 4294967295u, 100, 4294967295u, 4294967295u },
    };

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        struct rate_limit limit = { vectors[i].percent, true };
        assert_int_equal(rate_concurrency(limit, vectors[i].n), vectors[i].concurrency);
        assert_int_equal(rate_errors(limit, vectors[i].n), vectors[i].errors);
    }
    assert_int_equal(rate_concurrency((struct rate_limit){ 3, false }, 100), 3);
    assert_int_equal(rate_errors((struct rate_limit){ 0, false }, 100), 0);
}

static void expect(struct rate *r, msec now, uint32_t first, uint32_t count)
{
    struct rate_start start = rate_next(r, now);

    assert_int_equal(start.count, count);
    if (count > 0)
        assert_int_equal(start.first, first);
}

static void end(struct rate *r, bool is_error)
{
    rate_acknowledge(r);
    rate_end(r, is_error);
}

static void keeps_as_many_running_as_allowed(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 5, .max_concurrency = 2 };

    expect(&r, 0, 0, 2);
    expect(&r, 0, 0, 0);
    end(&r, false);
    expect(&r, 1, 2, 1);
    end(&r, false);
    end(&r, false);
    expect(&r, 2, 3, 2);
    assert_false(rate_is_over(&r));
    assert_true(rate_is_closed(&r));
    end(&r, false);
    end(&r, false);
    expect(&r, 3, 0, 0);
    assert_true(rate_is_over(&r));
}

static void three_errors_allowed_stop_on_the_fourth(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 100, .max_concurrency = 1, .max_errors = 3 };

    for (uint32_t i = 0; i < 4; i++) {
        expect(&r, 0, i, 1);
        assert_false(rate_is_exceeded(&r));
        end(&r, true);
    }
    assert_true(rate_is_exceeded(&r));
    expect(&r, 0, 0, 0);
    assert_true(rate_is_over(&r));
    assert_int_equal(r.n_started, 4);
}

static void what_is_in_flight_finishes_and_may_fail_too(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 10, .max_concurrency = 3 };

    expect(&r, 0, 0, 3);
    end(&r, true);
    expect(&r, 0, 0, 0);
    assert_false(rate_is_over(&r));
    end(&r, true);
    end(&r, true);
    expect(&r, 0, 0, 0);
    assert_true(rate_is_over(&r));
    assert_int_equal(r.n_errors, 3);
    assert_int_equal(r.n_started, 3);
}

static void nothing_starts_after_a_stop(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 10, .max_concurrency = 3 };

    expect(&r, 0, 0, 3);
    rate_stop(&r);
    end(&r, false);
    expect(&r, 0, 0, 0);
    end(&r, false);
    end(&r, false);
    assert_true(rate_is_over(&r));
}

static void no_target_is_nothing_to_do(void **state)
{
    (void)state;
    struct rate r = { .max_concurrency = 50 };

    expect(&r, 0, 0, 0);
    assert_true(rate_is_over(&r));
}

static void a_ramp_doubles_until_the_limit(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 40, .max_concurrency = 10, .ramps = true };

    expect(&r, 0, 0, 1);
    expect(&r, 0, 0, 0);
    end(&r, false);
    expect(&r, 1, 1, 2);
    end(&r, false);
    expect(&r, 2, 0, 0); /* one of the two is still awaited */
    end(&r, false);
    expect(&r, 3, 3, 4);
    for (int i = 0; i < 4; i++)
        end(&r, false);
    expect(&r, 4, 7, 8);
    for (int i = 0; i < 8; i++)
        end(&r, false);
    expect(&r, 5, 15, 10); /* 16, were it not for the limit: the ramp is over */
    end(&r, false);
    expect(&r, 6, 25, 1);
}

static void a_ramp_goes_on_when_targets_have_only_begun(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 40, .max_concurrency = 10, .ramps = true };

    expect(&r, 0, 0, 1);
    rate_acknowledge(&r);
    expect(&r, 1, 1, 2);
    rate_acknowledge(&r);
    rate_acknowledge(&r);
    expect(&r, 2, 3, 4);
    for (int i = 0; i < 4; i++)
        rate_acknowledge(&r);
    expect(&r, 3, 7, 3); /* seven of the ten are running */
    rate_end(&r, false);
    expect(&r, 4, 10, 1);
}

static void a_patient_ramp_does_not_wait_for_ever(void **state)
{
    (void)state;
    struct rate r = { .n_targets = 40, .max_concurrency = 10, .ramps = true, .patience = 100 };

    struct rate_start start = rate_next(&r, 1000);
    assert_int_equal(start.count, 1);
    assert_int_equal(start.ask_again_at, 1100);
    start = rate_next(&r, 1099);
    assert_int_equal(start.count, 0);
    assert_int_equal(start.ask_again_at, 1100);
    start = rate_next(&r, 1100);
    assert_int_equal(start.first, 1);
    assert_int_equal(start.count, 2);
    assert_int_equal(start.ask_again_at, 1200);
}

/* Any plan, any order of events: never too many at once, never one started
 * after the threshold, all started in order, and it ends. */
static void holds_in_any_world(void **state)
{
    (void)state;
    uint64_t random = 1;

    for (int world = 0; world < 20000; world++) {
        uint32_t dice[8];
        for (size_t i = 0; i < ARRAY_LEN(dice); i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            dice[i] = (uint32_t)(random >> 33);
        }
        struct rate r = { .n_targets = dice[0] % 60,
                          .max_concurrency = 1 + dice[1] % 20,
                          .max_errors = dice[2] % 10,
                          .ramps = dice[3] % 2,
                          .patience = dice[4] % 3 * 10 };
        uint32_t next = 0;
        bool was_exceeded = false;

        for (msec now = 0; !rate_is_over(&r); now++) {
            struct rate_start start = rate_next(&r, now);
            assert_true(start.count == 0 || start.first == next);
            assert_false(was_exceeded && start.count > 0);
            next += start.count;

            random = random * 6364136223846793005u + 1442695040888963407u;
            uint32_t n = (uint32_t)(random >> 33);
            if (n % 3 && r.n_acknowledged < r.n_started)
                rate_acknowledge(&r);
            if (n / 3 % 2 && r.n_ended < r.n_acknowledged)
                rate_end(&r, n / 6 % 100 < dice[5] % 100);
            if (dice[6] % 10 == 0 && n / 600 % 50 == 0)
                rate_stop(&r);
            was_exceeded = r.n_errors > r.max_errors;
            assert_in_range(now, 0, 10000);
        }
        assert_true(r.is_stopped || r.n_errors > r.max_errors || r.n_ended == r.n_targets);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(limits_follow_the_grammar_of_aws),
        cmocka_unit_test(percentages_are_rounded_down),
        cmocka_unit_test(keeps_as_many_running_as_allowed),
        cmocka_unit_test(three_errors_allowed_stop_on_the_fourth),
        cmocka_unit_test(what_is_in_flight_finishes_and_may_fail_too),
        cmocka_unit_test(nothing_starts_after_a_stop),
        cmocka_unit_test(no_target_is_nothing_to_do),
        cmocka_unit_test(a_ramp_doubles_until_the_limit),
        cmocka_unit_test(a_ramp_goes_on_when_targets_have_only_begun),
        cmocka_unit_test(a_patient_ramp_does_not_wait_for_ever),
        cmocka_unit_test(holds_in_any_world),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
