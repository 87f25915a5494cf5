/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf_config.h"

#include <stdlib.h>

#include "sys/file.h"

#include "../test.h"

struct fixture {
    struct arena a;
    char root[64];
    const char *sources;
    struct rpm_config config;
    struct str why;
};

static void make_root(struct fixture *f)
{
    *f = (struct fixture){ .root = "/tmp/dnf-config-XXXXXX" };
    assert_non_null(mkdtemp(f->root));
}

static void put(struct fixture *f, const char *path, const char *text)
{
    struct str full = arena_fmt(&f->a, "%s%s", f->root, path);
    struct str dir = str_slice(full, 0, (size_t)str_rfind(full, '/'));

    assert_int_equal(file_make_dirs(arena_cstr(&f->a, dir), 0755), 0);
    assert_int_equal(file_write(full.p, str_of(text), 0644), 0);
}

static int look(struct fixture *f)
{
    const struct rpm_host host = { f->root, f->sources, S("9.4"), S("x86_64") };

    return dnf_config_read(&f->a, &host, &f->config, &f->why);
}

static void done(struct fixture *f)
{
    assert_int_equal(file_remove_tree(f->root), 0);
    arena_done(&f->a);
}

static void enabled_repositories_are_known_with_the_folder_of_their_metadata(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    put(&f, "/etc/dnf/dnf.conf", "[main]\nexcludepkgs=a b\nobsoletes=0\n[inmain]\nbaseurl=x\n");
    put(&f, "/etc/dnf/vars/site", "here\nrest\n");
    put(&f, "/etc/yum.repos.d/test.repo",
        "[test]\nbaseurl=file:///srv/repo\npriority=10\ncost=5\nexclude=c\nmodule_hotfixes=1\n"
        "[vars]\nmirrorlist=http://$site/${releasever}/$basearch/$unknown\nbaseurl=y\n"
        "[off]\nbaseurl=z\nenabled=0\n");
    put(&f, "/etc/yum.repos.d/ignored.txt", "[no]\nbaseurl=z\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.n_repos, 3);
    assert_false(f.config.obsoletes);
    assert_int_equal(f.config.excludes.count, 2);
    assert_str(f.config.repos[0].id, "inmain");

    const struct rpm_repo *test = &f.config.repos[1], *vars = &f.config.repos[2];

    /* as dnf itself names it */
    assert_str(str_from(str_of(test->dir), strlen(f.root)), "/var/cache/dnf/test-93ef0015ed0ae167");
    assert_int_equal(test->priority, 10);
    assert_int_equal(test->cost, 5);
    assert_true(test->module_hotfixes);
    assert_str(test->excludes.items[0], "c");
    assert_int_equal(vars->priority, 99);
    assert_true(str_ends(str_of(vars->dir),
                         dnf_repo_folder(&f.a, S("vars"), S("http://here/9.4/x86_64/$unknown"))));
    done(&f);
}

static void locks_count_where_the_plugin_is_on(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    put(&f, "/list", "# Added\nbash-0:5.1-1.*\n\n !kernel-6*\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.version_locks.count, 0);
    put(&f, "/etc/dnf/plugins/versionlock.conf", "[main]\nenabled = 1\nlocklist = /list\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.version_locks.count, 2);
    assert_str(f.config.version_locks.items[1], "!kernel-6*");
    put(&f, "/etc/dnf/plugins/versionlock.conf", "[main]\nenabled = 0\nlocklist = /list\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.version_locks.count, 0);
    done(&f);
}

static void excludes_can_be_switched_off(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    put(&f, "/etc/dnf/dnf.conf", "[main]\nexcludepkgs=a\ndisable_excludes=all\n");
    put(&f, "/etc/yum.repos.d/r.repo", "[r]\nbaseurl=x\nexcludepkgs=b\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.excludes.count + f.config.repos[0].excludes.count, 0);
    done(&f);
}

static void alternative_sources_are_all_there_is(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    f.sources = "/state";
    put(&f, "/etc/dnf/dnf.conf", "[main]\nexcludepkgs=a\n[inmain]\nbaseurl=x\n");
    put(&f, "/etc/yum.repos.d/r.repo", "[r]\nbaseurl=x\n");
    put(&f, "/state/repos/1.repo", "[patchbay-source-1]\nbaseurl=file:///srv/repo\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.n_repos, 1);
    assert_int_equal(f.config.excludes.count, 1);
    assert_true(str_starts(str_from(str_of(f.config.repos[0].dir), strlen(f.root)),
                           S("/state/dnf/patchbay-source-1-")));
    done(&f);
}

static void a_file_too_large_is_told(void **state)
{
    (void)state;
    struct fixture f;
    char *text = calloc(1, INI_MAX_BYTES + 2);

    assert_non_null(text);
    memset(text, '#', INI_MAX_BYTES + 1);
    make_root(&f);
    put(&f, "/etc/dnf/dnf.conf", text);
    assert_int_equal(look(&f), RPM_CONFIG_BAD);
    assert_str(f.why, "/etc/dnf/dnf.conf is too large");
    free(text);
    done(&f);
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
