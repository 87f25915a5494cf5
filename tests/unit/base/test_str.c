/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include "../test.h"

static void numbers_are_read_whole_or_not_at_all(void **state)
{
    (void)state;
    int64_t n = 7;

    assert_true(str_to_int(S("-9223372036854775808"), &n));
    assert_true(n == INT64_MIN);
    assert_true(str_to_int(S("9223372036854775807"), &n));
    assert_true(n == INT64_MAX);
    assert_false(str_to_int(S("9223372036854775808"), &n));
    assert_false(str_to_int(S(""), &n));
    assert_false(str_to_int(S("-"), &n));
    assert_false(str_to_int(S("1 "), &n));

    double d = 7;
    assert_true(str_to_double(S("-12.5e1"), &d));
    assert_true(d == -125);
    for (const char **wrong =
             (const char *[]){ "", "-", "1 ", " 1", "0x10", "inf", "nan", "1e999", "1.2.3", NULL };
         *wrong; wrong++)
        assert_false(str_to_double(str_of(*wrong), &d));
    assert_true(d == -125);
}

static void globs_match_as_policies_want(void **state)
{
    (void)state;

    assert_true(str_glob(S("arn:aws:ssm:*:*:x/*"), S("arn:aws:ssm:us-east-1:1:x/y/z")));
    assert_true(str_glob(S("a*b*c"), S("aXXbYYbZc")));
    assert_false(str_glob(S("a*b*c"), S("aXXbYY")));
    assert_true(str_glob(S("?b*"), S("ab")));
    assert_false(str_glob(S("A"), S("a")));
    assert_true(str_iglob(S("SSM:get*"), S("ssm:GetDocument")));
    assert_true(str_glob(S("*"), S("")));
    assert_false(str_glob(S("?"), S("")));
}

static void text_that_is_not_utf8_is_found_out(void **state)
{
    (void)state;

    assert_true(str_is_utf8(S("gr\xc3\xbc\xc3\x9f dich \xf0\x9f\x98\x80")));
    assert_false(str_is_utf8(S("\xc0\xaf")));
    assert_false(str_is_utf8(S("\xed\xa0\x80")));
    assert_false(str_is_utf8(S("\xf4\x90\x80\x80")));
    assert_false(str_is_utf8(S("a\0b")));
    assert_true(str_is_utf8(S("sixteen letters, and \xc3\xbc between more of them")));
    assert_false(str_is_utf8(S("sixteen letters, and \0 between more of them")));
    assert_false(str_is_utf8(S("sixteen letters, and \xc0 between more of them")));
    assert_int_equal(str_utf8_len(S("gr\xc3\xbc\xc3\x9f")), 4);
}

static void pieces_keep_empty_ones(void **state)
{
    (void)state;
    struct str rest = S("a,,b"), piece;

    assert_true(str_next(&rest, ',', &piece));
    assert_str(piece, "a");
    assert_true(str_next(&rest, ',', &piece));
    assert_str(piece, "");
    assert_true(str_next(&rest, ',', &piece));
    assert_str(piece, "b");
    assert_false(str_next(&rest, ',', &piece));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_read_whole_or_not_at_all),
        cmocka_unit_test(globs_match_as_policies_want),
        cmocka_unit_test(text_that_is_not_utf8_is_found_out),
        cmocka_unit_test(pieces_keep_empty_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
