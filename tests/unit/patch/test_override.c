/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/override.h"

#include "../test.h"

static struct override_list parse(struct arena *a, const char *text)
{
    struct override_list list = { 0 };
    struct str why = S("");
    int result = override_parse(a, str_of(text), &list, &why);

    if (result != 0)
        print_error("%.*s\n", STR(why));
    assert_int_equal(result, 0);
    return list;
}

static bool matches(const struct override_list *list, const char *name, const char *version)
{
    const struct patch_facts f = { .name = str_of(name),
                                   .arch = S("amd64"),
                                   .candidate = { .version = str_of(version) } };

    return override_matches(list, &f);
}

static void id_and_title_have_to_match(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct override_list list = parse(&a, "patches:\n"
                                          "  - id: 'bash.amd64'\n"
                                          "  - id: 'lib*.amd64'\n"
                                          "    title: '*1.2.27'\n"
                                          "    comment: ignored\n"
                                          "  - id: 'sed.i386'\n");

    assert_int_equal(list.count, 3);
    assert_true(matches(&list, "bash", "1"));
    assert_true(matches(&list, "libx", "2:1.2.27"));
    assert_false(matches(&list, "libx", "1.2.28"));
    assert_false(matches(&list, "sed", "1"));
    assert_false(matches(&list, "bas", "1"));
    arena_done(&a);
}

static void what_names_no_update_is_told(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct package items[] = {
        { .facts = { .name = S("bash"), .arch = S("amd64"), .candidate = { .version = S("2") } } },
        { .facts = { .name = S("sed"), .arch = S("amd64") } }, /* no update */
    };
    const struct packages packages = { .items = items, .count = ARRAY_LEN(items) };
    struct override_list list = parse(&a, "patches:\n"
                                          "  - id: 'bash.amd64'\n"
                                          "  - id: 'sed.amd64'\n"
                                          "  - id: 'bash*'\n"
                                          "    title: '3'\n");

    assert_str(override_explain(&a, &list, &packages),
               "the list's id sed.amd64 names no update of this host\n"
               "the list's id bash* with the title 3 names no update of this host\n");
    list = parse(&a, "patches: [{id: a}, {id: b}, {id: c}, {id: d}, {id: e}, {id: f}, {id: g}]\n");
    assert_true(str_ends(override_explain(&a, &list, &packages), S("host\nas do 2 more\n")));
    arena_done(&a);
}

static void the_same_in_json(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct override_list list = parse(&a, "{\"patches\":[{\"id\":\"*\",\"title\":null}]}");

    assert_true(matches(&list, "anything", "1"));
    arena_done(&a);
}

static void a_list_that_lies_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "patches: x",
        "patches:\n  - bash",
        "- id: x",
        "patches:\n  - id: ''",
        "patches:\n  - id: x\n    title: [y]",
        "{\"patch",
        "patches:\n  - id: [x]",
    };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = { 0 };
        struct override_list list;
        struct str why = { 0 };

        assert_int_equal(override_parse(&a, str_of(bad[i]), &list, &why), OVERRIDE_MALFORMED);
        assert_true(why.len > 0);
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_and_title_have_to_match),
        cmocka_unit_test(what_names_no_update_is_told),
        cmocka_unit_test(the_same_in_json),
        cmocka_unit_test(a_list_that_lies_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
