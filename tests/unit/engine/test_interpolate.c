/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/interpolate.h"

#include "base/json.h"

#include "../test.h"

static struct arena arena;

static struct value *json(const char *text)
{
    struct value *v;

    assert_int_equal(json_parse(&arena, str_of(text), &v, NULL), 0);
    return v;
}

static struct interpolation with(void)
{
    return (struct interpolation){
        .parameters = json("{\"Name\":\"web\",\"Ids\":[\"i-1\",\"i-2\"],\"Count\":3,\"Flag\":true,"
                           "\"Map\":{\"k\":\"v\"},\"Empty\":\"\",\"Tricky\":\"{{ Name }}\"}"),
        .outputs = json("{\"first.CommandId\":\"c-1\",\"first.Output\":[\"a\",\"b\"]}"),
        .execution_id = S("e-1"),
        .account = S("111122223333"),
        .region = S("eu-west-1"),
        .partition = S("aws"),
        .now = 1709072070000, /* 2024-02-27T22:14:30Z */
    };
}

static void expect(const char *tree, const char *result)
{
    struct interpolation w = with();
    struct value *v = NULL;
    struct str why = { 0 };

    if (interpolate(&arena, json(tree), &w, &v, &why) != 0)
        fail_msg("%s: %.*s", tree, STR(why));
    assert_str(json_format(&arena, v), result);
}

static void expect_refusal(const char *tree, const char *sentence)
{
    struct interpolation w = with();
    struct value *v = NULL;
    struct str why = { 0 };

    assert_int_equal(interpolate(&arena, json(tree), &w, &v, &why), INTERPOLATE_UNRESOLVED);
    assert_str(why, sentence);
}

static void a_whole_reference_keeps_its_type(void **state)
{
    (void)state;

    expect("\"{{ Name }}\"", "\"web\"");
    expect("\"{{Name}}\"", "\"web\"");
    expect("{\"n\":\"{{ Count }}\",\"f\":\"{{ Flag }}\"}", "{\"n\":3,\"f\":true}");
    expect("{\"Parameters\":\"{{ Map }}\"}", "{\"Parameters\":{\"k\":\"v\"}}");
    expect("{\"InstanceIds\":\"{{ Ids }}\"}", "{\"InstanceIds\":[\"i-1\",\"i-2\"]}");
    expect("\"{{ Empty }}\"", "\"\"");
}

static void a_list_in_a_list_is_put_in_flat(void **state)
{
    (void)state;

    expect("[\"{{ Ids }}\"]", "[\"i-1\",\"i-2\"]");
    expect("[\"i-0\",\"{{ Ids }}\",\"{{ first.Output }}\",\"i-9\"]",
           "[\"i-0\",\"i-1\",\"i-2\",\"a\",\"b\",\"i-9\"]");
    expect("[[\"x\"],\"{{ Map }}\"]", "[[\"x\"],{\"k\":\"v\"}]");
}

static void text_takes_the_text_of_a_reference(void **state)
{
    (void)state;

    expect("\"a {{ Name }}-{{Count}} {{ Flag }}\"", "\"a web-3 true\"");
    expect("\" {{ Name }}\"", "\" web\"");
    expect("\"{{ Name }}{{ Empty }}\"", "\"web\"");
    expect("\"patching/accountid={{global:ACCOUNT_ID}}/region={{global:REGION}}/"
           "executionid={{automation:EXECUTION_ID}}\"",
           "\"patching/accountid=111122223333/region=eu-west-1/executionid=e-1\"");
    expect("\"{{ first.CommandId }}\"", "\"c-1\"");
}

static void global_variables_are_of_the_moment_and_the_place(void **state)
{
    (void)state;

    expect("\"{{ global:DATE }}\"", "\"2024-02-27\"");
    expect("\"{{ global:DATE_TIME }}\"", "\"2024-02-27_22.14.30\"");
    expect("\"{{ global:AWS_PARTITION }}\"", "\"aws\"");
    assert_true(reference_is_global(S("global:DATE")));
    assert_false(reference_is_global(S("global:TIME")));
}

static void what_was_put_in_is_not_looked_at_again(void **state)
{
    (void)state;

    expect("\"{{ Tricky }}\"", "\"{{ Name }}\"");
    expect("\"x{{ Tricky }}\"", "\"x{{ Name }}\"");
}

static void other_values_and_names_stay_as_they_are(void **state)
{
    (void)state;

    expect("{\"{{ Name }}\":[1,2.5,true,null,{}]}", "{\"{{ Name }}\":[1,2.5,true,null,{}]}");
    expect("\"{{ Name\"", "\"{{ Name\"");
    expect("\"}} {{\"", "\"}} {{\"");
    expect("\"\"", "\"\"");
}

static void what_is_not_there_is_refused(void **state)
{
    (void)state;

    expect_refusal("\"{{ Nothing }}\"", "Nothing has this name: {{ Nothing }}");
    expect_refusal("[\"x {{ second.Output }}\"]",
                   "No step has produced this output: {{ second.Output }}");
    expect_refusal("\"ids: {{ Ids }}\"", "A list or a map cannot stand within a text: {{ Ids }}");
    expect_refusal("\"x{{ Map }}\"", "A list or a map cannot stand within a text: {{ Map }}");
}

static void malformed_references_have_no_name(void **state)
{
    (void)state;
    static const char *const malformed[] = {
        "{{ }}", "{{}}", "{{ a b }}", "{{ {{Name}} }}", "{{ .Names }}x{{ a,b }}", "{{ a\tb }}"
    };

    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        struct str rest = str_of(malformed[i]), before, name = S("x");
        bool some = false;
        while (reference_next(&rest, &before, &name))
            some = some || str_is_empty(name);
        assert_true(some);
    }
    assert_str(reference_whole(S("{{ a.b }}")), "a.b");
    assert_false(str_is_set(reference_whole(S("{{ a }} "))));
    assert_false(str_is_set(reference_whole((struct str){ 0 })));
}

static void many_references_to_a_long_text_are_refused(void **state)
{
    (void)state;
    struct interpolation w = with();
    char *text = arena_alloc(&arena, 100001);
    struct value *list = value_list(&arena), *parameters = value_map(&arena), *v = NULL;
    struct str why = { 0 };

    memset(text, 'x', 100000);
    value_set_str(&arena, parameters, S("Long"), (struct str){ text, 100000 });
    w.parameters = parameters;
    for (int i = 0; i < 10; i++)
        value_append(&arena, list, value_string(&arena, S("{{ Long }}")));
    assert_int_equal(interpolate(&arena, list, &w, &v, &why), 0);
    value_append(&arena, list, value_string(&arena, S("{{ Long }}!")));
    assert_int_equal(interpolate(&arena, list, &w, &v, &why), INTERPOLATE_UNRESOLVED);
    assert_str(why, "The values of references are too long");
}

static int finish(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_reference_keeps_its_type),
        cmocka_unit_test(a_list_in_a_list_is_put_in_flat),
        cmocka_unit_test(text_takes_the_text_of_a_reference),
        cmocka_unit_test(global_variables_are_of_the_moment_and_the_place),
        cmocka_unit_test(what_was_put_in_is_not_looked_at_again),
        cmocka_unit_test(other_values_and_names_stay_as_they_are),
        cmocka_unit_test(what_is_not_there_is_refused),
        cmocka_unit_test(malformed_references_have_no_name),
        cmocka_unit_test(many_references_to_a_long_text_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, finish);
}
