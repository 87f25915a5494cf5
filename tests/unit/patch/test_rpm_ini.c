/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/ini.h"

#include "../test.h"

struct fixture {
    struct arena a;
    struct ini ini;
};

static void read(struct fixture *f, const char *text)
{
    *f = (struct fixture){ 0 };
    ini_add(&f->a, str_of(text), &f->ini);
}

static struct str get(const struct fixture *f, const char *section, const char *key)
{
    return ini_get(&f->ini, str_of(section), str_of(key));
}

static void options_belong_to_their_section(void **state)
{
    (void)state;
    struct fixture f;

    read(&f, "lost = 1\n[main]\n# no\nbest=False\r\n; no\n[ base ] rest\nname = A b = c\nbest=1\n");
    assert_str(get(&f, "main", "best"), "False");
    assert_str(get(&f, "base", "best"), "1");
    assert_str(get(&f, "base", "name"), "A b = c");
    assert_false(str_is_set(get(&f, "", "lost")));
    assert_false(str_is_set(get(&f, "main", "name")));
    arena_done(&f.a);
}

static void the_last_value_counts(void **state)
{
    (void)state;
    struct fixture f;

    read(&f, "[a]\nx=1\n[b]\nx=2\n[a]\nx=3\n");
    assert_str(get(&f, "a", "x"), "3");
    arena_done(&f.a);
}

static void indented_lines_go_on_with_a_value(void **state)
{
    (void)state;
    struct fixture f;
    struct strs list;

    read(&f, "[main]\nexclude = one, two\n  three\n# not this\n\tfour\n\n  five\nbest=1\n");
    list = ini_list(&f.a, get(&f, "main", "exclude"));
    assert_int_equal(list.count, 4);
    assert_str(list.items[1], "two");
    assert_str(list.items[3], "four");
    assert_str(get(&f, "main", "best"), "1");
    arena_done(&f.a);
}

static void words_of_truth_are_read(void **state)
{
    (void)state;

    assert_true(ini_bool(S("Yes"), false));
    assert_true(ini_bool(S("enabled"), false));
    assert_false(ini_bool(S("OFF"), true));
    assert_true(ini_bool(S("perhaps"), true));
    assert_true(ini_bool((struct str){ 0 }, true));
    assert_int_equal(ini_int(S("99x"), 5), 5);
    assert_int_equal(ini_int(S("-3"), 5), -3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_belong_to_their_section),
        cmocka_unit_test(the_last_value_counts),
        cmocka_unit_test(indented_lines_go_on_with_a_value),
        cmocka_unit_test(words_of_truth_are_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
