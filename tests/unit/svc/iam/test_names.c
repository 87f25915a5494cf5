/* SPDX-License-Identifier: Apache-2.0 */
#include "../../test.h"

#include "svc/iam/names.h"

static void names_are_words_and_a_few_signs(void **state)
{
    (void)state;
    assert_true(name_is_valid(S("Ops_team+a=b,c.d@e-f")));
    assert_false(name_is_valid(S("")));
    assert_false(name_is_valid(S("a b")));
    assert_false(name_is_valid(S("a/b")));
    assert_false(name_is_valid(S("\xc3\xa4")));
}

static void paths_begin_and_end_with_a_slash(void **state)
{
    (void)state;
    assert_true(path_is_valid(S("/")));
    assert_true(path_is_valid(S("/a/")));
    assert_true(path_is_valid(S("/a/b!/")));
    assert_false(path_is_valid(S("")));
    assert_false(path_is_valid(S("/a")));
    assert_false(path_is_valid(S("a/")));
    assert_false(path_is_valid(S("//")));
    assert_false(path_is_valid(S("/a b/")));
    assert_false(path_is_valid(S("/\xc3\xa4/")));
}

static void prefixes_need_not_end(void **state)
{
    (void)state;
    assert_true(prefix_is_valid(S("/")));
    assert_true(prefix_is_valid(S("/te")));
    assert_false(prefix_is_valid(S("te/")));
}

static void ids_look_like_awss(void **state)
{
    struct arena a = { 0 };
    (void)state;

    struct str id = unique_id(&a, "AROA");
    assert_int_equal(id.len, 21);
    assert_true(str_starts(id, S("AROA")));
    assert_int_equal(new_access_key_id(&a).len, 20);
    assert_int_equal(new_secret(&a).len, 40);
    assert_false(str_eq(new_secret(&a), new_secret(&a)));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_words_and_a_few_signs),
        cmocka_unit_test(paths_begin_and_end_with_a_slash),
        cmocka_unit_test(prefixes_need_not_end),
        cmocka_unit_test(ids_look_like_awss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
