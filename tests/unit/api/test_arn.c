/* SPDX-License-Identifier: Apache-2.0 */
#include "api/op.h"

#include "../test.h"

static void an_arn_has_six_parts(void **state)
{
    (void)state;
    struct arn arn;

    assert_true(arn_parse(S("arn:aws:ssm:us-east-1:111122223333:document/A:1"), &arn));
    assert_str(arn.partition, "aws");
    assert_str(arn.service, "ssm");
    assert_str(arn.region, "us-east-1");
    assert_str(arn.account, "111122223333");
    assert_str(arn.resource, "document/A:1");

    assert_true(arn_parse(S("arn:aws:s3:::bucket/key"), &arn));
    assert_str(arn.region, "");
    assert_str(arn.account, "");
    assert_str(arn.resource, "bucket/key");
}

static void anything_else_is_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "arn",
        "arn:",
        "arn:aws",
        "arn:aws:s3",
        "arn:aws:s3:",
        "arn:aws:s3::",
        "arn:aws:s3:::",
        "ARN:aws:s3:::x",
        " arn:aws:s3:::x",
        "urn:aws:s3:::x",
        "bucket",
    };
    struct arn arn;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_false(arn_parse(str_of(wrong[i]), &arn));
    assert_false(arn_parse((struct str){ 0 }, &arn));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_arn_has_six_parts),
        cmocka_unit_test(anything_else_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
