/* SPDX-License-Identifier: Apache-2.0 */
#include "base/retry.h"

#include "../test.h"

static const struct retry minutes = { .first = 1000, .longest = 60000 };

static void the_window_doubles_up_to_its_widest(void **state)
{
    (void)state;
    assert_int_equal(retry_pause(&minutes, 1, 0), 125);
    assert_int_equal(retry_pause(&minutes, 1, UINT32_MAX), 1000);
    assert_int_equal(retry_pause(&minutes, 4, 0), 1000);
    assert_int_equal(retry_pause(&minutes, 4, UINT32_MAX), 8000);
    assert_int_equal(retry_pause(&minutes, 7, UINT32_MAX), 60000);
    assert_int_equal(retry_pause(&minutes, INT64_MAX, UINT32_MAX), 60000);
    assert_int_equal(retry_pause(&minutes, INT64_MAX, 0), 7500);
}

static void what_makes_no_sense_is_a_pause_all_the_same(void **state)
{
    (void)state;
    const struct retry none = { 0 }, wide = { .first = INT64_MAX / 2, .longest = INT64_MAX },
                       turned = { .first = 5000, .longest = 1000 };

    assert_int_equal(retry_pause(&none, 1, UINT32_MAX), 1);
    assert_int_equal(retry_pause(&minutes, 0, UINT32_MAX), 1000);
    assert_int_equal(retry_pause(&minutes, -5, UINT32_MAX), 1000);
    assert_int_equal(retry_pause(&turned, 9, UINT32_MAX), 1000);
    assert_true(retry_pause(&wide, 64, 0) > 0);
}

static void pauses_are_spread_over_the_window(void **state)
{
    (void)state;
    uint32_t random = 1;
    int quarters[4] = { 0 };

    for (int i = 0; i < 10000; i++) {
        random = random * 1664525u + 1013904223u;
        msec pause = retry_pause(&minutes, 1, random);
        assert_in_range(pause, 125, 1000);
        quarters[(pause - 125) * 4 / 876]++;
    }
    for (int i = 0; i < 4; i++)
        assert_in_range(quarters[i], 2300, 2700);
}

static void a_server_says_when(void **state)
{
    (void)state;
    struct str noon = S("Wed, 15 Nov 2023 12:00:00 GMT");

    assert_int_equal(retry_after(S("120"), noon), 120000);
    assert_int_equal(retry_after(S("0"), noon), 0);
    assert_int_equal(retry_after(S("Wed, 15 Nov 2023 12:01:00 GMT"), noon), 60000);
    assert_int_equal(retry_after(S("Wed, 15 Nov 2023 11:59:00 GMT"), noon), 0);
    assert_int_equal(retry_after(S("Wed, 15 Nov 2023 12:01:00 GMT"), S("")), 0);
    assert_int_equal(retry_after(S("-5"), noon), 0);
    assert_int_equal(retry_after(S("99999999999999999999"), noon), 0);
    assert_int_equal(retry_after(S("9223372036854775807"), noon), 0);
    assert_int_equal(retry_after((struct str){ 0 }, noon), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_window_doubles_up_to_its_widest),
        cmocka_unit_test(what_makes_no_sense_is_a_pause_all_the_same),
        cmocka_unit_test(a_server_says_when),
        cmocka_unit_test(pauses_are_spread_over_the_window),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
