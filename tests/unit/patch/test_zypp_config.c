/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/zypp_config.h"

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
    *f = (struct fixture){ .root = "/tmp/zypp-config-XXXXXX" };
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
    const struct rpm_host host = { f->root, f->sources, S("15"), S("x86_64") };

    return zypp_config_read(&f->a, &host, &f->config, &f->why);
}

static void done(struct fixture *f)
{
    assert_int_equal(file_remove_tree(f->root), 0);
    arena_done(&f->a);
}

static void assert_dir(const struct fixture *f, size_t i, const char *dir)
{
    assert_str(str_from(str_of(f->config.repos[i].dir), strlen(f->root)), dir);
}

static void enabled_repositories_are_known_with_the_folder_of_their_metadata(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    put(&f, "/etc/zypp/repos.d/a.repo",
        "[SLES:15/main]\nbaseurl=https://$releasever.invalid\npriority=20\npath=/sub\n"
        "[off]\nenabled=0\nbaseurl=x\n[plain]\nbaseurl=dir:///srv\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.n_repos, 2);
    assert_str(f.config.repos[0].id, "SLES:15/main");
    assert_dir(&f, 0, "/var/cache/zypp/raw/SLES:15_main/sub");
    assert_int_equal(f.config.repos[0].priority, 20);
    assert_false(f.config.repos[0].is_local);
    assert_dir(&f, 1, "/var/cache/zypp/raw/plain");
    assert_int_equal(f.config.repos[1].priority, 99);
    assert_true(f.config.repos[1].is_local);
    assert_true(f.config.keeps_vendor);
    done(&f);
}

static void zypp_conf_moves_things(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    put(&f, "/etc/zypp/zypp.conf",
        "[main]\narch = i686\ncachedir = /srv/cache\n"
        "reposdir = /srv/repos\nsolver.allowVendorChange = true\n"
        "multiversion = provides:multiversion(kernel), tool\nlocksfile.path = /srv/locks\n");
    put(&f, "/etc/zypp/multiversion.d/more", "# none\nprovides:other\n");
    put(&f, "/srv/repos/a.repo", "[a]\nbaseurl=x\n");
    put(&f, "/srv/locks", "solvable_name: x\n");
    assert_int_equal(look(&f), 0);
    assert_dir(&f, 0, "/srv/cache/raw/a");
    assert_str(f.config.arch, "i686");
    assert_false(f.config.keeps_vendor);
    assert_int_equal(f.config.n_locks, 1);
    assert_int_equal(f.config.install_only.count, 3);
    assert_str(f.config.install_only.items[0], "multiversion(kernel)");
    assert_str(f.config.install_only.items[1], "tool");
    assert_str(f.config.install_only.items[2], "other");
    done(&f);
}

static void alternative_sources_take_the_place_of_all(void **state)
{
    (void)state;
    struct fixture f;

    make_root(&f);
    f.sources = "/state";
    put(&f, "/etc/zypp/repos.d/a.repo", "[a]\nbaseurl=x\n");
    assert_int_equal(look(&f), RPM_CONFIG_BAD); /* there are none */
    put(&f, "/state/repos/1.repo", "[patchbay-source-1]\nbaseurl=x\n");
    assert_int_equal(look(&f), 0);
    assert_int_equal(f.config.n_repos, 1);
    assert_dir(&f, 0, "/state/zypp/raw/patchbay-source-1");
    done(&f);
}

static void locks_are_blocks_of_lines(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct rpm_config config = { 0 };
    struct str why;

    assert_int_equal(zypp_locks_parse(&a,
                                      S("\ntype: package\nmatch_type: glob\ncase_sensitive: on\n"
                                        "solvable_name: kernel*\nsolvable_name: tool\n\n"
                                        "type: patch\nsolvable_name: SUSE-1\ncomplex: any\n\n"
                                        "type: package\nmatch_type: regex\ncase_sensitive: off\n"
                                        "solvable_name: ^a$\nversion: >= 1.0-1\nrepo: main\n"),
                                      &config, &why),
                     0);
    assert_int_equal(config.n_locks, 2);
    assert_int_equal(config.locks[0].names.count, 2);
    assert_str(config.locks[0].names.items[1], "tool");
    assert_true(config.locks[0].minds_case);
    assert_int_equal(config.locks[0].match, RPM_LOCK_GLOB);
    assert_int_equal(config.locks[1].match, RPM_LOCK_REGEX);
    assert_false(config.locks[1].minds_case);
    assert_str(config.locks[1].op, ">=");
    assert_str(config.locks[1].version, "1.0-1");
    assert_str(config.locks[1].repos.items[0], "main");
    arena_done(&a);
}

static void what_a_lock_does_not_say_is_as_libzypp_has_it(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct rpm_config config = { 0 };
    struct str why;

    assert_int_equal(zypp_locks_parse(&a,
                                      S("solvable_name: x\nversion: 2\n\n"
                                        "type: package\ntype: patch\nrepo: a\nrepo: b\n\n"
                                        "kind: pattern\nstring_type: exact\nsolvable_name: y\n"),
                                      &config, &why),
                     0);
    assert_int_equal(config.n_locks, 2); /* that of patterns is none */
    assert_int_equal(config.locks[0].match, RPM_LOCK_SUBSTRING);
    assert_false(config.locks[0].minds_case);
    assert_str(config.locks[0].op, "==");
    assert_str(config.locks[0].version, "2");
    assert_int_equal(config.locks[1].repos.count, 2);
    arena_done(&a);
}

static void a_lock_that_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "complex: x",      "match_type: word",     "version: >",
                                       "query_string: x", "solvable_name: x > 1", "nothing" };

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct arena a = { 0 };
        struct rpm_config config = { 0 };
        struct str why = { 0 };

        assert_int_equal(zypp_locks_parse(&a, str_of(bad[i]), &config, &why), RPM_CONFIG_BAD);
        assert_true(str_contains(why, str_of(bad[i])));
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enabled_repositories_are_known_with_the_folder_of_their_metadata),
        cmocka_unit_test(zypp_conf_moves_things),
        cmocka_unit_test(alternative_sources_take_the_place_of_all),
        cmocka_unit_test(locks_are_blocks_of_lines),
        cmocka_unit_test(what_a_lock_does_not_say_is_as_libzypp_has_it),
        cmocka_unit_test(a_lock_that_is_not_understood_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
