/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include "../test.h"

static struct str again(struct arena *a, const char *text)
{
    struct value *v;
    return json_parse(a, str_of(text), &v, NULL) == 0 ? json_format(a, v) : (struct str){ 0 };
}

static void what_is_read_is_written(void **state)
{
    (void)state;
    struct arena a = { 0 };
    static const char *const texts[] = {
        "{\"a\":[1,-2,1.5,true,false,null,\"x\\n\\\"\\\\\"],\"b\":{\"c\":{}}}",
        "9223372036854775807",
        "\"\"",
        "\"sixteen letters and a \\\"quote\\\", a \\\\, a \\n and a \\u0001 and \xc3\xbc\"",
        "[\"12345678\\\"\",\"1234567\\\\890123456\",\"\\t\"]",
        "1795405984.18",
        "[1795405984.001,-0.001,0.5,-1.25,123456789012.5,999999999999.999,0.1234567890123]",
        "[1e+300,-9223372036854775807,0,1234567890123.25,1e-05]",
        "[[],{}]",
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        assert_str(again(&a, texts[i]), texts[i]);
    arena_done(&a);
}

static void malformed_text_is_refused_with_a_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };
    static const char *const texts[] = { "",    " ",   "{",   "{\"a\"}", "[1,]",
                                         "1 2", "{}x", "nul", "\"\xff\"" };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct value *v;
        struct str why = { 0 };
        assert_int_equal(json_parse(&a, str_of(texts[i]), &v, &why), JSON_MALFORMED);
        assert_true(why.len > 0);
    }
    arena_done(&a);
}

static void deep_text_is_refused(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char text[2 * JSON_MAX_DEPTH + 20];
    struct value *v;

    memset(text, '[', sizeof(text));
    assert_int_equal(json_parse(&a, (struct str){ text, sizeof(text) }, &v, NULL), JSON_MALFORMED);
    arena_done(&a);
}

static void the_last_of_equal_keys_counts(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(again(&a, "{\"a\":1,\"a\":2}"), "{\"a\":2}");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_read_is_written),
        cmocka_unit_test(malformed_text_is_refused_with_a_reason),
        cmocka_unit_test(deep_text_is_refused),
        cmocka_unit_test(the_last_of_equal_keys_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
