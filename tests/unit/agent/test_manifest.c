/* SPDX-License-Identifier: Apache-2.0 */
#include "../test.h"

#include "agent/manifest.h"

#define SUM "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define HEAD "patchbay-manifest 1\n"

#define LINE(family, arch, version, file) SUM " 1000 " family " " arch " " version " " file "\n"

static const char whole[] = HEAD LINE("deb", "amd64", "0.9.0", "patchbay-agent_0.9.0_amd64.deb")
    LINE("deb", "amd64", "0.10.0", "patchbay-agent_0.10.0_amd64.deb")
        LINE("deb", "arm64", "0.11.0", "patchbay-agent_0.11.0_arm64.deb")
            LINE("rpm", "x86_64", "0.10.0", "patchbay-agent-0.10.0.x86_64.rpm");

static void the_newest_of_a_family_is_found(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct manifest m;
    struct str why;

    assert_true(manifest_parse(&a, str_of(whole), &m, &why));
    assert_int_equal(m.count, 4);
    const struct package *p = manifest_find(&m, S("deb"), S("amd64"), S(""));
    assert_str(p->version, "0.10.0");
    assert_str(p->file, "patchbay-agent_0.10.0_amd64.deb");
    assert_str(p->sum, SUM);
    assert_int_equal(p->size, 1000);
    assert_str(manifest_find(&m, S("deb"), S("amd64"), S("0.9"))->version, "0.9.0");
    assert_null(manifest_find(&m, S("deb"), S("amd64"), S("0.11.0")));
    assert_null(manifest_find(&m, S("rpm"), S("aarch64"), S("")));
    arena_done(&a);
}

static void anything_else_is_no_manifest(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "patchbay-manifest 2\n",
        HEAD "\n" LINE("deb", "amd64", "1", "f.deb"),
        HEAD "x 1000 deb amd64 1 f.deb\n",
        HEAD SUM " 1000 deb amd64 1\n",
        HEAD SUM " -5 deb amd64 1 f.deb\n",
        HEAD SUM " 0 deb amd64 1 f.deb\n",
        HEAD SUM " 99999999999999 deb amd64 1 f.deb\n",
        HEAD LINE("apk", "amd64", "1", "f.deb"),
        HEAD LINE("deb", "", "1", "f.deb"),
        HEAD LINE("deb", "amd64", "1~rc1", "f.deb"),
        HEAD LINE("deb", "amd64", "1", "../f.deb"),
        HEAD LINE("deb", "amd64", "1", "/f.deb"),
        HEAD LINE("deb", "amd64", "1", ".f.deb"),
        HEAD LINE("deb", "amd64", "1", "-f.deb"),
        HEAD LINE("deb", "amd64", "1", "a f.deb"),
        HEAD LINE("deb", "amd64", "1", ""),
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct arena a = { 0 };
        struct str why = { 0 };
        struct manifest m;
        assert_false(manifest_parse(&a, str_of(wrong[i]), &m, &why));
        assert_true(str_is_set(why));
        arena_done(&a);
    }
}

static void versions_are_numbers(void **state)
{
    (void)state;
    static const char *const ascending[] = { "0",    "0.0.1", "0.1",     "0.1.1", "0.9.9",
                                             "0.10", "1",     "1.0.0.1", "2",     "10.0" };

    for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
        for (size_t j = 0; j < ARRAY_LEN(ascending); j++) {
            int order = version_compare(str_of(ascending[i]), str_of(ascending[j]));
            assert_int_equal(order, i < j ? -1 : i > j ? 1 : 0);
        }
    assert_int_equal(version_compare(S("1.0"), S("1")), 0);
    assert_true(version_is(S("1.2.3.4")));
    assert_false(version_is(S("1.2.3.4.5")) || version_is(S("")) || version_is(S("1..2")) ||
                 version_is(S("1.")) || version_is(S("v1")) || version_is(S("1234567890")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_of_a_family_is_found),
        cmocka_unit_test(anything_else_is_no_manifest),
        cmocka_unit_test(versions_are_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
