/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/xml.h"

#include "../test.h"

static struct arena arena;

static int clean(void **state)
{
    (void)state;
    arena_done(&arena);
    return 0;
}

static struct xml_node *parsed(struct str text)
{
    struct xml_node *root = NULL;

    assert_int_equal(xml_parse(&arena, text, &root), 0);
    return root;
}

static void elements_and_text_are_read(void **state)
{
    (void)state;
    const struct xml_node *root = parsed(
        S("\xef\xbb\xbf<?xml version='1.0'?>\n<!-- hello --><s3:Delete xmlns:s3=\"a>b\" x = 'y'>\n"
          "<Object><Key>a&amp;b&#x41;&#66;<![CDATA[<&>]]></Key></Object><Quiet/>\n</s3:Delete> "));

    assert_str(root->name, "Delete");
    assert_str(xml_child(xml_child(root, S("Object")), S("Key"))->text, "a&bAB<&>");
    assert_str(xml_child(root, S("Quiet"))->text, "");
    assert_null(xml_child(root, S("Other")));
    assert_null(xml_child(NULL, S("Other")));
}

static const char *const malformed[] = {
    "",
    "x",
    "<a>",
    "<a></b>",
    "<a><b></a></b>",
    "<a/><b/>",
    "<a/>x",
    "<a x></a>",
    "<a x=y/>",
    "<a>&unknown;</a>",
    "<a>&#0;</a>",
    "<a>&#xD800;</a>",
    "<a>&#x110000;</a>",
    "<a>&#;</a>",
    "<a>&</a>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]><a>&b;</a>",
    "<a><!-- </a>",
    "<a><![CDATA[</a>",
    "< a/>",
    "<a>\xff</a>",
};

static void what_is_not_well_formed_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(malformed); i++) {
        struct xml_node *root;
        if (xml_parse(&arena, str_of(malformed[i]), &root) != XML_MALFORMED)
            fail_msg("%s is accepted", malformed[i]);
    }
}

static void depth_and_count_are_bounded(void **state)
{
    (void)state;
    struct xml_node *root;
    struct buf deep = buf_in(&arena), wide = buf_in(&arena);

    for (int i = 0; i < XML_MAX_DEPTH + 1; i++)
        buf_lit(&deep, "<a>");
    for (int i = 0; i < XML_MAX_DEPTH + 1; i++)
        buf_lit(&deep, "</a>");
    assert_int_equal(xml_parse(&arena, buf_str(&deep), &root), XML_MALFORMED);
    assert_int_equal(xml_parse(&arena, str_slice(buf_str(&deep), 3, deep.len - 7), &root), 0);

    buf_lit(&wide, "<a>");
    for (int i = 0; i < XML_MAX_NODES; i++)
        buf_lit(&wide, "<a/>");
    buf_lit(&wide, "</a>");
    assert_int_equal(xml_parse(&arena, buf_str(&wide), &root), XML_MALFORMED);
}

static void text_is_escaped(void **state)
{
    (void)state;
    struct buf b = buf_in(&arena);

    xml_element(&b, S("a"), S("<&>\"\r\n\x01'"));
    assert_str(buf_str(&b), "<a>&lt;&amp;&gt;&quot;&#13;\n\xef\xbf\xbd'</a>");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(elements_and_text_are_read, clean),
        cmocka_unit_test_teardown(what_is_not_well_formed_is_refused, clean),
        cmocka_unit_test_teardown(depth_and_count_are_bounded, clean),
        cmocka_unit_test_teardown(text_is_escaped, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
