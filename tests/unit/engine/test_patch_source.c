/* SPDX-License-Identifier: Apache-2.0 */
/* Alternative sources: which configurations are right, and whom they are for. */
#include "engine/patch_source.h"

#include "../test.h"

#define GOOD(family, text)     assert_null(patch_source_fault(family, str_of(text)))
#define BAD(family, text, why) assert_string_equal(patch_source_fault(family, str_of(text)), why)

static void apt_takes_one_line_of_packages(void **state)
{
    (void)state;
    GOOD(PATCH_FAMILY_APT, "deb http://a.example/debian bookworm main contrib");
    GOOD(PATCH_FAMILY_APT, "deb [signed-by=/k.gpg arch=amd64] https://a/ bookworm main\n");
    GOOD(PATCH_FAMILY_APT, "deb file:/srv/flat ./");
    BAD(PATCH_FAMILY_APT, " ", "it is empty");
    BAD(PATCH_FAMILY_APT, "deb-src http://a/ b c", "it does not begin with \"deb\"");
    BAD(PATCH_FAMILY_APT, "Types: deb", "it does not begin with \"deb\"");
    BAD(PATCH_FAMILY_APT, "deb http://a/ b c\ndeb http://b/ b c", "it is not one line of text");
    BAD(PATCH_FAMILY_APT, "deb http://a/ b \x1b[1m", "it is not one line of text");
    BAD(PATCH_FAMILY_APT, "deb [trusted=yes http://a/ b c", "its options have no closing bracket");
    BAD(PATCH_FAMILY_APT, "deb bookworm main", "it names no URI");
    BAD(PATCH_FAMILY_APT, "deb http://a/", "it names no suite");
    BAD(PATCH_FAMILY_APT, "deb http://a/ bookworm", "it names no component");
}

static void rpm_takes_one_section_with_an_address(void **state)
{
    (void)state;
    GOOD(PATCH_FAMILY_RPM, "[main]\nname=x\nbaseurl=https://a/\nenabled=1\n");
    GOOD(PATCH_FAMILY_ZYPPER, "# mine\r\n[a.b-c]\r\nbaseurl = http://a/\r\n  http://b/\r\n");
    GOOD(PATCH_FAMILY_RPM, "[a]\nmetalink=https://a/");
    BAD(PATCH_FAMILY_RPM, "name=x", "it does not begin with a section \"[id]\"");
    BAD(PATCH_FAMILY_RPM, "[../x]\nbaseurl=a", "it does not begin with a section \"[id]\"");
    BAD(PATCH_FAMILY_RPM, "[a]\nbaseurl=x\n[b]\nbaseurl=y", "it has more than one section");
    BAD(PATCH_FAMILY_RPM, "[a]\nbaseurl", "a line is not \"key=value\"");
    BAD(PATCH_FAMILY_RPM, "[a]\nname=x\nbaseurl=", "it has no baseurl, mirrorlist or metalink");
    BAD(PATCH_FAMILY_RPM, "[a]\nbaseurl=\x01", "it has a control character");
    BAD(PATCH_FAMILY_NONE, "[a]\nbaseurl=b", "sources are for Linux");
}

static void a_source_is_for_its_products(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct str twelve[] = { S("Debian11"), S("Debian12") }, any[] = { S("*") };
    struct baseline_source sources[] = {
        { S("one"), { twelve, 2 }, S("deb file:1 x y\n") },
        { S("two"), { twelve, 1 }, S("deb file:2 x y") },
        { S("three"), { any, 1 }, S("deb file:3 x y") },
    };
    const struct baseline b = { .sources = sources, .n_sources = 3 };
    struct strs found = patch_sources_of(&a, &b, S("Debian12"));

    assert_int_equal(found.count, 2);
    assert_str(found.items[0], "deb file:1 x y");
    assert_str(found.items[1], "deb file:3 x y");
    assert_int_equal(patch_sources_of(&a, &b, S("Ubuntu22.04")).count, 1);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(apt_takes_one_line_of_packages),
        cmocka_unit_test(rpm_takes_one_section_with_an_address),
        cmocka_unit_test(a_source_is_for_its_products),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
