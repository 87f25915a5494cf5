/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stackset.h"

#include "base/buf.h"

#include "../test.h"

struct world {
    struct arena arena;
    struct stackset_operation op;
    struct stackset_effects effects;
    struct buf transcript;
};

static const struct stackset_limits no_limits = { -1, -1, -1, -1 };

/* `n_accounts` in each of "r1", "r2", ... in this order. */
static void world_init(struct world *w, struct stackset_limits limits, size_t n_accounts,
                       size_t n_regions)
{
    struct str why;

    *w = (struct world){ .op.n_instances = n_accounts * n_regions };
    w->transcript = buf_in(&w->arena);
    w->op.instances = arena_array(&w->arena, struct stackset_instance, w->op.n_instances);
    w->effects.start = arena_array(&w->arena, size_t, w->op.n_instances);
    w->effects.cancel = arena_array(&w->arena, size_t, w->op.n_instances);
    for (size_t i = 0; i < w->op.n_instances; i++) {
        w->op.instances[i].region = arena_fmt(&w->arena, "r%zu", i / n_accounts + 1);
        w->op.instances[i].account = arena_fmt(&w->arena, "%zu", i % n_accounts + 1);
    }
    assert_int_equal(stackset_set_limits(&w->op.preferences, &limits, &why), 0);
}

static void say(struct world *w, const char *what, const size_t *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        buf_fmt(&w->transcript, " %s%.*s/%.*s", what, STR(w->op.instances[list[i]].account),
                STR(w->op.instances[list[i]].region));
}

static void step(struct world *w, struct stackset_event event)
{
    stackset_step(&w->arena, &w->op, &event, &w->effects);
    say(w, "+", w->effects.start, w->effects.n_start);
    say(w, "-", w->effects.cancel, w->effects.n_cancel);
    buf_lit(&w->transcript, ";");
}

static void start(struct world *w)
{
    struct str why;

    assert_int_equal(stackset_plan(&w->arena, &w->op, &why), 0);
    step(w, (struct stackset_event){ .type = STACKSET_START });
}

static void report(struct world *w, size_t instance, bool ok)
{
    step(w, (struct stackset_event){ STACKSET_REPORT, instance, ok });
}

static void check(struct world *w, const char *transcript, enum stackset_state state)
{
    assert_str(buf_str(&w->transcript), transcript);
    assert_string_equal(stackset_state_name(w->op.state), stackset_state_name(state));
    arena_done(&w->arena);
}

static void one_at_a_time_and_region_by_region_by_default(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, no_limits, 2, 2);
    start(&w);
    for (size_t i = 0; i < 4; i++)
        report(&w, i, true);
    check(&w, " +1/r1; +2/r1; +1/r2; +2/r2;;", STACKSET_OP_SUCCEEDED);
}

static void the_first_failure_stops_it_by_default(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, no_limits, 2, 2);
    start(&w);
    report(&w, 0, false);
    check(&w, " +1/r1; -2/r1 -1/r2 -2/r2;", STACKSET_OP_FAILED);
}

static void regions_go_in_the_order_that_was_asked_for(void **state)
{
    (void)state;
    struct world w;
    struct str order[] = { S("r3"), S("r1") };

    world_init(&w, no_limits, 1, 3);
    w.op.preferences.region_order = (struct strs){ order, 2 };
    start(&w);
    report(&w, 2, true);
    report(&w, 0, true);
    report(&w, 1, true);
    check(&w, " +1/r3; +1/r1; +1/r2;;", STACKSET_OP_SUCCEEDED);
}

static void parallel_regions_each_stand_for_themselves(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, no_limits, 2, 2);
    w.op.preferences.is_parallel = true;
    start(&w);
    report(&w, 0, false);
    report(&w, 2, true);
    report(&w, 3, true);
    check(&w, " +1/r1 +1/r2; -2/r1; +2/r2;;", STACKSET_OP_FAILED);
}

static void strict_concurrency_shrinks_as_failures_come(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, (struct stackset_limits){ 2, -1, 10, -1 }, 6, 1);
    start(&w); /* tolerance 2: three at once */
    report(&w, 0, false);
    report(&w, 1, true); /* two at once are left: one in flight, one more */
    report(&w, 2, false);
    report(&w, 3, true); /* only one at a time now */
    report(&w, 4, true);
    report(&w, 5, true);
    check(&w, " +1/r1 +2/r1 +3/r1;; +4/r1;; +5/r1; +6/r1;;", STACKSET_OP_SUCCEEDED);
}

static void soft_concurrency_does_not(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, (struct stackset_limits){ 0, -1, 3, -1 }, 4, 1);
    w.op.preferences.is_soft = true;
    start(&w);
    report(&w, 0, false);
    report(&w, 1, false);
    report(&w, 2, true);
    check(&w, " +1/r1 +2/r1 +3/r1; -4/r1;;;", STACKSET_OP_FAILED);
}

static void tolerance_counts_in_each_region_anew(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, (struct stackset_limits){ 1, -1, -1, -1 }, 2, 2);
    start(&w);
    report(&w, 0, false);
    report(&w, 1, true);
    report(&w, 2, true);
    report(&w, 3, false);
    check(&w, " +1/r1; +2/r1; +1/r2; +2/r2;;", STACKSET_OP_SUCCEEDED);
}

static void percentages_are_rounded_down_but_one_is_always_at_work(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, (struct stackset_limits){ -1, 50, -1, 99 }, 3, 1);
    start(&w); /* 50% of 3 tolerates 1, 99% of 3 is 2 */
    check(&w, " +1/r1 +2/r1;", STACKSET_OP_RUNNING);
    world_init(&w, (struct stackset_limits){ -1, 49, -1, 1 }, 2, 1);
    start(&w); /* tolerates none, one at a time */
    report(&w, 0, false);
    check(&w, " +1/r1; -2/r1;", STACKSET_OP_FAILED);
}

static void a_stop_lets_finish_what_runs(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, no_limits, 3, 1);
    start(&w);
    step(&w, (struct stackset_event){ .type = STACKSET_STOP });
    assert_int_equal(w.op.state, STACKSET_OP_STOPPING);
    report(&w, 0, true);
    report(&w, 0, false); /* late, and again */
    check(&w, " +1/r1; -2/r1 -3/r1;;;", STACKSET_OP_STOPPED);
}

static void an_operation_on_nothing_succeeds(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, no_limits, 0, 0);
    start(&w);
    check(&w, ";", STACKSET_OP_SUCCEEDED);
}

static void wrong_preferences_are_refused(void **state)
{
    (void)state;
    static const struct stackset_limits wrong[] = {
        { 1, 1, -1, -1 },
        { -1, -1, 1, 1 },
        { -1, 101, -1, -1 },
        { -1, -1, 0, -1 },
        { -1, -1, -1, 0 },
        { -1, -1, -1, 101 },
        { 0, 0, -1, -1 },
        { INT64_C(1) << 31, -1, -1, -1 },
        { -1, -1, INT64_C(1) << 31, -1 },
    };
    struct str twice[] = { S("r1"), S("r1") }, unknown[] = { S("r9") }, why;
    struct stackset_preferences p = { 0 };
    struct world w;

    for (size_t i = 0; i < ARRAY_LEN(wrong); i++)
        assert_int_equal(stackset_set_limits(&p, &wrong[i], &why), STACKSET_INVALID);
    world_init(&w, no_limits, 1, 1);
    w.op.preferences.region_order = (struct strs){ twice, 2 };
    assert_int_equal(stackset_plan(&w.arena, &w.op, &why), STACKSET_INVALID);
    assert_str(why, "RegionOrder names r1 twice");
    w.op.preferences.region_order = (struct strs){ unknown, 1 };
    assert_int_equal(stackset_plan(&w.arena, &w.op, &why), STACKSET_INVALID);
    assert_str(why, "RegionOrder names r9, which has no stack instance");
    arena_done(&w.arena);
}

static void a_tolerance_of_all_stops_nothing(void **state)
{
    (void)state;
    struct world w;

    world_init(&w, (struct stackset_limits){ -1, 100, -1, 100 }, 2, 1);
    start(&w);
    report(&w, 0, false);
    report(&w, 1, false);
    check(&w, " +1/r1 +2/r1;;;", STACKSET_OP_SUCCEEDED);
}

/* ---- any world ---- */

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

static int64_t maybe(uint64_t *seed, int64_t low, int64_t high)
{
    return next(seed) % 2 ? -1 : low + (int64_t)(next(seed) % (uint64_t)(high - low + 1));
}

/* What any observer can say of an operation that runs. */
struct watch {
    size_t n_started[64], n_reported[64];
};

static size_t in_region(const struct world *w, uint32_t rank, enum stackset_result result)
{
    size_t n = 0;

    for (size_t i = 0; i < w->op.n_instances; i++)
        n += w->op.instances[i].rank == rank && w->op.instances[i].result == result;
    return n;
}

static void observe(const struct world *w, struct watch *watch)
{
    const struct stackset_preferences *p = &w->op.preferences;
    size_t n_regions_at_work = 0;

    for (size_t i = 0; i < w->effects.n_start; i++)
        watch->n_started[w->effects.start[i]]++;
    for (uint32_t r = 0; r < w->op.n_regions; r++) {
        uint32_t total = 0;
        for (enum stackset_result k = STACKSET_PENDING; k <= STACKSET_CANCELLED; k++)
            total += (uint32_t)in_region(w, r, k);
        size_t running = in_region(w, r, STACKSET_RUNNING);
        size_t failed = in_region(w, r, STACKSET_FAILED);
        size_t tolerance = rate_errors(p->tolerance, total);

        n_regions_at_work += running > 0;
        assert_true(running <= (p->has_concurrency ? rate_concurrency(p->concurrency, total) : 1));
        if (!p->is_soft) /* strict: failures never overshoot, whatever becomes of the rest */
            assert_true(failed <= tolerance + 1);
        if (failed > tolerance)
            assert_int_equal(in_region(w, r, STACKSET_PENDING), 0);
    }
    if (!p->is_parallel)
        assert_true(n_regions_at_work <= 1);
}

static void run_any(uint64_t seed)
{
    struct world w;
    struct watch watch = { 0 };
    struct stackset_limits limits = no_limits;
    uint64_t failure_rate = next(&seed) % 5, stop_rate = next(&seed) % 2 ? 40 : 1000000;

    *(next(&seed) % 2 ? &limits.tolerance_count : &limits.tolerance_percent) = maybe(&seed, 0, 6);
    *(next(&seed) % 2 ? &limits.concurrency_count : &limits.concurrency_percent) =
        maybe(&seed, 1, 100);
    world_init(&w, limits, next(&seed) % 13, 1 + next(&seed) % 4);
    w.op.preferences.is_parallel = next(&seed) % 2;
    w.op.preferences.is_soft = next(&seed) % 2;

    start(&w);
    observe(&w, &watch);
    for (size_t round = 0; !stackset_is_over(&w.op); round++) {
        struct stackset_event event = { STACKSET_REPORT, next(&seed) % w.op.n_instances,
                                        next(&seed) % 5 >= failure_rate };
        if (next(&seed) % stop_rate == 0)
            event.type = STACKSET_STOP;
        else if (w.op.instances[event.instance].result == STACKSET_RUNNING)
            watch.n_reported[event.instance]++;
        enum stackset_result before = w.op.instances[event.instance].result;
        step(&w, event);
        if (before >= STACKSET_SUCCEEDED) /* never takes back what it said */
            assert_int_equal(w.op.instances[event.instance].result, before);
        observe(&w, &watch);
        assert_true(round < 20000);
    }
    for (size_t i = 0; i < w.op.n_instances; i++) {
        bool was_run = w.op.instances[i].result != STACKSET_CANCELLED;
        assert_true(w.op.instances[i].result >= STACKSET_SUCCEEDED);
        assert_int_equal(watch.n_started[i], was_run);
        assert_int_equal(watch.n_reported[i], was_run);
    }
    arena_done(&w.arena);
}

/* It ends; each instance is run once or cancelled; the limits hold at every moment. */
static void holds_in_any_world(void **state)
{
    (void)state;

    for (uint64_t seed = 0; seed < 2000; seed++)
        run_any(seed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_at_a_time_and_region_by_region_by_default),
        cmocka_unit_test(the_first_failure_stops_it_by_default),
        cmocka_unit_test(regions_go_in_the_order_that_was_asked_for),
        cmocka_unit_test(parallel_regions_each_stand_for_themselves),
        cmocka_unit_test(strict_concurrency_shrinks_as_failures_come),
        cmocka_unit_test(soft_concurrency_does_not),
        cmocka_unit_test(tolerance_counts_in_each_region_anew),
        cmocka_unit_test(percentages_are_rounded_down_but_one_is_always_at_work),
        cmocka_unit_test(a_stop_lets_finish_what_runs),
        cmocka_unit_test(an_operation_on_nothing_succeeds),
        cmocka_unit_test(wrong_preferences_are_refused),
        cmocka_unit_test(a_tolerance_of_all_stops_nothing),
        cmocka_unit_test(holds_in_any_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
