/* SPDX-License-Identifier: Apache-2.0 */
/* The power is cut at every call that a rotation makes, before and after its effect. */
#include "agent/rotation.h"

#include "base/arena.h"

#include "../test.h"

struct world {
    struct arena arena;
    struct str servers_key;
    struct key_ring disk;
    int made, changed; /* keys made, and taken by the server */
    int cut_at;        /* the n-th call from now (1...) ends the process; 0: none does */
    bool after;        /* its effect still happens */
    bool is_away, is_full;
};

/* True if the call is not to happen at all; *ret is what it returns if it is cut. */
static bool is_cut(struct world *w, bool *ret_after)
{
    *ret_after = w->cut_at == 1 && w->after;
    return w->cut_at > 0 && --w->cut_at == 0 && !w->after;
}

#define DIE err_fault(EIO, "power cut")

static int make(void *context, struct str *ret)
{
    struct world *w = context;
    bool after;

    if (is_cut(w, &after))
        return DIE;
    *ret = arena_fmt(&w->arena, "key %d", ++w->made);
    return after ? DIE : 0;
}

static int save(void *context, const struct key_ring *ring)
{
    struct world *w = context;
    bool after;

    if (is_cut(w, &after))
        return DIE;
    if (w->is_full)
        return ROTATION_NOT_YET;
    w->disk = *ring;
    return after ? DIE : 0;
}

static int announce(void *context, struct str next)
{
    struct world *w = context;
    bool after;

    if (is_cut(w, &after))
        return DIE;
    if (w->is_away)
        return ROTATION_NOT_YET;
    if (!str_eq(w->servers_key, w->disk.key))
        return ROTATION_UNKNOWN;
    assert_true(str_eq(next, w->disk.next)); /* never told before it is safe */
    w->servers_key = next;
    w->changed++;
    return after ? DIE : 0;
}

static int prove(void *context, struct str next)
{
    struct world *w = context;
    bool after;

    if (is_cut(w, &after))
        return DIE;
    return !w->is_away && str_eq(w->servers_key, next) ? after ? DIE : 0 : ROTATION_NOT_YET;
}

static struct world new_world(void)
{
    struct world w = { .servers_key = S("key 0"), .disk = { .key = S("key 0"), .made_at = 1 } };
    return w;
}

static int live(struct world *w, struct key_ring *ring)
{
    const struct rotation_ports ports = {
        .context = w, .make = make, .save = save, .announce = announce, .prove = prove
    };
    return rotation_advance(ring, &ports, 1000);
}

static void assert_has_a_voice(const struct world *w)
{
    assert_true(str_eq(w->servers_key, w->disk.key) || str_eq(w->servers_key, w->disk.next));
}

static void a_key_is_changed(void **state)
{
    (void)state;
    struct world w = new_world();
    struct key_ring ring = w.disk;

    assert_int_equal(live(&w, &ring), 0);
    assert_str(w.disk.key, "key 1");
    assert_str(w.servers_key, "key 1");
    assert_false(str_is_set(w.disk.next));
    assert_int_equal(w.disk.made_at, 1000);
    arena_done(&w.arena);
}

static void a_power_cut_anywhere_leaves_a_node_that_can_speak(void **state)
{
    (void)state;
    int cuts = 0;

    for (int first = 1; first <= 4; first++)
        for (int second = 0; second <= 4; second++)
            for (int after = 0; after <= 3; after++) {
                struct world w = new_world();
                struct key_ring ring = w.disk;

                w.cut_at = first;
                w.after = after & 1;
                cuts += live(&w, &ring) < 0;
                assert_has_a_voice(&w);
                ring = w.disk; /* the next life knows only this */
                w.cut_at = second;
                w.after = after >> 1;
                cuts += live(&w, &ring) < 0;
                assert_has_a_voice(&w);
                ring = w.disk;
                w.cut_at = 0;
                if (!str_eq(w.servers_key, w.disk.key) || str_is_set(w.disk.next))
                    assert_int_equal(live(&w, &ring), 0);
                assert_true(str_eq(w.servers_key, w.disk.key));
                assert_true(w.changed <= 2);
                arena_done(&w.arena);
            }
    assert_true(cuts >= 100);
}

static void nothing_is_announced_that_could_not_be_saved(void **state)
{
    (void)state;
    struct world w = new_world();
    struct key_ring ring = w.disk;

    w.is_full = true;
    assert_int_equal(live(&w, &ring), ROTATION_NOT_YET);
    assert_str(w.servers_key, "key 0");
    assert_false(str_is_set(ring.next));
    w.is_full = false;
    w.is_away = true;
    assert_int_equal(live(&w, &ring), ROTATION_NOT_YET);
    assert_str(ring.key, "key 0");
    assert_str(w.disk.next, "key 2");
    w.is_away = false;
    w.is_full = true; /* the plane has it, the disk not: the next life finds out */
    assert_int_equal(live(&w, &ring), ROTATION_NOT_YET);
    assert_str(ring.key, "key 2");
    assert_has_a_voice(&w);
    arena_done(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_changed),
        cmocka_unit_test(a_power_cut_anywhere_leaves_a_node_that_can_speak),
        cmocka_unit_test(nothing_is_announced_that_could_not_be_saved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
