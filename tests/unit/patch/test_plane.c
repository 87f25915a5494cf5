/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/plane.h"

#include "wire/sigv4.h"

#include "../test.h"

static const char file[] = "# made by the agent\n"
                           "[other]\n"
                           "aws_access_key_id = WRONG\n"
                           "\n"
                           "[default]\r\n"
                           "aws_access_key_id = ASIA1\n"
                           "aws_secret_access_key=se/cr=et\n"
                           "  aws_session_token =  token==\n"
                           "region = eu-west-1\n"
                           "[half]\n"
                           "aws_access_key_id = ASIA2\n"
                           "nonsense\n";

static void a_profile_is_read(void **state)
{
    (void)state;
    struct sigv4_credentials c = { 0 };

    assert_true(plane_read_profile(str_of(file), S("default"), &c));
    assert_str(c.access_key, "ASIA1");
    assert_str(c.secret, "se/cr=et");
    assert_str(c.token, "token==");
}

static void half_a_profile_is_none(void **state)
{
    (void)state;
    struct sigv4_credentials c = { 0 };

    assert_false(plane_read_profile(str_of(file), S("half"), &c));
    assert_false(plane_read_profile(str_of(file), S("nobody"), &c));
    assert_false(plane_read_profile(S(""), S("default"), &c));
    assert_false(str_is_set(c.access_key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_profile_is_read),
        cmocka_unit_test(half_a_profile_is_none),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
