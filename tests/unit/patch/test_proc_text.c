/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/proc_text.h"

#include "../test.h"

#define LIBC "7f1c2b000000-7f1c2b155000 r-xp 00026000 fe:01 1835036      "

static void assert_deleted(const char *line, const char *want)
{
    struct str path;

    assert_true(proc_deleted_file(str_of(line), &path));
    assert_str(path, want);
}

static void old_code_is_what_is_executable_and_gone(void **state)
{
    (void)state;
    struct str path;

    assert_deleted(LIBC "/usr/lib/x86_64-linux-gnu/libc.so.6 (deleted)",
                   "/usr/lib/x86_64-linux-gnu/libc.so.6");
    assert_deleted(LIBC "/usr/sbin/nginx (deleted)", "/usr/sbin/nginx");
    assert_deleted(LIBC "/usr/lib/a b.so (deleted)", "/usr/lib/a b.so");
    assert_deleted(LIBC "/lib/libz.so.1.dpkg-tmp (deleted)", "/lib/libz.so.1");
    assert_false(proc_deleted_file(S(LIBC "/usr/lib/libc.so.6"), &path));
    assert_false(proc_deleted_file(S(LIBC "/memfd:code (deleted)"), &path));
    assert_false(proc_deleted_file(S(LIBC "/tmp/libx.so (deleted)"), &path));
    assert_false(
        proc_deleted_file(S("7f00-7f01 r--p 0 fe:01 1 /usr/lib/libc.so.6 (deleted)"), &path));
    assert_false(proc_deleted_file(S("7f00-7f01 r-xp (deleted)"), &path));
    assert_false(proc_deleted_file(S(" (deleted)"), &path));
    assert_false(proc_deleted_file(S(""), &path));
}

static void a_process_belongs_to_its_service(void **state)
{
    (void)state;
    assert_str(proc_unit(S("0::/system.slice/ssh.service\n")), "ssh.service");
    assert_str(proc_unit(S("0::/user.slice/user-0.slice/session-3.scope\n")), "session-3.scope");
    assert_str(proc_unit(S("0::/user.slice/user-9.slice/user@9.service/app.slice/x.service\n")),
               "user@9.service");
    assert_str(proc_unit(S("4:memory:/x.service\n1:name=systemd:/system.slice/cron.service\n")),
               "cron.service");
    assert_false(str_is_set(proc_unit(S("0::/\n"))));
    assert_false(str_is_set(proc_unit(S("4:memory:/x.service"))));
    assert_false(str_is_set(proc_unit(S("nonsense"))));
}

static void listening_ports_are_told_from_connections(void **state)
{
    (void)state;
    unsigned port;

    assert_true(proc_listening_port(S("   0: 00000000:0016 00000000:0000 0A 00000000:00000000 00:"),
                                    PROC_TCP, &port));
    assert_int_equal(port, 22);
    assert_true(proc_listening_port(
        S("  12: 00000000000000000000000001000000:1F90 00000000000000000000000000000000:0000 0A 0"),
        PROC_TCP, &port));
    assert_int_equal(port, 8080);
    assert_true(proc_listening_port(S("  3: 00000000:0035 00000000:0000 07 0:0"), PROC_UDP, &port));
    assert_int_equal(port, 53);
    assert_false(
        proc_listening_port(S("   1: 0100007F:0016 0100007F:9C40 01 0:0"), PROC_TCP, &port));
    assert_false(
        proc_listening_port(S("   1: 0100007F:9C41 0100007F:0035 01 0:0"), PROC_UDP, &port));
    assert_false(proc_listening_port(S("  sl  local_address rem_address   st"), PROC_TCP, &port));
    assert_false(proc_listening_port(S("0: 00000000:FFFFFFFFFF 0:0 0A"), PROC_TCP, &port));
    assert_false(proc_listening_port(S("0: 00000000: 0:0 0A"), PROC_TCP, &port));
    assert_false(proc_listening_port(S("0:"), PROC_TCP, &port));
}

static void a_name_cannot_fake_the_fields_of_stat(void **state)
{
    (void)state;
    int64_t n;

    assert_true(proc_stat_field(S("7 (a) 9 9 (b) S 1 2 3"), 4, &n));
    assert_int_equal(n, 1);
    assert_true(proc_stat_field(S("7 (init) S 0 1"), 1, &n));
    assert_int_equal(n, 7);
    assert_false(proc_stat_field(S("7 (init) S 0 1"), 3, &n)); /* a letter */
    assert_false(proc_stat_field(S("7 (init) S 0 1"), 9, &n));
    assert_false(proc_stat_field(S("7 (init S 0 1"), 4, &n));
    assert_true(proc_boot_time(S("cpu 1 2\nbtime 1700000000\nprocesses 5\n"), &n));
    assert_int_equal(n, 1700000000);
    assert_false(proc_boot_time(S("cpu 1 2\n"), &n));
}

static void names_are_names_and_bounded(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct strs names = proc_package_names(
        &a, S("linux-image-amd64\nlibc6\nlibc6\n\nrm -rf\n$(reboot)\ng++ \n"), 4);

    assert_int_equal(names.count, 4);
    assert_str(names.items[0], "linux-image-amd64");
    assert_str(names.items[1], "libc6");
    assert_str(names.items[2], "rm");
    assert_str(names.items[3], "g++");
    names = proc_unit_names(&a, S("nginx.service loaded failed failed A server\nx@1.service a"), 9);
    assert_int_equal(names.count, 2);
    assert_str(names.items[0], "nginx.service");
    assert_str(names.items[1], "x@1.service");
    arena_done(&a);
}

static void releases_are_ordered_by_value(void **state)
{
    (void)state;
    static const char *const sorted[] = { "5.14.0-427.el9.x86_64", "5.14.0-503.el9.x86_64",
                                          "6.1.0-9-amd64",         "6.1.0-10-amd64",
                                          "6.1.0-010-amd64x",      "6.10.0-1-amd64" };

    for (size_t i = 0; i + 1 < ARRAY_LEN(sorted); i++) {
        assert_true(proc_release_cmp(str_of(sorted[i]), str_of(sorted[i + 1])) < 0);
        assert_true(proc_release_cmp(str_of(sorted[i + 1]), str_of(sorted[i])) > 0);
    }
    assert_int_equal(proc_release_cmp(S("6.1.0"), S("6.1.0")), 0);
    assert_str(proc_release_flavour(S("6.1.0-28-cloud-amd64")), "-cloud-amd64");
    assert_str(proc_release_flavour(S("5.14.0-503.el9_5.x86_64")), "");
    assert_str(proc_release_flavour(S("5.14.0-503.el9.x86_64+rt")), "+rt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_code_is_what_is_executable_and_gone),
        cmocka_unit_test(a_process_belongs_to_its_service),
        cmocka_unit_test(listening_ports_are_told_from_connections),
        cmocka_unit_test(a_name_cannot_fake_the_fields_of_stat),
        cmocka_unit_test(names_are_names_and_bounded),
        cmocka_unit_test(releases_are_ordered_by_value),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
