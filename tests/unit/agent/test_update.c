/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An update on a node that dies: at every single call through its ports, before
 * and after the call takes effect, and in the middle of an installation. Whatever
 * the moment: in the end an agent that works is installed and runs.
 */
#include "../test.h"

#include "agent/update.h"
#include "base/json.h"

enum disk { DISK_OLD, DISK_NEW, DISK_TORN };
enum { DEAD = -EIO };

struct world {
    struct arena disk_arena; /* survives */
    struct str saved;
    enum disk disk;
    bool new_installs, new_works; /* what the new package is like */
    int old_fails;                /* so many installations of the old one fail */
    enum disk runs;               /* the agent that runs; DISK_TORN: none */
    int n_calls, dies_at;
    bool dies_after, is_dead;
};

static bool cut_before(struct world *w)
{
    w->n_calls++;
    if (w->n_calls == w->dies_at && !w->dies_after)
        w->is_dead = true;
    return w->is_dead;
}

static int cut_after(struct world *w, int result)
{
    if (w->n_calls == w->dies_at && w->dies_after)
        w->is_dead = true;
    return w->is_dead ? DEAD : result;
}

static int port_save(void *context, const struct update *u)
{
    struct world *w = context;
    struct arena a = { 0 };

    if (cut_before(w))
        return DEAD;
    w->saved = arena_dup(&w->disk_arena, json_format(&a, update_to_value(&a, u)));
    arena_done(&a);
    return cut_after(w, 0);
}

static int port_install(void *context, const struct update *u, const struct update_side *side,
                        struct arena *a, struct str *ret_why)
{
    struct world *w = context;
    bool is_new = side == &u->new;
    (void)a;

    if (cut_before(w)) {
        w->disk = DISK_TORN; /* half of it is there */
        return DEAD;
    }
    if (is_new ? !w->new_installs : w->old_fails-- > 0) {
        w->disk = DISK_TORN;
        *ret_why = S("its script failed");
        return cut_after(w, UPDATE_FAILED);
    }
    w->disk = is_new ? DISK_NEW : DISK_OLD;
    return cut_after(w, 0);
}

static int port_start(void *context, const struct update *u, struct arena *a, struct str *ret_why)
{
    struct world *w = context;
    (void)u, (void)a, (void)ret_why;

    if (cut_before(w))
        return DEAD;
    w->runs = w->disk;
    return cut_after(w, 0);
}

static bool port_is_heard(void *context, struct str version)
{
    struct world *w = context;

    if (cut_before(w))
        return false;
    return w->runs == DISK_OLD ? str_eq(version, S("1"))
                               : w->runs == DISK_NEW && w->new_works && str_eq(version, S("2"));
}

static struct update fresh(void)
{
    static struct str argv[] = { S_INIT("patchbay-agent"), S_INIT("run") };

    return (struct update){
        .old = { S("1"), S("one.deb"), S("sum1") },
        .new = { S("2"), S("two.deb"), S("sum2") },
        .family = S("deb"),
        .argv = { argv, ARRAY_LEN(argv) },
        .patience = MSEC_MINUTE,
    };
}

/* One life of the updater; true once the update is over. */
static bool live(struct world *w, msec *now, enum update_end *ret_end)
{
    const struct update_ports ports = { w, port_save, port_install, port_start, port_is_heard };
    struct arena a = { 0 };
    struct update u;
    struct value *v;
    int result;

    w->is_dead = false;
    assert_int_equal(json_parse(&a, w->saved, &v, NULL), 0);
    assert_true(update_from_value(&a, v, &u));
    update_resume(&u, *now);
    do {
        *now += MSEC_SECOND;
        result = update_advance(&a, &u, &ports, *now);
    } while (result > 0 && !w->is_dead);
    *ret_end = u.end;
    assert_true(w->is_dead || result == 0);
    arena_done(&a);
    return !w->is_dead;
}

static int run_world(struct world *w, enum update_end *ret_end)
{
    struct arena a = { 0 };
    struct update u = fresh();
    msec now = 1000;
    int lives = 0;

    w->saved = arena_dup(&w->disk_arena, json_format(&a, update_to_value(&a, &u)));
    w->runs = DISK_OLD;
    while (!live(w, &now, ret_end)) {
        assert_true(++lives < 5);
        w->dies_at = 0;
        w->runs = w->disk; /* it was the power, and the next boot starts what there is */
    }
    arena_done(&w->disk_arena);
    arena_done(&a);
    return w->n_calls;
}

static void assert_good_end(const struct world *w, enum update_end end)
{
    if (end == UPDATE_DONE) {
        assert_true(w->new_works && w->disk == DISK_NEW && w->runs == DISK_NEW);
    } else {
        assert_int_equal(end, UPDATE_TAKEN_BACK);
        assert_true(w->disk == DISK_OLD && w->runs == DISK_OLD);
    }
}

static void ends_well_wherever_it_is_cut(struct world like, enum update_end expected)
{
    struct world w = like;
    enum update_end end;

    int n_calls = run_world(&w, &end);
    assert_int_equal(end, expected);
    assert_good_end(&w, end);
    for (int call = 1; call <= n_calls; call++)
        for (int after = 0; after < 2; after++) {
            w = like;
            w.dies_at = call;
            w.dies_after = after;
            run_world(&w, &end);
            assert_good_end(&w, end);
        }
}

static void a_good_version_is_installed(void **state)
{
    (void)state;
    ends_well_wherever_it_is_cut((struct world){ .new_installs = true, .new_works = true },
                                 UPDATE_DONE);
}

static void a_version_that_is_not_heard_is_taken_back(void **state)
{
    (void)state;
    ends_well_wherever_it_is_cut((struct world){ .new_installs = true }, UPDATE_TAKEN_BACK);
}

static void a_package_that_does_not_install_is_taken_back(void **state)
{
    (void)state;
    ends_well_wherever_it_is_cut((struct world){ .new_works = true }, UPDATE_TAKEN_BACK);
}

static void taking_back_is_tried_again(void **state)
{
    (void)state;
    ends_well_wherever_it_is_cut((struct world){ .new_installs = true, .old_fails = 3 },
                                 UPDATE_TAKEN_BACK);
}

static void what_cannot_be_taken_back_is_said(void **state)
{
    (void)state;
    struct world w = { .old_fails = 1000 };
    enum update_end end;

    run_world(&w, &end);
    assert_int_equal(end, UPDATE_STUCK);
    assert_int_equal(w.old_fails, 1000 - UPDATE_MAX_TRIES);
}

static void a_record_that_is_not_ours_is_none(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "{}",
        "[]",
        "null",
        "{\"phase\":\"watching\"}",
        "{\"phase\":\"ready\",\"end\":\"undecided\",\"old\":{\"version\":\"1\",\"file\":\"../x\","
        "\"sum\":\"s\"},\"new\":{\"version\":\"2\",\"file\":\"y\",\"sum\":\"s\"},\"family\":"
        "\"deb\","
        "\"argv\":[],\"env\":[],\"patience\":1}",
    };

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        struct arena a = { 0 };
        struct update u;
        struct value *v;
        assert_int_equal(json_parse(&a, str_of(wrong[i]), &v, NULL), 0);
        assert_false(update_from_value(&a, v, &u));
        arena_done(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_version_is_installed),
        cmocka_unit_test(a_version_that_is_not_heard_is_taken_back),
        cmocka_unit_test(a_package_that_does_not_install_is_taken_back),
        cmocka_unit_test(taking_back_is_tried_again),
        cmocka_unit_test(what_cannot_be_taken_back_is_said),
        cmocka_unit_test(a_record_that_is_not_ours_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
