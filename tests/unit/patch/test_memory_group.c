/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/memory_group.h"

#include "../test.h"

static void check(const char *cgroup, bool found, const char *path, bool is_v2)
{
    struct str got = S("");
    bool got_v2 = false;

    assert_int_equal(memory_group_path(str_of(cgroup), &got, &got_v2), found);
    if (found) {
        assert_true(str_eq(got, str_of(path)));
        assert_int_equal(got_v2, is_v2);
    }
}

static void memory_is_in_version_1_where_that_names_it(void **state)
{
    (void)state;

    check("0::/system.slice/x.service\n", true, "/system.slice/x.service", true);
    check("0::/two\n4:memory:/one\n", true, "/one", false);
    check("4:cpu,memory,pids:/one\n0::/two\n", true, "/one", false);
    check("12:name=systemd:/a\n4:cpu:/b\n0::/two\n", true, "/two", true);
    check("0::/a:b\n", true, "/a:b", true);
}

static void what_cannot_be_reached_is_no_group(void **state)
{
    (void)state;

    check("", false, "", false);
    check("0::/../outside\n", false, "", false);
    check("0::\n", false, "", false);
    check("0:/x\nnonsense\n:::\n", false, "", false);
    check("4:memory:/../outside\n1:name=systemd:/a\n", false, "", false);
}

static void kills_are_read_of_both_versions(void **state)
{
    (void)state;

    assert_int_equal(
        memory_group_parse_kills(S("low 0\nhigh 0\nmax 12\noom 3\noom_kill 2\noom_group_kill 7\n")),
        2);
    assert_int_equal(memory_group_parse_kills(S("oom_kill_disable 1\nunder_oom 0\noom_kill 5\n")),
                     5);
    assert_int_equal(memory_group_parse_kills(S("oom_kill_disable 0\nunder_oom 0\n")), 0);
    assert_int_equal(memory_group_parse_kills(S("oom_kill x\noom_kill -1\noom_kill ")), 0);
    assert_int_equal(memory_group_parse_kills(S("")), 0);
    assert_int_equal(memory_group_kills(NULL), 0);
    assert_int_equal(memory_group_kills(&(struct memory_group){ .dir = "/nonexistent" }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_in_version_1_where_that_names_it),
        cmocka_unit_test(what_cannot_be_reached_is_no_group),
        cmocka_unit_test(kills_are_read_of_both_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
