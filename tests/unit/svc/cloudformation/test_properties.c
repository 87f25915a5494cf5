/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/properties.h"

#include "../../test.h"
#include "base/json.h"
#include "base/yaml.h"

static struct arena arena;

static const struct property inner[] = {
    { "Document", PROPERTY_JSON, true, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property table[] = {
    { "Text", PROPERTY_TEXT, true, NULL },           { "Number", PROPERTY_INTEGER, false, NULL },
    { "Flag", PROPERTY_BOOLEAN, false, NULL },       { "Names", PROPERTY_TEXTS, false, NULL },
    { "Variables", PROPERTY_TEXT_MAP, false, NULL }, { "One", PROPERTY_STRUCT, false, inner },
    { "Many", PROPERTY_LIST, false, inner },         { NULL, PROPERTY_TEXT, false, NULL },
};

static int convert(const char *yaml, struct str *ret)
{
    struct value *in, *out;

    assert_int_equal(yaml_parse(&arena, str_of(yaml), &in, NULL), 0);
    int result = properties_convert(&arena, table, in, &out, ret);
    if (result == 0)
        *ret = json_format(&arena, out);
    return result;
}

static void becomes(const char *yaml, const char *json)
{
    struct str text = S("");

    assert_int_equal(convert(yaml, &text), 0);
    assert_str(text, json);
}

static void is_refused(const char *yaml, const char *sentence)
{
    struct str why = S("");

    assert_int_equal(convert(yaml, &why), PROPERTY_WRONG);
    assert_str(why, sentence);
}

static int empty_arena(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static void scalars_take_the_form_that_is_wanted(void **state)
{
    (void)state;
    becomes("{Text: 30, Number: '30', Flag: 'True'}",
            "{\"Text\":\"30\",\"Number\":30,\"Flag\":true}");
    becomes("{Text: true, Number: 7, Flag: false}",
            "{\"Text\":\"true\",\"Number\":7,\"Flag\":false}");
    becomes("{Text: x, Variables: {A: 1, B: b}}",
            "{\"Text\":\"x\",\"Variables\":{\"A\":\"1\",\"B\":\"b\"}}");
}

static void one_string_is_a_list_too(void **state)
{
    (void)state;
    becomes("{Text: x, Names: a}", "{\"Text\":\"x\",\"Names\":[\"a\"]}");
    becomes("{Text: x, Names: [a, 2]}", "{\"Text\":\"x\",\"Names\":[\"a\",\"2\"]}");
}

static void documents_become_text(void **state)
{
    (void)state;
    becomes("{Text: x, One: {Document: {Version: '2012-10-17', N: 7200}}}",
            "{\"Text\":\"x\",\"One\":{\"Document\":"
            "\"{\\\"Version\\\":\\\"2012-10-17\\\",\\\"N\\\":7200}\"}}");
    becomes("{Text: x, Many: [{Document: as it is}]}",
            "{\"Text\":\"x\",\"Many\":[{\"Document\":\"as it is\"}]}");
}

static void what_is_null_is_not_there(void **state)
{
    (void)state;
    becomes("{Text: x, Number: null}", "{\"Text\":\"x\"}");
    is_refused("{Text: null}", "Property Text cannot be empty.");
}

static void what_does_not_fit_is_named(void **state)
{
    (void)state;
    is_refused("{Text: x, Shape: round}", "Encountered unsupported property Shape");
    is_refused("{Number: 1}", "Property Text cannot be empty.");
    is_refused("{Text: [x]}", "Value of property Text must be of type String");
    is_refused("{Text: x, Number: many}", "Value of property Number must be of type Integer");
    is_refused("{Text: x, Flag: 1}", "Value of property Flag must be of type Boolean");
    is_refused("{Text: x, Variables: [a]}", "Value of property Variables must be an object");
    is_refused("{Text: x, Many: {Document: d}}", "Value of property Many must be of type List");
    is_refused("{Text: x, One: {Document: d, More: m}}", "Encountered unsupported property More");
    is_refused("[a]", "Properties validation failed: an object was expected");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(scalars_take_the_form_that_is_wanted, empty_arena),
        cmocka_unit_test_teardown(one_string_is_a_list_too, empty_arena),
        cmocka_unit_test_teardown(documents_become_text, empty_arena),
        cmocka_unit_test_teardown(what_is_null_is_not_there, empty_arena),
        cmocka_unit_test_teardown(what_does_not_fit_is_named, empty_arena),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
