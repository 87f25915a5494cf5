/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/skew.h"

#include "../test.h"

#define NOON ((msec)1700049600000) /* Wed, 15 Nov 2023 12:00:00 GMT */

static void the_difference_is_learnt_from_a_date(void **state)
{
    (void)state;
    msec skew = 0;

    assert_false(skew_learn(S("Wed, 15 Nov 2023 12:01:30 GMT"), NOON, &skew));
    assert_int_equal(skew, 0);
    assert_true(skew_learn(S("Wed, 15 Nov 2023 15:00:00 GMT"), NOON, &skew));
    assert_int_equal(skew, 3 * MSEC_HOUR);
    assert_false(skew_learn(S("Wed, 15 Nov 2023 15:00:59 GMT"), NOON, &skew));
    assert_int_equal(skew, 3 * MSEC_HOUR + 59 * MSEC_SECOND);
    assert_true(skew_learn(S("Tue, 14 Nov 2023 12:00:00 GMT"), NOON, &skew));
    assert_int_equal(skew, -MSEC_DAY);
    assert_true(skew_learn(S("Wed, 15 Nov 2023 12:00:01 GMT"), NOON, &skew)); /* it was mended */
    assert_int_equal(skew, 0);
}

static void what_is_no_date_teaches_nothing(void **state)
{
    (void)state;
    msec skew = 5 * MSEC_MINUTE;

    assert_false(skew_learn(S(""), NOON, &skew));
    assert_false(skew_learn((struct str){ 0 }, NOON, &skew));
    assert_false(skew_learn(S("yesterday"), NOON, &skew));
    assert_int_equal(skew, 5 * MSEC_MINUTE);
}

static void the_next_process_of_the_boot_knows(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const msec up = MSEC_HOUR, skew = -5 * MSEC_HOUR;
    const struct str boot = S("b007"), kept = skew_keep(&a, boot, NOON, up, skew);

    assert_int_equal(skew_recall(kept, boot, NOON, up), skew);
    assert_int_equal(skew_recall(kept, boot, NOON + MSEC_HOUR, up + MSEC_HOUR), skew);
    /* The clock was set since: right, or wrong by another hour. */
    assert_int_equal(skew_recall(kept, boot, NOON + skew + MSEC_HOUR, up + MSEC_HOUR), 0);
    assert_int_equal(skew_recall(kept, boot, NOON + MSEC_HOUR, up), skew - MSEC_HOUR);
    /* Another boot counts anew, and after a day the clocks have drifted. */
    assert_int_equal(skew_recall(kept, S("b008"), NOON, up), 0);
    assert_int_equal(skew_recall(kept, boot, NOON, up - 1), 0);
    assert_int_equal(skew_recall(kept, boot, NOON + 2 * MSEC_DAY, up + 2 * MSEC_DAY), 0);
    arena_done(&a);
}

static void what_is_damaged_is_not_recalled(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", "b007", "b007 1", "b007 1 x", " 1 2", "b007 -1 2", "b007 1 9223372036854775807"
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_int_equal(skew_recall(str_of(texts[i]), S("b007"), NOON, MSEC_HOUR), 0);
}

static void only_errors_of_signatures_are_put_down_to_it(void **state)
{
    (void)state;
    assert_true(skew_may_explain(S("InvalidSignatureException")));
    assert_true(skew_may_explain(S("RequestTimeTooSkewed")));
    assert_false(skew_may_explain(S("ValidationException")));
    assert_false(skew_may_explain(S("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_difference_is_learnt_from_a_date),
        cmocka_unit_test(what_is_no_date_teaches_nothing),
        cmocka_unit_test(the_next_process_of_the_boot_knows),
        cmocka_unit_test(what_is_damaged_is_not_recalled),
        cmocka_unit_test(only_errors_of_signatures_are_put_down_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
