/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/zypp_config.h"

#include "rpm_root.h"

static void make_root(struct rpm_root *f)
{
    rpm_root_make(f, zypp_config_read, "15");
}

static void enabled_repositories_are_known_with_the_folder_of_their_metadata(void **state)
{
    (void)state;
    struct rpm_root f;

    make_root(&f);
    rpm_root_put(&f, "/etc/zypp/repos.d/a.repo",
                 "[SLES:15/main]\nbaseurl=https://$releasever.invalid\npriority=20\npath=/sub\n"
                 "[off]\nenabled=0\nbaseurl=x\n[plain]\nbaseurl=dir:///srv\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_int_equal(f.config.n_repos, 2);
    assert_str(f.config.repos[0].id, "SLES:15/main");
    assert_str(rpm_root_dir(&f, 0), "/var/cache/zypp/raw/SLES:15_main/sub");
    assert_int_equal(f.config.repos[0].priority, 20);
    assert_false(f.config.repos[0].is_local);
    assert_str(rpm_root_dir(&f, 1), "/var/cache/zypp/raw/plain");
    assert_int_equal(f.config.repos[1].priority, 99);
    assert_true(f.config.repos[1].is_local);
    assert_true(f.config.keeps_vendor);
    rpm_root_done(&f);
}

static void zypp_conf_moves_things(void **state)
{
    (void)state;
    struct rpm_root f;

    make_root(&f);
    rpm_root_put(
        &f, "/etc/zypp/zypp.conf",
        "[main]\narch = i686\ncachedir = /srv/cache\n"
        "reposdir = /srv/repos\nsolver.allowVendorChange = true\n"
        "multiversion = provides:multiversion(kernel), tool\nlocksfile.path = /srv/locks\n");
    rpm_root_put(&f, "/etc/zypp/multiversion.d/more", "# none\nprovides:other\n");
    rpm_root_put(&f, "/srv/repos/a.repo", "[a]\nbaseurl=x\n");
    rpm_root_put(&f, "/srv/locks", "solvable_name: x\n");
    assert_int_equal(rpm_root_look(&f), 0);
    assert_str(rpm_root_dir(&f, 0), "/srv/cache/raw/a");
    assert_str(f.config.arch, "i686");
    assert_false(f.config.keeps_vendor);
    assert_int_equal(f.config.n_locks, 1);
    assert_int_equal(f.config.install_only.count, 3);
    assert_str(f.config.install_only.items[0], "multiversion(kernel)");
    assert_str(f.config.install_only.items[1], "tool");
    assert_str(f.config.install_only.items[2], "other");
    rpm_root_done(&f);
}

static void alternative_sources_take_the_place_of_all(void **state)
{
    (void)state;
    rpm_root_takes_sources_alone(zypp_config_read, "/etc/zypp/repos.d/a.repo",
                                 "/state/zypp/raw/patchbay-source-1");
}

static void a_file_too_large_is_told(void **state)
{
    (void)state;
    rpm_root_tells_of_large_files(zypp_config_read, "/etc/zypp/zypp.conf");
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
        cmocka_unit_test(a_file_too_large_is_told),
        cmocka_unit_test(locks_are_blocks_of_lines),
        cmocka_unit_test(what_a_lock_does_not_say_is_as_libzypp_has_it),
        cmocka_unit_test(a_lock_that_is_not_understood_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
