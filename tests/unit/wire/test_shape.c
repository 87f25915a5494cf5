/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/shape.h"

#include <math.h>

#include "base/buf.h"

#include "../test.h"
#include "things.h"

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static int read(const char *json, struct thing *out, struct str *why)
{
    struct value *v;

    assert_int_equal(json_parse(&arena, str_of(json), &v, NULL), 0);
    return shape_read(&thing_shape, v, &arena, out, why);
}

static void assert_invalid(const char *json, const char *why)
{
    struct thing t;
    struct str got = { 0 };

    assert_int_equal(read(json, &t, &got), SHAPE_INVALID);
    assert_str(got, why);
}

static void assert_malformed(const char *json, const char *why)
{
    struct thing t;
    struct str got = { 0 };

    assert_int_equal(read(json, &t, &got), SHAPE_MALFORMED);
    assert_str(got, why);
}

#define EVERYTHING                                                                                 \
    "{\"Name\":\"n\",\"Secret\":\"abcd\",\"Colour\":\"RED\",\"Blob\":\"AQI=\",\"MaxCount\":7,"     \
    "\"Ratio\":0.5,\"On\":false,\"Maybe\":true,\"At\":1795405201.909,"                             \
    "\"AtText\":\"2026-11-23T03:40:01.909Z\",\"One\":{\"Key\":\"k\",\"Values\":[\"a\",\"b\"]},"    \
    "\"Many\":[{\"Key\":\"x\"},{\"Key\":\"y\"}],\"Tags\":[\"i-1\"],\"Labels\":{\"a\":\"b\"},"      \
    "\"ByName\":{\"z\":{\"Key\":\"w\"}},\"Lists\":{\"l\":[\"1\",\"2\"]},\"Document\":{\"d\":[1]}}"

static void a_filled_struct_writes_what_it_read(void **state)
{
    (void)state;
    struct thing t;
    struct str why;

    assert_int_equal(read(EVERYTHING, &t, &why), 0);
    assert_str(t.one->values.items[1], "b");
    assert_str(LIST_ITEM(struct inner, t.many, 1)->key, "y");
    assert_int_equal(t.at, 1795405201909);
    assert_int_equal(t.at_text, t.at);
    assert_int_equal(t.blob.len, 2);
    assert_str(json_format(&arena, shape_write(&thing_shape, &t, &arena)), EVERYTHING);
}

static void a_member_nobody_knows_is_refused(void **state)
{
    (void)state;
    struct thing t;
    struct str why;

    assert_int_equal(read("{\"Name\":\"n\",\"Unknown\":[{}]}", &t, &why), SHAPE_UNSUPPORTED);
    assert_str(why, "The parameter Unknown is not supported.");
}

static void absent_members_look_absent(void **state)
{
    (void)state;
    struct thing t;
    struct str why;

    assert_int_equal(read("{\"Name\":\"n\",\"Unknown\":[],\"Off\":false,\"Tags\":null}", &t, &why),
                     0);
    assert_false(str_is_set(t.colour));
    assert_int_equal(t.count, 10);
    assert_true(isnan(t.ratio));
    assert_true(t.on);
    assert_int_equal(t.maybe, TRISTATE_UNSET);
    assert_int_equal(t.at, UNSET);
    assert_null(t.one);
    assert_null(t.many.items);
    assert_null(t.tags.items);
    assert_null(t.document);
    assert_str(json_format(&arena, shape_write(&thing_shape, &t, &arena)),
               "{\"Name\":\"n\",\"MaxCount\":10,\"On\":true}");
}

static void an_empty_list_is_not_an_absent_one(void **state)
{
    (void)state;
    struct thing t;
    struct str why;

    assert_int_equal(read("{\"Name\":\"n\",\"Tags\":[],\"Many\":[],\"Labels\":{}}", &t, &why), 0);
    assert_non_null(t.tags.items);
    assert_non_null(t.many.items);
    assert_non_null(t.labels.items);
    assert_int_equal(t.tags.count, 0);
}

static void constraints_are_refused_in_amazons_words(void **state)
{
    (void)state;
    assert_invalid("{}", "1 validation error detected: Value null at 'name' failed to satisfy "
                         "constraint: Member must not be null");
    assert_invalid("{\"Name\":\"n\",\"MaxCount\":51}",
                   "1 validation error detected: Value '51' at 'maxCount' failed to satisfy "
                   "constraint: Member must have value less than or equal to 50");
    assert_invalid("{\"Name\":\"\",\"MaxCount\":0}",
                   "2 validation errors detected: Value '' at 'name' failed to satisfy constraint: "
                   "Member must have length greater than or equal to 1; Value '0' at 'maxCount' "
                   "failed to satisfy constraint: Member must have value greater than or equal to "
                   "1");
    assert_invalid("{\"Name\":\"n\",\"Colour\":\"blue\"}",
                   "1 validation error detected: Value 'blue' at 'colour' failed to satisfy "
                   "constraint: Member must satisfy enum value set: [RED, GREEN]");
    assert_invalid("{\"Name\":\"n\",\"Tags\":[\"x-1\"]}",
                   "1 validation error detected: Value '[x-1]' at 'tags' failed to satisfy "
                   "constraint: Member must satisfy constraint: [Member must satisfy regular "
                   "expression pattern: ^i-.*]");
    assert_invalid("{\"Name\":\"n\",\"Secret\":\"abc\"}",
                   "1 validation error detected: Value at 'secret' failed to satisfy constraint: "
                   "Member must have length greater than or equal to 4");
    assert_invalid("{\"Name\":\"n\",\"Labels\":{\"long\":\"\"}}",
                   "1 validation error detected: Value at 'labels' failed to satisfy constraint: "
                   "Map keys must satisfy constraint: [Member must have length less than or equal "
                   "to 3, Member must have length greater than or equal to 1]");
}

static void a_complaint_names_the_place(void **state)
{
    (void)state;
    assert_invalid("{\"Name\":\"n\",\"Many\":[{\"Key\":\"k\"},{}]}",
                   "1 validation error detected: Value null at 'many.2.member.key' failed to "
                   "satisfy constraint: Member must not be null");
    assert_invalid("{\"Name\":\"n\",\"ByName\":{\"z\":{\"Key\":\"123456789\"}}}",
                   "1 validation error detected: Value '123456789' at 'byName.z.member.key' failed "
                   "to satisfy constraint: Member must have length less than or equal to 8");
    assert_invalid("{\"Name\":\"n\",\"Many\":[{},{},{}]}",
                   "1 validation error detected: Value at 'many' failed to satisfy constraint: "
                   "Member must have length less than or equal to 2");
}

static void lengths_count_characters(void **state)
{
    (void)state;
    struct thing t;
    struct str why;

    assert_int_equal(read("{\"Name\":\"ääääääääää\"}", &t, &why), 0);
}

static void wrong_types_are_malformed(void **state)
{
    (void)state;
    assert_malformed("{\"Name\":1}", "NUMBER_VALUE can not be converted to a String");
    assert_malformed("{\"Name\":{}}", "Start of structure or map found where not expected.");
    assert_malformed("{\"Name\":[]}", "Start of list found where not expected.");
    assert_malformed("{\"Name\":\"n\",\"MaxCount\":\"7\"}",
                     "STRING_VALUE can not be converted to an Integer");
    assert_malformed("{\"Name\":\"n\",\"MaxCount\":1.5}",
                     "NUMBER_VALUE can not be converted to an Integer");
    assert_malformed("{\"Name\":\"n\",\"On\":\"true\"}",
                     "STRING_VALUE can not be converted to a Boolean");
    assert_malformed("{\"Name\":\"n\",\"Many\":{}}", "Expected list or null");
    assert_malformed("{\"Name\":\"n\",\"One\":[]}", "Expected structure or null");
    assert_malformed("{\"Name\":\"n\",\"Blob\":\"?\"}", "A blob must be base64.");
    assert_malformed("{\"Name\":\"n\",\"At\":1e300}",
                     "NUMBER_VALUE can not be converted to a Timestamp");
    assert_malformed("[]", "Expected structure or null");
}

static void too_many_complaints_are_cut_short(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);
    struct thing t;
    struct str why;

    buf_lit(&b, "{\"ByName\":{");
    for (int i = 0; i < 2000; i++)
        buf_fmt(&b, "%s\"k%d\":{}", i ? "," : "", i);
    buf_lit(&b, "}}");
    assert_int_equal(read(buf_str(&b).p, &t, &why), SHAPE_INVALID);
    assert_true(str_starts(why, S("20 validation errors detected: ")));
    assert_true(why.len < 4096);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_filled_struct_writes_what_it_read, clean),
        cmocka_unit_test_teardown(absent_members_look_absent, clean),
        cmocka_unit_test_teardown(a_member_nobody_knows_is_refused, clean),
        cmocka_unit_test_teardown(an_empty_list_is_not_an_absent_one, clean),
        cmocka_unit_test_teardown(constraints_are_refused_in_amazons_words, clean),
        cmocka_unit_test_teardown(a_complaint_names_the_place, clean),
        cmocka_unit_test_teardown(lengths_count_characters, clean),
        cmocka_unit_test_teardown(wrong_types_are_malformed, clean),
        cmocka_unit_test_teardown(too_many_complaints_are_cut_short, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
