/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/zypper.h"

#include "../test.h"

static const char summary[] =
    "<?xml version='1.0'?>\n<stream>\n"
    "<message type=\"info\">Resolving package dependencies...</message>\n"
    "<install-summary download-size=\"18377\" packages-to-change=\"3\">\n"
    "<to-upgrade>\n"
    "<solvable type=\"package\" name=\"tr-library\" edition=\"2:2-1\" arch=\"noarch\" "
    "edition-old=\"1-1\" summary=\"s\">\n<description>d</description></solvable>\n"
    "<solvable type=\"patch\" name=\"SUSE-1\" edition=\"1\" arch=\"noarch\"/>\n"
    "</to-upgrade>\n<to-remove>\n"
    "<solvable type=\"package\" name=\"tr-old\" edition=\"1-1\" arch=\"x86_64\"/>\n"
    "</to-remove>\n</install-summary>\n"
    "<solvable type=\"package\" name=\"nowhere\" edition=\"1-1\" arch=\"x86_64\"/>\n";

static void a_summary_says_what_comes_and_goes(void **state)
{
    (void)state;
    struct str rest = str_of(summary), section = { 0 };
    struct zypper_solvable s;

    assert_true(zypper_output_next(&rest, &section, &s));
    assert_str(s.section, "to-upgrade");
    assert_str(s.name, "tr-library");
    assert_str(s.edition, "2:2-1");
    assert_str(s.arch, "noarch");
    assert_true(zypper_output_next(&rest, &section, &s));
    assert_str(s.section, "to-remove");
    assert_str(s.name, "tr-old");
    assert_false(zypper_output_next(&rest, &section, &s));
}

static void what_was_searched_for_has_its_repository(void **state)
{
    (void)state;
    struct str section = { 0 };
    struct str rest = S("<solvable-list>\n<solvable status=\"other-version\" name=\"a\" "
                        "kind=\"package\" edition=\"1-1\" arch=\"noarch\" "
                        "repository=\"main\"/>\n</solvable-list>");
    struct zypper_solvable s;

    assert_true(zypper_output_next(&rest, &section, &s));
    assert_str(s.repository, "main");
    assert_str(s.status, "other-version");
}

static void the_line_about_a_package_is_its_reason(void **state)
{
    (void)state;
    static const struct {
        const char *output, *name, *reason;
    } rows[] = {
        { "Problem: nothing provides x &gt;= 2 needed by tr-needs-2-1.noarch\n", "tr-needs",
          "nothing provides x >= 2 needed by tr-needs-2-1.noarch" },
        { "<description>Problem: nothing provides x needed by tr-needs-2-1.noarch\n", "tr-needs",
          "nothing provides x needed by tr-needs-2-1.noarch" },
        { "Error: Subprocess failed.\nerror: %prein(tr-pre-2-1.noarch) scriptlet failed, exit "
          "status 1\nerror: tr-pre-2-1.noarch: install failed\n",
          "tr-pre", "%prein(tr-pre-2-1.noarch) scriptlet failed, exit status 1" },
        { " tr-bad-2-1.noarch (main): Signature verification failed [6-File is unsigned]\n",
          "tr-bad",
          "tr-bad-2-1.noarch (main): Signature verification failed [6-File is unsigned]" },
        { "'tr-gone.noarch=3-1' not found in package names. Trying capabilities.\n", "tr-gone",
          "'tr-gone.noarch=3-1' not found in package names. Trying capabilities." },
        { "Warning: File 'repomd.xml' from repository 'main' is signed with an unknown key '1'.\n"
          " - Signature verification failed for repomd.xml\n",
          NULL, "File 'repomd.xml' from repository 'main' is signed with an unknown key '1'." },
        { "Problem retrieving files from 'main'.\n", NULL,
          "Problem retrieving files from 'main'." },
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct arena a = { 0 };
        struct str name = rows[i].name ? str_of(rows[i].name) : (struct str){ 0 };

        assert_str(zypper_output_reason(&a, str_of(rows[i].output), name), rows[i].reason);
        arena_done(&a);
    }
    assert_false(str_is_set(zypper_output_blames(str_of(rows[0].output), S("needs"))));
}

static void marks_that_were_lost_are_found(void **state)
{
    (void)state;
    struct arena a = { 0 };

    struct str names[] = { S("kept"), S("lost") };

    assert_str(zypper_lost_marks(&a, (struct strs){ names, 2 }, S("# new\nkept\nother\n")),
               "lost\n");
    assert_false(str_is_set(zypper_lost_marks(&a, (struct strs){ names, 1 }, S("kept\n"))));
    assert_true(zypper_has_mark(S("a\nb\n"), S("b")));
    assert_false(zypper_has_mark(S("ab\n"), S("b")));
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_summary_says_what_comes_and_goes),
        cmocka_unit_test(what_was_searched_for_has_its_repository),
        cmocka_unit_test(the_line_about_a_package_is_its_reason),
        cmocka_unit_test(marks_that_were_lost_are_found),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
