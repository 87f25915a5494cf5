/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/history.h"

#include <stdlib.h>
#include <unistd.h>

#include "sys/file.h"

#include "../test.h"

#define NOW ((msec)1700000000123)

struct fixture {
    struct arena a;
    char dir[64];
};

static void open_fixture(struct fixture *f)
{
    *f = (struct fixture){ .dir = "/tmp/patch-history-XXXXXX" };
    assert_non_null(mkdtemp(f->dir));
}

static void close_fixture(struct fixture *f)
{
    assert_int_equal(file_remove_tree(f->dir), 0);
    arena_done(&f->a);
}

static struct package package(const char *name, const char *version)
{
    return (struct package){ .manager_name = str_of(name),
                             .facts = { .name = str_of(name),
                                        .arch = S("amd64"),
                                        .installed = { .version = str_of(version) } } };
}

static void the_difference_of_two_moments_is_what_a_run_changed(void **state)
{
    (void)state;
    struct fixture f;
    struct package old[] = { package("bash", "5"), package("gone", "1"), package("zlib1g", "1.1") };
    struct package new[] = { package("added", "1"), package("bash", "5"),
                             package("zlib1g", "1.2") };
    const struct packages before = { .items = old, .count = 3 },
                          after = { .items = new, .count = 3 };
    struct history_run run = { .operation = S("Install"),
                               .execution_id = S("c"),
                               .started_at = NOW },
                       *runs;
    struct str why;
    size_t count;

    open_fixture(&f);
    assert_int_equal(history_begin(&f.a, f.dir, &run, &before, &why), 0);
    run.ended_at = NOW + 1;
    assert_int_equal(history_end(&f.a, f.dir, &run, &before, &after), 0);
    assert_int_equal(history_list(&f.a, f.dir, &runs, &count), 0);
    assert_int_equal(count, 1);
    assert_str(runs[0].id, "20231114T221320.123Z");
    assert_str(runs[0].execution_id, "c");
    assert_int_equal(runs[0].ended_at, NOW + 1);
    assert_int_equal(runs[0].n_changes, 3);
    assert_str(runs[0].changes[0].name, "added");
    assert_false(str_is_set(runs[0].changes[0].from));
    assert_str(runs[0].changes[1].name, "gone");
    assert_false(str_is_set(runs[0].changes[1].to));
    assert_str(runs[0].changes[2].from, "1.1");
    assert_str(runs[0].changes[2].to, "1.2");
    assert_str(runs[0].changes[2].manager_name, "zlib1g");
    close_fixture(&f);
}

static void a_run_that_was_cut_off_is_closed_from_what_is_there(void **state)
{
    (void)state;
    struct fixture f;
    struct package old[] = { package("zlib1g", "1.1") }, new[] = { package("zlib1g", "1.2") };
    const struct packages before = { .items = old, .count = 1 }, now = { .items = new, .count = 1 };
    struct history_run run = { .operation = S("Install"), .started_at = NOW }, *runs;
    struct str why;
    size_t count;

    open_fixture(&f);
    assert_int_equal(history_begin(&f.a, f.dir, &run, &before, &why), 0);
    for (int i = 0; i < 2; i++) /* the second time there is nothing to do */
        assert_int_equal(history_recover(&f.a, f.dir, i == 0 ? &now : &before), 0);
    assert_int_equal(history_list(&f.a, f.dir, &runs, &count), 0);
    assert_int_equal(runs[0].n_changes, 1);
    assert_str(runs[0].changes[0].to, "1.2");
    assert_int_equal(runs[0].ended_at, 0);
    close_fixture(&f);
}

static void the_newest_are_kept(void **state)
{
    (void)state;
    struct fixture f;
    const struct packages none = { 0 };
    struct history_run *runs;
    struct str why;
    size_t count;

    open_fixture(&f);
    for (int i = 0; i < HISTORY_MAX_RUNS + 3; i++) {
        struct history_run run = { .operation = S("Install"), .started_at = NOW + i / 2 * 2 };

        assert_int_equal(history_begin(&f.a, f.dir, &run, &none, &why), 0);
        assert_int_equal(run.started_at, NOW + i); /* each has a name of its own */
        assert_int_equal(history_end(&f.a, f.dir, &run, &none, &none), 0);
    }
    assert_int_equal(history_list(&f.a, f.dir, &runs, &count), 0);
    assert_int_equal(count, HISTORY_MAX_RUNS);
    assert_int_equal(runs[0].started_at, NOW + HISTORY_MAX_RUNS + 2);
    close_fixture(&f);
}

static void files_of_others_and_damaged_ones_are_left_out(void **state)
{
    (void)state;
    static const char *const bad[] = { "", "{", "[]", "7" };
    struct fixture f;
    struct history_run *runs;
    size_t count;

    open_fixture(&f);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(
            file_write(arena_fmt(&f.a, "%s/%zu.json", f.dir, i).p, str_of(bad[i]), 0600), 0);
    assert_int_equal(file_write(arena_fmt(&f.a, "%s/notes.json", f.dir).p, S("{}"), 0600), 0);
    assert_int_equal(file_write(arena_fmt(&f.a, "%s/9.json", f.dir).p,
                                S("{\"changes\":[7,{\"name\":1}],\"failed\":-1}"), 0600),
                     0);
    assert_int_equal(history_recover(&f.a, f.dir, &(struct packages){ 0 }), 0);
    assert_int_equal(history_list(&f.a, f.dir, &runs, &count), 0);
    assert_int_equal(count, 1);
    assert_str(runs[0].id, "9");
    assert_int_equal(runs[0].n_failed, 0);
    assert_int_equal(history_list(&f.a, "/nonexistent", &runs, &count), 0);
    assert_int_equal(count, 0);
    close_fixture(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_difference_of_two_moments_is_what_a_run_changed),
        cmocka_unit_test(a_run_that_was_cut_off_is_closed_from_what_is_there),
        cmocka_unit_test(the_newest_are_kept),
        cmocka_unit_test(files_of_others_and_damaged_ones_are_left_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
