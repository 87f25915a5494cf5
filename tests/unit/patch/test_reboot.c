/* SPDX-License-Identifier: Apache-2.0 */
/* Reboot facts of a made-up system: a root folder with a /proc of its own. */
#include "patch/reboot.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sys/file.h"

#include "../test.h"

#define BOOT    1700000000 /* long ago: a file made by the test is newer */
#define MAPPING "7f1c2b000000-7f1c2b155000 r-xp 00026000 fe:01 1835036 "

struct fixture {
    struct arena a;
    struct host host;
    char dir[64];
};

static void put(struct fixture *f, const char *path, const char *text)
{
    const char *full = host_path(&f->a, &f->host, path);
    struct str parent = str_of(full);

    parent.len = (size_t)str_rfind(parent, '/');
    assert_int_equal(file_make_dirs(arena_cstr(&f->a, parent), 0755), 0);
    assert_int_equal(file_write(full, str_of(text), 0644), 0);
}

static void put_kernel(struct fixture *f, const char *release)
{
    put(f, arena_fmt(&f->a, "/boot/vmlinuz-%s", release).p, "");
}

static void open_fixture(struct fixture *f, int64_t boot)
{
    *f = (struct fixture){ .dir = "/tmp/patch-reboot-XXXXXX" };
    assert_non_null(mkdtemp(f->dir));
    f->host = (struct host){ .root = str_of(f->dir) };
    put(f, "/proc/stat", arena_fmt(&f->a, "cpu 1\nbtime %lld\n", (long long)boot).p);
    put(f, "/proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
    put_kernel(f, "6.1.0-9-amd64");
}

static void close_fixture(struct fixture *f)
{
    assert_int_equal(file_remove_tree(f->dir), 0);
    arena_done(&f->a);
}

static int64_t soon(void)
{
    return (int64_t)time(NULL) + 1000;
}

static void put_process(struct fixture *f, const char *pid, const char *cgroup, const char *maps)
{
    put(f, arena_fmt(&f->a, "/proc/%s/cgroup", pid).p, cgroup);
    put(f, arena_fmt(&f->a, "/proc/%s/comm", pid).p, "some\033thing\n");
    put(f, arena_fmt(&f->a, "/proc/%s/maps", pid).p, maps);
}

static void a_quiet_host_needs_no_reboot(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, soon());
    put_kernel(&f, "6.1.0-8-amd64");
    put_kernel(&f, "6.1.0-10-cloud-amd64"); /* another flavour */
    put_kernel(&f, "6.1.0-12-amd64.old");
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.verdict, REBOOT_NOT_NEEDED);
    assert_str(facts.running, "6.1.0-9-amd64");
    assert_str(facts.newest, "6.1.0-9-amd64");
    assert_int_equal(facts.n_stale, 0);
    close_fixture(&f);
}

static void the_flag_of_packages_is_read(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, soon());
    put(&f, "/run/reboot-required", "*** System restart required ***\n");
    put(&f, "/run/reboot-required.pkgs", "linux-image-amd64\nlibc6\nlibc6\n");
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.verdict, REBOOT_NEEDED);
    assert_int_equal(facts.flagged_by.count, 2);
    assert_str(facts.reasons.items[0], "/run/reboot-required was set by linux-image-amd64, libc6");
    close_fixture(&f);
}

static void the_flag_of_zypper_is_read(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, soon());
    put(&f, "/run/reboot-needed", "");
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.verdict, REBOOT_NEEDED);
    assert_true(facts.is_flagged);
    assert_str(facts.reasons.items[0], "/run/reboot-needed is there");
    close_fixture(&f);
}

static void a_newer_kernel_of_the_same_kind_counts(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, soon());
    put_kernel(&f, "6.1.0-10-amd64");
    put(&f, "/lib/modules/6.1.0-11-amd64/vmlinuz", "");
    put(&f, "/lib/modules/6.1.0-12-amd64/modules.dep", ""); /* left over, no image */
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.verdict, REBOOT_NEEDED);
    assert_str(facts.newest, "6.1.0-11-amd64");
    close_fixture(&f);
}

static void a_kernel_replaced_under_its_own_name_counts(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, BOOT);
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_true(facts.is_kernel_replaced);
    assert_int_equal(facts.verdict, REBOOT_NEEDED);
    close_fixture(&f);
}

static void a_kernel_from_outside_leaves_it_unknown(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, BOOT);
    put(&f, "/proc/sys/kernel/osrelease", "6.18.0-somewhere\n");
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.verdict, REBOOT_UNKNOWN);
    assert_false(str_is_set(facts.newest));
    assert_str(reboot_text(&f.a, &facts), "reboot: nothing asks for one, but the running kernel "
                                          "is not one of those installed here\n");
    close_fixture(&f);
}

static void core_packages_newer_than_the_system_count(void **state)
{
    (void)state;
    struct fixture f;
    const msec boot = (msec)soon() * MSEC_SECOND, after = boot + 100 * MSEC_SECOND;
    struct package items[] = {
        { .facts = { .name = S("bash") }, .installed_at = after },
        { .facts = { .name = S("libc6") }, .installed_at = after },
        { .facts = { .name = S("libc6") }, .installed_at = after }, /* of two architectures */
        { .facts = { .name = S("linux-image-6.1.0-9-amd64") }, .installed_at = boot - 1 },
        { .facts = { .name = S("systemd") }, .installed_at = 0 },
    };
    const struct packages packages = { .items = items, .count = ARRAY_LEN(items) };

    open_fixture(&f, soon());
    struct reboot_facts facts = reboot_read(&f.a, &f.host, &packages);
    assert_int_equal(facts.changed_since_boot.count, 1);
    assert_str(facts.changed_since_boot.items[0], "libc6");
    assert_int_equal(facts.verdict, REBOOT_NEEDED);

    /* The first process of this system started later than the machine did. */
    put(&f, "/proc/1/stat", "1 (init) S 0 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9000000 1 2\n");
    facts = reboot_read(&f.a, &f.host, &packages);
    assert_int_equal(facts.changed_since_boot.count, 0);
    close_fixture(&f);
}

static void users_of_old_code_are_gathered_by_unit(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, soon());
    put_process(&f, "10", "0::/system.slice/web.service\n",
                MAPPING "/usr/lib/libz.so.1 (deleted)\n" MAPPING "/usr/lib/libz.so.1 (deleted)\n");
    put_process(&f, "11", "0::/system.slice/web.service\n",
                MAPPING "/usr/lib/libssl.so.3 (deleted)\n");
    put_process(&f, "12", "0::/\n", MAPPING "/usr/bin/tool (deleted)\n");
    put_process(&f, "13", "0::/system.slice/fine.service\n", MAPPING "/usr/lib/libz.so.1\n");
    put(&f, "/proc/14/comm", "no maps\n");
    put(&f, "/proc/notes/maps", MAPPING "/usr/lib/libz.so.1 (deleted)\n");
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.verdict, REBOOT_NOT_NEEDED); /* a restart of the service will do */
    assert_int_equal(facts.n_stale, 2);
    assert_str(facts.stale[0].name, "some?thing");
    assert_false(facts.stale[0].is_unit);
    assert_str(facts.stale[1].name, "web.service");
    assert_int_equal(facts.stale[1].n_processes, 2);
    assert_int_equal(facts.stale[1].files.count, 2);
    close_fixture(&f);
}

static void what_is_too_much_is_cut_and_said_to_be(void **state)
{
    (void)state;
    struct fixture f;

    open_fixture(&f, soon());
    for (int i = 0; i < REBOOT_MAX_STALE + 1; i++)
        put_process(&f, arena_fmt(&f.a, "%d", i + 1).p, arena_fmt(&f.a, "0::/s%d.service\n", i).p,
                    MAPPING "/usr/lib/libz.so.1 (deleted)\n");
    struct reboot_facts facts = reboot_read(&f.a, &f.host, NULL);
    assert_int_equal(facts.n_stale, REBOOT_MAX_STALE);
    assert_true(facts.is_cut);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_host_needs_no_reboot),
        cmocka_unit_test(the_flag_of_packages_is_read),
        cmocka_unit_test(the_flag_of_zypper_is_read),
        cmocka_unit_test(a_newer_kernel_of_the_same_kind_counts),
        cmocka_unit_test(a_kernel_replaced_under_its_own_name_counts),
        cmocka_unit_test(a_kernel_from_outside_leaves_it_unknown),
        cmocka_unit_test(core_packages_newer_than_the_system_count),
        cmocka_unit_test(users_of_old_code_are_gathered_by_unit),
        cmocka_unit_test(what_is_too_much_is_cut_and_said_to_be),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
