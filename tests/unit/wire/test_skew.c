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
        cmocka_unit_test(only_errors_of_signatures_are_put_down_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
