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

static bool fits(const char *pattern, enum nevra_form form)
{
    const struct nevra n = nevra_of(S("kernel-core"), S("5.14-1.el9"), S("x86_64"));
    struct nevra wanted;

    return nevra_parse(str_of(pattern), form, &wanted) && nevra_fits(&wanted, &n);
}

static void every_form_is_taken_apart(void **state)
{
    (void)state;
    assert_true(fits("kernel-core", NEVRA_NAME));
    assert_true(fits("kernel*", NEVRA_NAME));
    assert_true(fits("kernel-?or[a-f]", NEVRA_NAME));
    assert_true(fits("kernel-core.x86_64", NEVRA_NAME_ARCH));
    assert_true(fits("kernel-core.*", NEVRA_NAME_ARCH));
    assert_true(fits("kernel-core-5.14", NEVRA_NO_RELEASE));
    assert_true(fits("kernel-core-0:5.14", NEVRA_NO_RELEASE));
    assert_true(fits("kernel-core-5.14-1.el9", NEVRA_NO_ARCH));
    assert_true(fits("kernel-core-0:5.14-1.*", NEVRA_NO_ARCH));
    assert_true(fits("kernel-core-5.14-1.el9.x86_64", NEVRA_FULL));
    assert_true(fits("kernel-core-0:5.14-1.el9.x86_64", NEVRA_FULL));
}

static void a_part_is_not_of_another_form(void **state)
{
    (void)state;
    assert_false(fits("kernel", NEVRA_NAME));
    assert_false(fits("Kernel-core", NEVRA_NAME));
    assert_false(fits("", NEVRA_NAME));
    assert_false(fits("*4", NEVRA_NAME)); /* which ends no name, though a version */
    assert_false(fits("kernel-core-0:5.14", NEVRA_NAME));
    assert_false(fits("kernel-core.i686", NEVRA_NAME_ARCH));
    assert_false(fits("kernel-core-1:5.14-1.el9", NEVRA_NO_ARCH));
    assert_false(fits("kernel-core-x:5.14-1.el9", NEVRA_NO_ARCH));
    assert_false(fits("kernel-core-5.1", NEVRA_NO_RELEASE));
    assert_false(fits("kernel-core-5.14-1.el9.x86_64.rpm", NEVRA_FULL));
}

static void a_whole_spelling_may_have_its_wildcards_anywhere(void **state)
{
    (void)state;
    const struct nevra n = nevra_of(S("kernel-core"), S("5.14-1.el9"), S("x86_64"));

    assert_true(nevra_is_spelled(S("kernel-*.x86_64"), &n));
    assert_true(nevra_is_spelled(S("kernel-core-0:5*"), &n));
    assert_false(nevra_is_spelled(S("kernel-core"), &n));
}

static void a_pattern_too_long_matches_nothing(void **state)
{
    (void)state;
    char text[2000];

    memset(text, '*', sizeof(text));
    assert_false(nevra_glob((struct str){ text, sizeof(text) }, S("a")));
    assert_false(nevra_glob((struct str){ "a\0b", 3 }, S("a")));
}

static void the_name_of_a_full_spelling_is_known(void **state)
{
    (void)state;

    assert_str(nevra_name(S("kernel-core-0:5.14-1.el9.x86_64")), "kernel-core");
    assert_str(nevra_name(S("bash")), "bash");
    assert_str(nevra_name(S("bash-5")), "bash-5");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_version_is_taken_apart),
        cmocka_unit_test(every_form_is_taken_apart),
        cmocka_unit_test(a_part_is_not_of_another_form),
        cmocka_unit_test(a_whole_spelling_may_have_its_wildcards_anywhere),
        cmocka_unit_test(a_pattern_too_long_matches_nothing),
        cmocka_unit_test(the_name_of_a_full_spelling_is_known),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
