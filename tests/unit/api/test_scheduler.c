/* SPDX-License-Identifier: Apache-2.0 */
/* Tasks: done at least once, again after a fault, never by a row that is gone. */
#include "world.h"

#define PENDING "SELECT COUNT(*) FROM task"
#define ITEMS   "SELECT COUNT(*) FROM item"
#define TRIES   "SELECT COALESCE(MAX(attempts), -1) FROM task"

/* What performs are to do; each test sets it before it adds a task. */
static _Atomic(int) faults_to_come, performed;
static _Atomic(bool) gate_is_shut, is_at_gate;

static int perform(struct task_run *run, const struct task *task, struct value **ret_answer)
{
    performed++;
    is_at_gate = true;
    while (gate_is_shut)
        world_pause(5);
    if (faults_to_come > 0) {
        faults_to_come--;
        return FAULT(EIO);
    }
    *ret_answer = value_map(run->arena);
    value_set_str(run->arena, *ret_answer, S("text"), task->payload);
    return 0;
}

static int settle(struct op *op, const struct task *task, const struct value *answer)
{
    TRY(world_add_item(op->db, answer ? value_get_str(answer, S("text"))
                                      : arena_fmt(op->arena, "gave up %.*s", STR(task->key))));
    return 0;
}

static int settle_badly(struct op *op, const struct task *task, const struct value *answer)
{
    TRY(settle(op, task, answer));
    if (task->attempts < 1)
        return FAULT(EIO);
    return 0;
}

static int ring(struct op *op, const struct task *task, const struct value *answer)
{
    (void)answer;
    TRY(world_add_item(op->db, task->payload));
    if (str_eq(task->payload, S("again"))) {
        struct task next = *task;
        next.payload = S("last");
        next.due_at = op->now + MSEC_HOUR;
        TRY(task_add(op, &next));
    }
    return 0;
}

static const struct task_kind kinds[] = {
    { .name = "test.work", .perform = perform, .settle = settle },
    { .name = "test.tired", .perform = perform, .settle = settle, .max_attempts = 2 },
    { .name = "test.clumsy", .perform = perform, .settle = settle_badly },
    { .name = "test.timer", .settle = ring },
    { .name = NULL },
};

static int add_it(struct op *op, void *context)
{
    return task_add(op, context);
}

static void add(struct world *w, struct str kind, struct str payload, msec due_at)
{
    struct task task = { .kind = kind,
                         .key = S("k"),
                         .payload = payload,
                         .due_at = due_at,
                         .account = S("111122223333"),
                         .region = S("us-east-1") };
    assert_int_equal(plane_write(&w->plane, add_it, &task), 0);
}

static int cancel_it(struct op *op, void *context)
{
    return task_cancel(op, *(struct str *)context, S("k"));
}

static void begin(struct world *w)
{
    faults_to_come = performed = 0;
    gate_is_shut = is_at_gate = false;
    clock_stands_at = 1000 * MSEC_HOUR;
    clock_ahead = 0;
    world_init(w, kinds);
}

static void a_task_is_done_once_and_goes(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    add(&w, S("test.work"), S("one"), 0);
    world_wait_for(&w, PENDING, 0);
    assert_str(world_items(&w), "one");
    assert_int_equal(performed, 1);
    world_done(&w);
}

static void a_fault_is_tried_again_with_growing_pauses(void **state)
{
    (void)state;
    struct world w;
    int64_t due;

    begin(&w);
    faults_to_come = 4;
    add(&w, S("test.work"), S("one"), 0);
    for (int failed = 1; failed <= 4; failed++) {
        world_wait_for(&w, TRIES, failed);
        assert_int_equal(db_int(w.reader, &due, "SELECT due_at FROM task", NO_ARGS), 0);
        msec pause = due - world_now(), most = MSEC_SECOND << (failed - 1);
        assert_in_range(pause, most / 8, most);
        assert_int_equal(performed, failed);
        world_put_clock_forward(&w, pause + 1);
    }
    world_wait_for(&w, PENDING, 0);
    assert_str(world_items(&w), "one");
    assert_int_equal(performed, 5);
    world_done(&w);
}

static void after_its_last_attempt_a_task_is_told_to_end(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    faults_to_come = 100;
    add(&w, S("test.tired"), S("one"), 0);
    world_wait_for(&w, TRIES, 1);
    world_put_clock_forward(&w, MSEC_MINUTE);
    world_wait_for(&w, PENDING, 0);
    assert_str(world_items(&w), "gave up k");
    assert_int_equal(performed, 2);
    world_done(&w);
}

static void what_settling_did_before_its_fault_is_undone(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    add(&w, S("test.clumsy"), S("one"), 0);
    world_wait_for(&w, TRIES, 1);
    assert_int_equal(world_count(&w, ITEMS), 0);
    world_put_clock_forward(&w, MSEC_MINUTE);
    world_wait_for(&w, PENDING, 0);
    assert_str(world_items(&w), "one");
    world_done(&w);
}

static void a_task_that_was_replaced_is_not_settled(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    gate_is_shut = true;
    add(&w, S("test.work"), S("old"), 0);
    for (int i = 0; i < 1000 && !is_at_gate; i++)
        world_pause(5);
    add(&w, S("test.work"), S("new"), 0);
    gate_is_shut = false;
    world_wait_for(&w, PENDING, 0);
    assert_str(world_items(&w), "new");
    assert_int_equal(performed, 2);
    world_done(&w);
}

static void a_task_that_was_cancelled_is_not_settled(void **state)
{
    (void)state;
    struct world w;
    struct str kind = S("test.work");

    begin(&w);
    gate_is_shut = true;
    add(&w, kind, S("old"), 0);
    for (int i = 0; i < 1000 && !is_at_gate; i++)
        world_pause(5);
    assert_int_equal(plane_write(&w.plane, cancel_it, &kind), 0);
    gate_is_shut = false;
    world_pause(100);
    assert_int_equal(world_count(&w, ITEMS), 0);
    assert_int_equal(world_count(&w, PENDING), 0);
    world_done(&w);
}

static void a_timer_rings_at_its_time_and_may_be_set_again(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    add(&w, S("test.timer"), S("again"), world_now() + MSEC_HOUR);
    world_pause(100);
    assert_int_equal(world_count(&w, ITEMS), 0);
    world_put_clock_forward(&w, MSEC_HOUR);
    world_wait_for(&w, ITEMS, 1);
    assert_int_equal(world_count(&w, PENDING), 1);
    world_put_clock_forward(&w, MSEC_HOUR);
    world_wait_for(&w, PENDING, 0);
    assert_str(world_items(&w), "again last");
    world_done(&w);
}

static void what_was_not_done_is_done_after_the_next_start(void **state)
{
    (void)state;
    struct world w;

    begin(&w);
    add(&w, S("test.timer"), S("later"), world_now() + MSEC_HOUR);
    faults_to_come = 1;
    add(&w, S("test.work"), S("soon"), 0);
    world_wait_for(&w, TRIES, 1);
    runtime_stop(&w.plane);
    clock_ahead += MSEC_HOUR;
    world_start(&w);
    world_wait_for(&w, PENDING, 0);
    assert_int_equal(world_count(&w, ITEMS), 2);
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_task_is_done_once_and_goes),
        cmocka_unit_test(a_fault_is_tried_again_with_growing_pauses),
        cmocka_unit_test(after_its_last_attempt_a_task_is_told_to_end),
        cmocka_unit_test(what_settling_did_before_its_fault_is_undone),
        cmocka_unit_test(a_task_that_was_replaced_is_not_settled),
        cmocka_unit_test(a_task_that_was_cancelled_is_not_settled),
        cmocka_unit_test(a_timer_rings_at_its_time_and_may_be_set_again),
        cmocka_unit_test(what_was_not_done_is_done_after_the_next_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
