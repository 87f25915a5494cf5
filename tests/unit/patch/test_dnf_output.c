/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf.h"

#include "../test.h"

static const char table[] =
    "No match for argument: pb-gone-0:2-1.noarch\n"
    "Dependencies resolved.\n"
    "\n"
    " Problem: cannot install the best update candidate for package pb-needs-1-1.noarch\n"
    "  - nothing provides nothere needed by pb-needs-2-1.noarch\n"
    "================================================================================\n"
    " Package                 Architecture     Version          Repository      Size\n"
    "================================================================================\n"
    "Installing:\n"
    " kernel-core             x86_64           5.3-1            test           6.4 k\n"
    "     replacing  oldname.noarch 1-1\n"
    "Upgrading:\n"
    " pb-with-a-very-long-name-that-has-a-line-of-its-own\n"
    "                         noarch           1:2-1            test           6.3 k\n"
    " pb-good                 noarch           3-1              test           6.3 k\n"
    "Skipping packages with broken dependencies:\n"
    " pb-needs                noarch           2-1              test           6.3 k\n"
    "\n"
    "Transaction Summary\n"
    "================================================================================\n"
    "Upgrade  3 Packages\n";

static void the_table_says_what_would_come_in(void **state)
{
    (void)state;
    const struct str out = str_of(table);

    assert_true(dnf_output_brings(out, S("kernel-core"), S("0:5.3-1")));
    assert_true(dnf_output_brings(out, S("pb-good"), S("0:3-1")));
    assert_true(dnf_output_brings(out, S("pb-with-a-very-long-name-that-has-a-line-of-its-own"),
                                  S("1:2-1")));
    assert_false(dnf_output_brings(out, S("pb-good"), S("0:2-1")));
    assert_false(dnf_output_brings(out, S("pb-good"), S("1:3-1")));
    assert_false(dnf_output_brings(out, S("pb-needs"), S("0:2-1")));
    assert_false(dnf_output_brings(out, S("good"), S("0:3-1")));
    assert_false(dnf_output_brings(S("Nothing to do.\n"), S("pb-good"), S("0:3-1")));
}

static void the_line_about_a_package_is_its_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct str out = str_of(table);

    assert_str(dnf_output_reason(&a, out, S("pb-needs")),
               "nothing provides nothere needed by pb-needs-2-1.noarch");
    assert_str(dnf_output_reason(&a, out, S("pb-gone")),
               "No match for argument: pb-gone-0:2-1.noarch");
    assert_false(str_is_set(dnf_output_reason(&a, out, S("pb-good"))));
    assert_false(str_is_set(dnf_output_blames(out, S("needs"))));
    arena_done(&a);
}

static void scripts_signatures_and_downloads_are_reasons(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct str out = S("error: %prein(pb-pre-2-1.noarch) scriptlet failed, exit status 1\n"
                             "Error in PREIN scriptlet in rpm package pb-pre\n"
                             "Package pb-unsigned-2-1.noarch.rpm is not signed\n"
                             "[FAILED] pb-gone-2-1.noarch.rpm: No more mirrors to try\n"
                             "Error: \nsomething else\nError: Transaction failed\n");

    assert_str(dnf_output_reason(&a, out, S("pb-pre")),
               "%prein(pb-pre-2-1.noarch) scriptlet failed, exit status 1");
    assert_str(dnf_output_reason(&a, out, S("pb-unsigned")),
               "Package pb-unsigned-2-1.noarch.rpm is not signed");
    assert_str(dnf_output_reason(&a, out, S("pb-gone")),
               "[FAILED] pb-gone-2-1.noarch.rpm: No more mirrors to try");
    assert_str(dnf_output_reason(&a, out, S("pb-other")), "something else");
    assert_str(dnf_output_reason(&a, out, (struct str){ 0 }), "something else");
    arena_done(&a);
}

static void a_return_sees_what_else_would_change(void **state)
{
    (void)state;

    assert_true(dnf_output_brings(S("Downgrading:\n good  noarch  1-1  test  6 k\n\n"
                                    "Transaction Summary\n"),
                                  S("good"), S("0:1-1")));
    struct str names[] = { S("along"), S("a-package-with-a-very-long-name-indeed") };
    const struct strs none = { 0 }, removals = { names, ARRAY_LEN(names) };
    const struct str removed = S("Removing:\n along noarch 1-1 @test\n"
                                 " a-package-with-a-very-long-name-indeed\n"
                                 "       noarch 1-1 @test 6 k\n\nTransaction Summary\n");

    assert_false(
        str_is_set(dnf_output_stranger(S("Downgrading:\n good noarch 1-1 test 6 k\n"), none)));
    assert_str(dnf_output_stranger(S("Downgrading:\n good noarch 1-1 test 6 k\n"
                                     "Removing dependent packages:\n other noarch 1-1 test\n"),
                                   removals),
               "other");
    assert_str(dnf_output_stranger(removed, none), "along");
    assert_false(str_is_set(dnf_output_stranger(removed, removals)));
    assert_str(
        dnf_output_stranger(S("Installing dependencies:\n along noarch 1-1 test\n"), removals),
        "along");
    assert_true(dnf_output_removes(removed, names[0]) && dnf_output_removes(removed, names[1]));
    assert_false(dnf_output_removes(removed, S("noarch")));
}

static void what_comes_along_is_read(void **state)
{
    (void)state;
    struct str section = { 0 }, out = S(" Package Arch Version Repo Size\n"
                                        "====\nUpgrading:\n good noarch 2-1 test 6 k\n"
                                        "Installing dependencies:\n"
                                        " a-package-with-a-very-long-name-indeed\n"
                                        "       noarch 1:1-1 test 6 k\n"
                                        "     replacing  old.noarch 1-1\n"
                                        "Removing:\n gone noarch 1-1 @test\n\n"
                                        "Transaction Summary\n====\nInstall 1 Package\n");
    struct hand_brought in;

    assert_true(dnf_output_next(&out, &section, &in));
    assert_str(in.name, "good");
    assert_str(in.version, "2-1");
    assert_false(in.is_new);
    assert_true(dnf_output_next(&out, &section, &in));
    assert_str(in.name, "a-package-with-a-very-long-name-indeed");
    assert_str(in.arch, "noarch");
    assert_str(in.version, "1:1-1");
    assert_true(in.is_new);
    assert_false(dnf_output_next(&out, &section, &in));
}

static void a_name_that_is_a_word_is_no_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct str out =
        S("You have enabled checking of packages via GPG keys. This is a good thing.\n"
          "  file /usr/share/x conflicts with that of package which-2-1.noarch\n");

    assert_false(str_is_set(dnf_output_blames(out, S("good"))));
    assert_false(str_is_set(dnf_output_blames(out, S("file"))));
    assert_true(str_is_set(dnf_output_blames(out, S("which"))));
    assert_str(dnf_output_reason(&a, out, S("good")),
               "You have enabled checking of packages via GPG keys. This is a good thing.");
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_says_what_would_come_in),
        cmocka_unit_test(the_line_about_a_package_is_its_reason),
        cmocka_unit_test(a_return_sees_what_else_would_change),
        cmocka_unit_test(what_comes_along_is_read),
        cmocka_unit_test(a_name_that_is_a_word_is_no_reason),
        cmocka_unit_test(scripts_signatures_and_downloads_are_reasons),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
