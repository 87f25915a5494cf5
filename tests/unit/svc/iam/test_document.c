/* SPDX-License-Identifier: Apache-2.0 */
#include "../../test.h"

#include "svc/iam/document.h"
#include "svc/iam/errors.h"

#define STATEMENT(more) "{\"Version\":\"2012-10-17\",\"Statement\":{\"Effect\":\"Allow\"," more "}}"

static void sizes_leave_white_space_out(void **state)
{
    (void)state;
    assert_int_equal(document_size(S("")), 0);
    assert_int_equal(document_size(S(" {\n\t\"a\": 1\r\n}")), 7);
}

static void answers_carry_them_percent_encoded(void **state)
{
    struct arena a = { 0 };
    (void)state;

    assert_str(document_encode(&a, S("{\"a\": \"x/*~\"}")), "%7B%22a%22%3A%20%22x%2F%2A~%22%7D");
    arena_done(&a);
}

static int check(struct arena *a, struct str text, enum policy_kind kind)
{
    struct op op = { .arena = a };

    return document_check(&op, text, kind);
}

static void each_kind_has_its_own_members(void **state)
{
    struct arena a = { 0 };
    struct str identity = S(STATEMENT("\"Action\":\"s3:*\",\"Resource\":\"*\""));
    struct str trust = S(STATEMENT("\"Action\":\"sts:AssumeRole\",\"Principal\":\"*\""));
    (void)state;

    assert_int_equal(check(&a, identity, POLICY_IDENTITY), 0);
    assert_int_equal(check(&a, identity, POLICY_TRUST), IAM_MALFORMED_POLICY_DOCUMENT);
    assert_int_equal(check(&a, trust, POLICY_TRUST), 0);
    assert_int_equal(check(&a, trust, POLICY_IDENTITY), IAM_MALFORMED_POLICY_DOCUMENT);
    assert_int_equal(check(&a, S("{"), POLICY_TRUST), IAM_MALFORMED_POLICY_DOCUMENT);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_leave_white_space_out),
        cmocka_unit_test(answers_carry_them_percent_encoded),
        cmocka_unit_test(each_kind_has_its_own_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
