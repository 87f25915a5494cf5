/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "agent/output.h"

static struct str many(struct arena *a, const char *unit, size_t len)
{
    char *p = arena_alloc(a, len + 1);
    for (size_t i = 0; i < len; i++)
        p[i] = unit[i % strlen(unit)];
    return (struct str){ p, len };
}

static void short_output_is_left_alone(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(output_stream(&a, S("hi\n"), false), "hi\n");
    assert_str(output_combined(&a, S("hi\n"), S("")), "hi\n");
    assert_str(output_combined(&a, S("hi\n"), S("err\n")), "hi\n\n----------ERROR-------\nerr\n");
    assert_str(output_combined(&a, S(""), S("bad")), "\n----------ERROR-------\nbad");
    arena_done(&a);
}

/* The lengths the AWS agent was seen to send for 60,000 and 20,000 bytes. */
static void long_output_is_cut_as_the_aws_agent_cuts_it(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str out = output_stream(&a, many(&a, "0123456789\n", 60000), false);
    struct str err = many(&a, "err\n", 20000);
    struct str both = output_combined(&a, out, err);

    assert_int_equal(out.len, 24000);
    assert_true(str_ends(out, S("\n--output truncated--")));
    assert_int_equal(both.len, 2500);
    assert_str(str_slice(both, 1215, 47), "\n---Output truncated---\n----------ERROR-------\n");
    assert_int_equal(str_slice(both, 1262, 1).p[0], 'e');
    assert_true(str_ends(both, S("\n---Error truncated----")));
    assert_int_equal(both.len - strlen("\n---Error truncated----"), 2477);
    arena_done(&a);
}

static void only_the_long_half_is_cut(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str long_out = output_combined(&a, many(&a, "x", 5000), S("short"));
    struct str long_err = output_combined(&a, S("short"), many(&a, "x", 5000));

    assert_int_equal(long_out.len, 2500);
    assert_true(str_ends(long_out, S("\n---Output truncated---\n----------ERROR-------\nshort")));
    assert_int_equal(long_err.len, 2500);
    assert_true(str_starts(long_err, S("short\n----------ERROR-------\nxxx")));
    assert_true(str_ends(long_err, S("x\n---Error truncated----")));
    assert_int_equal(output_combined(&a, many(&a, "x", 2501), S("")).len, 2500);
    arena_done(&a);
}

static void a_cut_never_splits_a_character(void **state)
{
    (void)state;
    struct arena a = { 0 };

    for (size_t shift = 0; shift < 3; shift++) {
        struct str text =
            arena_fmt(&a, "%.*s%.*s", (int)shift, "xx", STR(many(&a, "\xE2\x82\xAC", 30000)));
        struct str cut = output_stream(&a, text, false);
        assert_true(str_is_utf8(cut));
        assert_in_range(cut.len, 23997, 24000);
    }
    arena_done(&a);
}

static void bytes_that_are_no_text_are_replaced(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str nul = { "a\0b", 3 };

    assert_str(output_clean(&a, S("a\xFF"
                                  "b\xE2\x82")),
               "a\xEF\xBF\xBD"
               "b\xEF\xBF\xBD\xEF\xBF\xBD");
    assert_str(output_clean(&a, nul), "a\xEF\xBF\xBD"
                                      "b");
    assert_str(output_clean(&a, (struct str){ 0 }), "");
    arena_done(&a);
}

static void what_was_cut_before_is_marked(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(output_stream(&a, S("beginning"), true), "beginning\n--output truncated--");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(short_output_is_left_alone),
        cmocka_unit_test(long_output_is_cut_as_the_aws_agent_cuts_it),
        cmocka_unit_test(only_the_long_half_is_cut),
        cmocka_unit_test(a_cut_never_splits_a_character),
        cmocka_unit_test(bytes_that_are_no_text_are_replaced),
        cmocka_unit_test(what_was_cut_before_is_marked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
