/* SPDX-License-Identifier: Apache-2.0 */
#include "base/time.h"

#include "../test.h"

static void every_day_of_four_centuries_survives_the_way_there_and_back(void **state)
{
    (void)state;

    for (int64_t day = time_days_from_civil(1900, 1, 1); day < time_days_from_civil(2301, 1, 1);
         day++) {
        msec t = day * MSEC_DAY + 5025678;
        struct civil c = time_civil(t);
        assert_true(time_from_civil(&c) == t);
        assert_int_equal(c.weekday, (int)(((day + 4) % 7 + 7) % 7));
    }
}

static void text_forms_are_read_and_written(void **state)
{
    (void)state;
    struct arena a = { 0 };
    msec t = 0, u = 0;

    assert_true(time_parse_iso(S("2026-11-23T03:43:45.123Z"), &t));
    assert_str(time_iso_ms(&a, t), "2026-11-23T03:43:45.123Z");
    assert_str(time_iso(&a, t), "2026-11-23T03:43:45Z");
    assert_str(time_amz(&a, t), "20261123T034345Z");
    assert_str(time_http(&a, t), "Mon, 23 Nov 2026 03:43:45 GMT");
    assert_true(time_parse_amz(S("20261123T034345Z"), &u));
    assert_true(u == t - 123);
    assert_true(time_parse_http(S("Mon, 23 Nov 2026 03:43:45 GMT"), &u));
    assert_true(u == t - 123);
    assert_true(time_parse_iso(S("2026-11-23T04:43:45+01:00"), &u));
    assert_true(u == t - 123);
    assert_str(time_duration(&a, 3723500), "PT1H2M3.500S");
    assert_str(time_duration(&a, 0), "PT0S");
    arena_done(&a);
}

static void days_that_are_not_are_refused(void **state)
{
    (void)state;
    msec t;

    assert_false(time_parse_iso(S("2026-02-29T00:00:00Z"), &t));
    assert_true(time_parse_iso(S("2028-02-29"), &t));
    assert_false(time_parse_iso(S("2026-13-01"), &t));
    assert_false(time_parse_iso(S("2026-01-01T24:00:00Z"), &t));
    assert_false(time_parse_iso(S("2026-01-01T00:00:00"), &t));
    assert_false(time_parse_amz(S("20261123T034345"), &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_day_of_four_centuries_survives_the_way_there_and_back),
        cmocka_unit_test(text_forms_are_read_and_written),
        cmocka_unit_test(days_that_are_not_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
