/* SPDX-License-Identifier: Apache-2.0 */
#include "../../test.h"

#include "base/json.h"
#include "engine/policy.h"

#include "svc/iam/document.h"
#include "svc/iam/predefined.h"

static void every_document_is_a_policy(void **state)
{
    struct arena a = { 0 };
    (void)state;

    for (const struct predefined *p = predefined_policies; p->arn; p++) {
        struct value *tree;
        const struct policy *compiled;
        struct str why;
        assert_int_equal(json_parse(&a, str_of(p->document), &tree, NULL), 0);
        assert_int_equal(policy_compile(&a, tree, POLICY_IDENTITY, &compiled, &why), 0);
        assert_true(document_size(str_of(p->document)) <= DOCUMENT_MAX_MANAGED);
    }
    arena_done(&a);
}

static void every_one_is_found_by_its_arn(void **state)
{
    (void)state;
    for (const struct predefined *p = predefined_policies; p->arn; p++) {
        assert_ptr_equal(predefined_find(str_of(p->arn)), p);
        assert_int_equal(strlen(p->id), 21);
        if (p[1].arn)
            assert_true(strcmp(p->arn, p[1].arn) < 0);
    }
    assert_null(predefined_find(S("arn:aws:iam::aws:policy/None")));
}

static void names_are_what_follows_the_path(void **state)
{
    (void)state;
    struct managed_name plain = managed_name(S("arn:aws:iam::aws:policy/ReadOnlyAccess"));
    assert_str(plain.path, "/");
    assert_str(plain.name, "ReadOnlyAccess");
    struct managed_name deep = managed_name(S("arn:aws:iam::123456789012:policy/a/b/c"));
    assert_str(deep.path, "/a/b/");
    assert_str(deep.name, "c");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_document_is_a_policy),
        cmocka_unit_test(every_one_is_found_by_its_arn),
        cmocka_unit_test(names_are_what_follows_the_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
