/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf_config.h"

#include "rpm_root.h"

static void make_root(struct rpm_root *f)
{
    rpm_root_make(f, dnf_config_read, "9.4");
}

static void enabled_repositories_are_known_with_the_folder_of_their_metadata(void **state)
{
    (void)state;
    struct rpm_root f;

    make_root(&f);
    rpm_root_put(&f, "/etc/dnf/dnf.conf",
                 "[main]\nexcludepkgs=a b\nobsoletes=0\n[inmain]\nbaseurl=x\n");
    rpm_root_put(&f, "/etc/dnf/vars/site", "here\nrest\n");
    rpm_root_put(
        &f, "/etc/yum.repos.d/test.repo",
        "[test]\nbaseurl=file:///srv/repo\npriority=10\ncost=5\nexclude=c\nmodule_hotfixes=1\n"
        "[vars]\nmirrorlist=http://$site/${releasever}/$basearch/$unknown\nbaseurl=y\n"
        "[off]\nbaseurl=z\nenabled=0\n");
    rpm_root_put(&f, "/etc/yum.repos.d/ignored.txt", "[no]\nbaseurl=z\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.n_repos, 3);
    assert_false(f.config.obsoletes);
    assert_int_equal(f.config.excludes.count, 2);
    assert_str(f.config.repos[0].id, "inmain");

    const struct rpm_repo *test = &f.config.repos[1], *vars = &f.config.repos[2];

    /* as dnf itself names it */
    assert_str(rpm_root_dir(&f, 1), "/var/cache/dnf/test-93ef0015ed0ae167");
    assert_int_equal(test->priority, 10);
    assert_int_equal(test->cost, 5);
    assert_true(test->module_hotfixes);
    assert_str(test->excludes.items[0], "c");
    assert_int_equal(vars->priority, 99);
    assert_true(str_ends(str_of(vars->dir),
                         dnf_repo_folder(&f.a, S("vars"), S("http://here/9.4/x86_64/$unknown"))));
    rpm_root_done(&f);
}

static void locks_count_where_the_plugin_is_on(void **state)
{
    (void)state;
    struct rpm_root f;

    make_root(&f);
    rpm_root_put(&f, "/list", "# Added\nbash-0:5.1-1.*\n\n !kernel-6*\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.version_locks.count, 0);
    rpm_root_put(&f, "/etc/dnf/plugins/versionlock.conf",
                 "[main]\nenabled = 1\nlocklist = /list\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.version_locks.count, 2);
    assert_str(f.config.version_locks.items[1], "!kernel-6*");
    rpm_root_put(&f, "/etc/dnf/plugins/versionlock.conf",
                 "[main]\nenabled = 0\nlocklist = /list\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.version_locks.count, 0);
    rpm_root_done(&f);
}

static void excludes_can_be_switched_off(void **state)
{
    (void)state;
    struct rpm_root f;

    make_root(&f);
    rpm_root_put(&f, "/etc/dnf/dnf.conf", "[main]\nexcludepkgs=a\ndisable_excludes=all\n");
    rpm_root_put(&f, "/etc/yum.repos.d/r.repo", "[r]\nbaseurl=x\nexcludepkgs=b\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.excludes.count + f.config.repos[0].excludes.count, 0);
    rpm_root_done(&f);
}

static void alternative_sources_are_all_there_is(void **state)
{
    (void)state;
    struct rpm_root f;

    rpm_root_takes_sources_alone(dnf_config_read, "/etc/yum.repos.d/r.repo",
                                 "/state/dnf/patchbay-source-1-");
    make_root(&f);
    f.sources = "/state";
    rpm_root_put(&f, "/etc/dnf/dnf.conf", "[main]\nexcludepkgs=a\n[inmain]\nbaseurl=x\n");
    rpm_root_put(&f, "/state/repos/1.repo", "[patchbay-source-1]\nbaseurl=file:///srv/repo\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.n_repos, 1);
    assert_int_equal(f.config.excludes.count, 1);
    rpm_root_done(&f);
}

static void a_file_too_large_is_told(void **state)
{
    (void)state;
    rpm_root_tells_of_large_files(dnf_config_read, "/etc/dnf/dnf.conf");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enabled_repositories_are_known_with_the_folder_of_their_metadata),
        cmocka_unit_test(locks_count_where_the_plugin_is_on),
        cmocka_unit_test(excludes_can_be_switched_off),
        cmocka_unit_test(alternative_sources_are_all_there_is),
        cmocka_unit_test(a_file_too_large_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
