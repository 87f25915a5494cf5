/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/nevra.h"

#include "../test.h"

static void a_version_is_taken_apart(void **state)
{
    (void)state;
    struct nevra n = nevra_of(S("openssl"), S("1:3.0.7-27.el9"), S("x86_64"));

    assert_str(n.epoch, "1");
    assert_str(n.version, "3.0.7");
    assert_str(n.release, "27.el9");
    n = nevra_of(S("bash"), S("5.1-9"), S("x86_64"));
    assert_str(n.epoch, "0");
    assert_str(n.version, "5.1");
}

static void every_spelling_of_a_package_matches(void **state)
{
    (void)state;
    static const char *const yes[] = {
        "kernel-core",
        "kernel-core.x86_64",
        "kernel-core-5.14",
        "kernel-core-0:5.14",
        "kernel-core-5.14-1.el9",
        "kernel-core-0:5.14-1.el9",
        "kernel-core-5.14-1.el9.x86_64",
        "kernel-core-0:5.14-1.el9.x86_64",
        "0:kernel-core-5.14-1.el9.x86_64",
        "kernel*",
        "*",
        "kernel-core-0:5.14-1.*",
        "kernel-cor[a-f]",
        "kernel-?ore",
    };
    static const char *const no[] = {
        "kernel",
        "core",
        "kernel-core.i686",
        "kernel-core-1:5.14-1.el9",
        "kernel-core-5.1",
        "Kernel-core",
        "",
        "kernel-core-5.14-1.el9.x86_64.rpm",
    };
    const struct nevra n = nevra_of(S("kernel-core"), S("5.14-1.el9"), S("x86_64"));

    for (size_t i = 0; i < ARRAY_LEN(yes); i++)
        assert_true(nevra_matches(str_of(yes[i]), &n));
    for (size_t i = 0; i < ARRAY_LEN(no); i++)
        assert_false(nevra_matches(str_of(no[i]), &n));
}

static void a_pattern_too_long_matches_nothing(void **state)
{
    (void)state;
    const struct nevra n = nevra_of(S("a"), S("1-1"), S("noarch"));
    char text[2000];

    memset(text, '*', sizeof(text));
    assert_false(nevra_matches((struct str){ text, sizeof(text) }, &n));
    assert_false(nevra_matches((struct str){ "a\0b", 3 }, &n));
}

static void the_name_of_a_full_spelling_is_known(void **state)
{
    (void)state;

    assert_str(nevra_name(S("kernel-core-0:5.14-1.*")), "kernel-core");
    assert_str(nevra_name(S("bash")), "bash");
    assert_str(nevra_name(S("bash-5")), "bash-5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_taken_apart),
        cmocka_unit_test(every_spelling_of_a_package_matches),
        cmocka_unit_test(a_pattern_too_long_matches_nothing),
        cmocka_unit_test(the_name_of_a_full_spelling_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
