/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include "../test.h"
#include "base/json.h"

static struct str json_of(struct arena *a, const char *text)
{
    struct value *v;
    struct str why = { 0 };
    if (yaml_parse(a, str_of(text), &v, &why) != 0)
        return why;
    return json_format(a, v);
}

static void scalars_keep_what_their_spelling_means(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(json_of(&a, "Version: 2012-10-17\nPct: 10%\nId: 012345678901\nN: 42\nF: 1.5\n"
                           "V: 1.10\nB: true\nY: yes\nE:\nQ: '7'\n"),
               "{\"Version\":\"2012-10-17\",\"Pct\":\"10%\",\"Id\":\"012345678901\",\"N\":42,"
               "\"F\":1.5,\"V\":\"1.10\",\"B\":true,\"Y\":\"yes\",\"E\":null,\"Q\":\"7\"}");
    arena_done(&a);
}

static void short_forms_become_functions(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(json_of(&a, "Parameters :\n  A : !Ref B\n  C: !GetAtt D.E.F\n  G: !Sub |\n    x\n"
                           "  H: !Join ['', [a, !Ref 'AWS::Partition']]\n  I: !Condition J\n"),
               "{\"Parameters\":{\"A\":{\"Ref\":\"B\"},\"C\":{\"Fn::GetAtt\":[\"D\",\"E.F\"]},"
               "\"G\":{\"Fn::Sub\":\"x\\n\"},\"H\":{\"Fn::Join\":[\"\",[\"a\","
               "{\"Ref\":\"AWS::Partition\"}]]},\"I\":{\"Condition\":\"J\"}}}");
    arena_done(&a);
}

static void what_could_expand_or_surprise_is_refused(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(json_of(&a, "a: &x 1\nb: *x\n"), "line 2: aliases are not supported");
    assert_str(json_of(&a, "a: 1\na: 2\n"), "line 2: duplicate key \"a\"");
    assert_str(json_of(&a, "---\na: 1\n---\nb: 1\n"), "line 3: only one document is allowed");
    assert_str(json_of(&a, ""), "line 1: the document is empty");
    assert_str(json_of(&a, "[a]: 1\n"), "line 1: a key must be a scalar");
    arena_done(&a);
}

static void deep_text_is_refused(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char text[400];

    memset(text, '[', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_str(json_of(&a, text), "line 1: nested too deeply");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars_keep_what_their_spelling_means),
        cmocka_unit_test(short_forms_become_functions),
        cmocka_unit_test(what_could_expand_or_surprise_is_refused),
        cmocka_unit_test(deep_text_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
