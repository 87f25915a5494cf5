/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"

#include "../test.h"

static void base64_goes_there_and_back(void **state)
{
    (void)state;
    struct arena a = { 0 };
    static const char *const pairs[][2] = {
        /* RFC 4648, section 10 */
        { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg==" },
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        struct str back;
        assert_str(base64_encode(&a, str_of(pairs[i][0])), pairs[i][1]);
        assert_true(base64_decode(&a, str_of(pairs[i][1]), &back));
        assert_str(back, pairs[i][0]);
    }
    struct str bad;
    assert_false(base64_decode(&a, S("Zg="), &bad));
    assert_false(base64_decode(&a, S("Z!=="), &bad));
    assert_false(base64_decode(&a, S("Zg==Zg=="), &bad));
    arena_done(&a);
}

static void percent_encoding_is_strict(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str s;

    assert_str(percent_encode(&a, S("a b/c~\xc3\xbc"), false), "a%20b%2Fc~%C3%BC");
    assert_str(percent_encode(&a, S("a/b"), true), "a/b");
    assert_true(percent_decode(&a, S("a%20b+c"), true, &s));
    assert_str(s, "a b c");
    assert_true(percent_decode(&a, S("%7e+"), false, &s));
    assert_str(s, "~+");
    assert_false(percent_decode(&a, S("%"), false, &s));
    assert_false(percent_decode(&a, S("%2"), false, &s));
    assert_false(percent_decode(&a, S("%zz"), false, &s));
    assert_false(percent_decode(&a, S("%00"), false, &s));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_goes_there_and_back),
        cmocka_unit_test(percent_encoding_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
