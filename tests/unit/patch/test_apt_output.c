/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/apt/apt_get.h"

#include "../test.h"

static const char failing_script[] =
    "Setting up pb-fails (2.0) ...\n"
    "postinst: no\n"
    "dpkg: error processing package pb-fails (--configure):\n"
    " installed pb-fails package post-installation script subprocess returned error exit status 1\n"
    "Setting up pb-good (2.0) ...\n"
    "Errors were encountered while processing:\n"
    " pb-fails\n"
    "E: Sub-process /usr/bin/dpkg returned an error code (1)\n";

static void a_failing_script_is_the_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };

    assert_str(apt_output_reason(&a, str_of(failing_script), S("pb-fails")),
               "dpkg: error processing package pb-fails (--configure): installed pb-fails package "
               "post-installation script subprocess returned error exit status 1");
    assert_str(apt_output_reason(&a, str_of(failing_script), S("pb-good")),
               "Sub-process /usr/bin/dpkg returned an error code (1)");
    assert_false(str_is_set(apt_output_reason(&a, S("all is well\n"), S("pb-good"))));
    arena_done(&a);
}

static void an_unmet_dependency_is_the_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const char *text = "The following packages have unmet dependencies:\n"
                       " pb-needs : Depends: pb-nowhere but it is not installable\n"
                       "E: Unable to correct problems, you have held broken packages.\n";

    assert_str(apt_output_reason(&a, str_of(text), S("pb-needs")),
               "pb-needs : Depends: pb-nowhere but it is not installable");
    assert_str(apt_output_reason(&a, str_of(text), (struct str){ 0 }),
               "Unable to correct problems, you have held broken packages.");
    arena_done(&a);
}

static void a_long_reason_is_cut(void **state)
{
    (void)state;
    struct arena a = { 0 };
    char text[2000];

    memset(text, 'x', sizeof(text));
    memcpy(text, "E: ", 3);
    assert_int_equal(
        apt_output_reason(&a, (struct str){ text, sizeof(text) }, (struct str){ 0 }).len, 400);
    arena_done(&a);
}

static void locks_are_recognised(void **state)
{
    (void)state;

    assert_true(apt_output_is_locked(
        S("E: Could not get lock /var/lib/apt/lists/lock. It is held by process 7 (apt-get)\n"
          "E: Unable to lock directory /var/lib/apt/lists/\n")));
    assert_true(apt_output_is_locked(
        S("dpkg: error: dpkg frontend lock was locked by another process with pid 7\n")));
    assert_false(apt_output_is_locked(str_of(failing_script)));
}

static void a_simulation_names_what_it_would_install(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct strs names = apt_output_installs(
        &a, S("NOTE: This is only a simulation!\n"
              "Inst libc6:i386 [2.36-9] (2.36-9+deb12u1 Debian-Security:12 [i386]) []\n"
              "Remv old [1]\n"
              "Inst zlib1g (1.1 x [amd64])\n"
              "Conf zlib1g (1.1 x [amd64])\n"));

    assert_int_equal(names.count, 2);
    assert_str(names.items[0], "libc6");
    assert_str(names.items[1], "zlib1g");
    arena_done(&a);
}

static void a_simulation_tells_versions(void **state)
{
    (void)state;
    struct str out = S("Inst libc6:i386 [2.36-9] (2.36-9+deb12u1 Debian:12.5/stable, "
                       "Debian-Security:12/stable-security [i386]) []\n"
                       "Inst damaged (1\nInst none (1 x)\n"
                       "Remv old [1]\nInst zlib1g (1:1.1 x [amd64])\n");
    struct apt_install in;

    assert_true(apt_output_next(&out, &in));
    assert_str(in.manager_name, "libc6:i386");
    assert_str(in.name, "libc6");
    assert_str(in.arch, "i386");
    assert_str(in.from, "2.36-9");
    assert_str(in.to, "2.36-9+deb12u1");
    assert_true(apt_output_next(&out, &in));
    assert_str(in.manager_name, "zlib1g");
    assert_false(str_is_set(in.from));
    assert_str(in.to, "1:1.1");
    assert_false(apt_output_next(&out, &in));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failing_script_is_the_reason),
        cmocka_unit_test(an_unmet_dependency_is_the_reason),
        cmocka_unit_test(a_long_reason_is_cut),
        cmocka_unit_test(locks_are_recognised),
        cmocka_unit_test(a_simulation_names_what_it_would_install),
        cmocka_unit_test(a_simulation_tells_versions),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
