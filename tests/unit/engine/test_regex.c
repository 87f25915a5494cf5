/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/regex.h"

#include "../test.h"

static bool matches(const char *pattern, const char *text)
{
    struct arena a = { 0 };
    struct str why = { 0 };
    const struct regex *re = regex_compile(&a, str_of(pattern), &why);

    if (!re)
        fail_msg("%s: %.*s", pattern, STR(why));
    bool result = regex_matches(&a, re, str_of(text));
    arena_done(&a);
    return result;
}

static void the_whole_text_must_match(void **state)
{
    (void)state;

    assert_true(matches("abc", "abc"));
    assert_false(matches("abc", "abcd"));
    assert_false(matches("abc", "zabc"));
    assert_true(matches("", ""));
    assert_false(matches("", "a"));
    assert_true(matches("a|bc|", "bc"));
    assert_true(matches("a|bc|", ""));
    assert_false(matches("a|bc|", "abc"));
    assert_true(matches("^abc$", "abc"));
    assert_false(matches("a^b", "ab"));
}

static void the_seeds_pattern_works(void **state)
{
    (void)state;
    const char *p = "(^$)|^https://.+$|^s3://([^/]+)/(.*?([^/]+))$";

    assert_true(matches(p, ""));
    assert_true(matches(p, "https://bucket.s3.amazonaws.com/list.yaml"));
    assert_false(matches(p, "https://"));
    assert_false(matches(p, "http://x"));
    assert_true(matches(p, "s3://bucket/dir/list.yaml"));
    assert_false(matches(p, "s3://bucket/"));
    assert_false(matches(p, "s3://bucket/dir/"));
}

static void repetitions_count(void **state)
{
    (void)state;

    assert_true(matches("a*", ""));
    assert_true(matches("a+b?", "aaab"));
    assert_false(matches("a+", ""));
    assert_true(matches("[0-9]{12}", "123456789012"));
    assert_false(matches("[0-9]{12}", "12345678901"));
    assert_false(matches("[0-9]{12}", "1234567890123"));
    assert_true(matches("a{2,}", "aaaa"));
    assert_false(matches("a{2,3}", "aaaa"));
    assert_true(matches("(ab){0,2}?c", "ababc"));
    assert_true(matches("(a*)*", "aaaa"));
    assert_true(matches("(|a)+", "aa"));
    assert_true(matches("(a|b|c|d){4}", "dcba"));
    assert_false(matches("(a|b|c|d){4}", "dcbe"));
}

static void classes_hold_characters(void **state)
{
    (void)state;

    assert_true(matches("[a-zA-Z0-9_.-]+", "a.B-9_"));
    assert_false(matches("[a-z]+", "aB"));
    assert_true(matches("[^/]+", "a:b"));
    assert_false(matches("[^/]+", "a/b"));
    assert_true(matches("[]]", "]"));
    assert_true(matches("[\\]\\\\]+", "]\\"));
    assert_true(matches("\\d+\\.\\w\\s\\S", "12._ x"));
    assert_false(matches("\\D", "1"));
    assert_true(matches("[\\w.]+", "a.b"));
    assert_true(matches("[\\d-x]{3}", "1-x"));
    assert_false(matches("[\\d]", "a"));
    assert_true(matches("\\t\\n\\x4f\\x9F", "\t\nO\xc2\x9f"));
    assert_true(matches("\\x41\\u00fc", "A\xc3\xbc"));
    assert_true(matches(".", "\xc3\xbc")); /* one character, two bytes */
    assert_false(matches(".", "\n"));
    assert_true(matches("[\xc3\xa4-\xc3\xbc]", "\xc3\xb6"));
}

static void what_is_not_supported_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "(",      ")",       "a)",    "[a",     "[b-a]",  "*a",      "a**",
        "a{3,2}", "a{2000}", "a{x}",  "(?=a)",  "(?i)a",  "(?<n>a)", "\\1",
        "\\bx",   "\\p{L}",  "a*+",   "[a[b]]", "[a&&b]", "\\",      "\\xg0",
        "\\x4",   "\\xF",    "\\z",   "\\A",    "\\9",    "\\0",     "?",
        "+",      "{1}",     "a{,3}", "a{",     "a{1",    "[a-\\d]", "((a{1000}){1000}){1000}",
    };
    struct arena a = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct str why = { 0 };
        if (regex_compile(&a, str_of(bad[i]), &why))
            fail_msg("%s was taken", bad[i]);
        assert_true(why.len > 0);
    }
    arena_done(&a);
}

static void no_pattern_takes_long(void **state)
{
    (void)state;
    char text[2001];

    memset(text, 'a', 2000);
    text[2000] = '\0';
    assert_false(matches("(a*)*(a*)*(a|aa)+b", text));
    assert_true(matches("(((((){1000}){1000}){1000}){1000})", ""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_whole_text_must_match),
        cmocka_unit_test(the_seeds_pattern_works),
        cmocka_unit_test(repetitions_count),
        cmocka_unit_test(classes_hold_characters),
        cmocka_unit_test(what_is_not_supported_is_refused),
        cmocka_unit_test(no_pattern_takes_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
