/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/command.h"

#include <stdlib.h>

#include "base/value.h"

#include "../test.h"

#define START ((msec)1000000)

/* A command on up to a hundred thousand rows, without agents: events are told
 * by hand, effects are counted. */
struct shell {
    struct command command;
    struct invocation *rows;
    uint32_t n_loads, n_sends, n_cancels, n_finished, last_cancelled;
    msec timer_at;
};

static int load(void *context, uint32_t index, struct invocation *ret)
{
    struct shell *s = context;

    s->n_loads++;
    *ret = s->rows[index];
    return 0;
}

static int save(void *context, uint32_t index, const struct invocation *row)
{
    ((struct shell *)context)->rows[index] = *row;
    return 0;
}

static int next_open(void *context, uint32_t from, bool released, uint32_t *ret)
{
    struct shell *s = context;

    while (from < s->command.rate.n_targets &&
           (invocation_is_over(&s->rows[from]) || (released && !s->rows[from].is_released)))
        from++;
    *ret = from;
    return 0;
}

static int effect(void *context, const struct command_effect *e)
{
    struct shell *s = context;

    s->n_sends += e->type == COMMAND_EFFECT_SEND;
    s->n_finished += e->type == COMMAND_EFFECT_FINISHED;
    if (e->type == COMMAND_EFFECT_ARM_TIMER)
        s->timer_at = e->at;
    if (e->type == COMMAND_EFFECT_CANCEL) {
        s->n_cancels++;
        s->last_cancelled = e->index;
    }
    return 0;
}

static void tell(struct shell *s, struct command_event event)
{
    struct command_shell shell = { s, load, save, next_open, effect };

    assert_int_equal(command_tell(&s->command, &event, &shell), 0);
}

static void begin(struct shell *s, uint32_t n_targets, uint32_t concurrency, uint32_t errors)
{
    struct command_plan plan = {
        .requested_at = START,
        .delivery_timeout = 3600 * MSEC_SECOND,
        .execution_timeout = 7200 * MSEC_SECOND,
        .n_targets = n_targets,
        .max_concurrency = { concurrency, false },
        .max_errors = { errors, false },
    };

    memset(s, 0, sizeof(*s));
    s->command = command_plan(&plan);
    s->rows = calloc(n_targets + 1, sizeof(*s->rows));
    tell(s, (struct command_event){ .type = COMMAND_EVENT_TIMER, .at = START });
}

static void reply(struct shell *s, uint32_t index, enum agent_status document, msec after)
{
    tell(s, (struct command_event){ .type = COMMAND_EVENT_REPLY,
                                    .at = START + after,
                                    .index = index,
                                    .document = document });
}

static void refuse(struct shell *s, uint32_t index, enum invocation_detail why)
{
    tell(s, (struct command_event){
                .type = COMMAND_EVENT_REFUSE, .at = START + 1, .index = index, .refusal = why });
}

static void simple(struct shell *s, enum command_event_type type, uint32_t index, msec after)
{
    tell(s, (struct command_event){ .type = type, .at = START + after, .index = index });
}

static void expect_end(struct shell *s, const char *status, const char *detail)
{
    assert_true(command_is_over(&s->command));
    assert_int_equal(s->n_finished, 1);
    assert_str(command_status_name(s->command.detail), status);
    assert_str(command_detail_name(s->command.detail), detail);
    free(s->rows);
}

static void a_group_without_nodes_looks_like_success(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 0, 50, 0);
    expect_end(&s, "Success", "NoInstancesInTag");
}

static void a_command_goes_from_pending_to_success(void **state)
{
    (void)state;
    struct shell s;
    struct command_plan plan = { .requested_at = START,
                                 .n_targets = 1,
                                 .max_concurrency = { 1, false } };

    assert_str(command_status_name(command_plan(&plan).detail), "Pending");
    begin(&s, 1, 50, 0);
    assert_str(command_status_name(s.command.detail), "InProgress");
    assert_str(invocation_status_name(s.rows[0].detail), "InProgress");
    simple(&s, COMMAND_EVENT_DELAYED, 0, 1);
    assert_str(command_detail_name(s.command.detail), "Delayed");
    assert_str(command_status_name(s.command.detail), "InProgress");
    simple(&s, COMMAND_EVENT_DELIVERED, 0, 2);
    assert_str(command_detail_name(s.command.detail), "InProgress");
    reply(&s, 0, AGENT_SUCCESS_AND_REBOOT, 3);
    assert_false(command_is_over(&s.command));
    reply(&s, 0, AGENT_SUCCESS, 4);
    assert_int_equal(command_completed_count(&s.command), 1);
    expect_end(&s, "Success", "Success");
}

static void a_final_state_is_never_taken_back(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 1, 50, 0);
    reply(&s, 0, AGENT_SUCCESS, 1); /* seen before the InProgress, on some channels */
    reply(&s, 0, AGENT_IN_PROGRESS, 2);
    reply(&s, 0, AGENT_FAILED, 3);
    simple(&s, COMMAND_EVENT_DELIVERED, 0, 4);
    simple(&s, COMMAND_EVENT_CANCEL, 0, 5);
    simple(&s, COMMAND_EVENT_CANCEL_ALL, 0, 6);
    simple(&s, COMMAND_EVENT_TIMER, 0, 99999 * MSEC_SECOND);
    assert_int_equal(s.n_cancels, 0);
    assert_str(invocation_detail_name(s.rows[0].detail), "Success");
    expect_end(&s, "Success", "Success");
}

static void undelivered_nodes_alone_fail_a_command_and_beside_a_success_do_not(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 3, 50, 0);
    refuse(&s, 0, INVOCATION_UNDELIVERABLE);
    refuse(&s, 1, INVOCATION_INVALID_PLATFORM);
    refuse(&s, 2, INVOCATION_ACCESS_DENIED);
    assert_int_equal(command_error_count(&s.command), 0);
    expect_end(&s, "Failed", "Failed");

    begin(&s, 5, 50, 0);
    for (uint32_t i = 0; i < 4; i++)
        refuse(&s, i, INVOCATION_UNDELIVERABLE);
    reply(&s, 4, AGENT_SUCCESS, 2);
    expect_end(&s, "Success", "Success");
}

static void errors_within_the_limit_leave_it_incomplete(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 3, 50, 1);
    reply(&s, 0, AGENT_FAILED, 1);
    reply(&s, 1, AGENT_SUCCESS, 1);
    reply(&s, 2, AGENT_SUCCESS, 1);
    assert_int_equal(command_error_count(&s.command), 1);
    expect_end(&s, "Failed", "Incomplete");
}

static void past_the_limit_what_was_not_sent_is_terminated(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 4, 1, 0);
    reply(&s, 0, AGENT_TIMED_OUT, 1);
    assert_int_equal(s.n_sends, 1);
    assert_str(invocation_detail_name(s.rows[3].detail), "Terminated");
    assert_str(invocation_status_name(s.rows[3].detail), "Cancelled");
    assert_int_equal(command_completed_count(&s.command), 4);
    expect_end(&s, "TimedOut", "ExecutionTimedOut");
}

static void silence_becomes_a_delivery_timeout(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 2, 50, 0);
    assert_true(s.timer_at == START + 3600 * MSEC_SECOND);
    simple(&s, COMMAND_EVENT_DELIVERED, 1, 5);
    simple(&s, COMMAND_EVENT_TIMER, 0, 3600 * MSEC_SECOND);
    assert_str(invocation_detail_name(s.rows[0].detail), "DeliveryTimedOut");
    assert_str(invocation_detail_name(s.rows[1].detail), "InProgress");
    assert_true(s.timer_at == START + 10800 * MSEC_SECOND);
    simple(&s, COMMAND_EVENT_TIMER, 0, 10800 * MSEC_SECOND);
    assert_int_equal(command_delivery_timed_out_count(&s.command), 2);
    expect_end(&s, "TimedOut", "DeliveryTimedOut");
}

static void a_timer_that_fires_early_is_armed_again(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 1, 50, 0);
    s.timer_at = 0;
    simple(&s, COMMAND_EVENT_TIMER, 0, 5);
    assert_true(s.timer_at == START + 3600 * MSEC_SECOND);
    reply(&s, 0, AGENT_SUCCESS, 6);
    expect_end(&s, "Success", "Success");
}

static void an_agent_that_gets_it_too_late_is_told_to_stop(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 2, 50, 0);
    simple(&s, COMMAND_EVENT_CANCEL, 0, 5); /* it was on its way */
    assert_int_equal(s.n_cancels, 0);
    assert_str(invocation_detail_name(s.rows[0].detail), "Cancelled");
    reply(&s, 0, AGENT_IN_PROGRESS, 6);
    reply(&s, 0, AGENT_IN_PROGRESS, 7);
    assert_int_equal(s.n_cancels, 1);
    assert_int_equal(s.last_cancelled, 0);
    reply(&s, 0, AGENT_CANCELLED, 8);
    reply(&s, 1, AGENT_SUCCESS, 9);
    expect_end(&s, "Failed", "Incomplete");
}

static void a_cancelled_node_waits_for_its_agent(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 2, 50, 0);
    simple(&s, COMMAND_EVENT_DELIVERED, 0, 1);
    simple(&s, COMMAND_EVENT_DELIVERED, 1, 1);
    simple(&s, COMMAND_EVENT_CANCEL_ALL, 0, 2);
    assert_str(command_status_name(s.command.detail), "Cancelling");
    assert_str(invocation_status_name(s.rows[0].detail), "Cancelling");
    assert_int_equal(s.n_cancels, 2);
    reply(&s, 0, AGENT_SUCCESS, 3); /* it was faster */
    simple(&s, COMMAND_EVENT_TIMER, 0, 10800 * MSEC_SECOND);
    assert_str(invocation_detail_name(s.rows[0].detail), "Success");
    assert_str(invocation_detail_name(s.rows[1].detail), "Cancelled");
    expect_end(&s, "Cancelled", "Cancelled");
}

static void a_reply_to_what_was_not_sent_is_nothing(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 2, 1, 5);
    reply(&s, 1, AGENT_FAILED, 1);
    simple(&s, COMMAND_EVENT_DELIVERED, 1, 1);
    assert_str(invocation_detail_name(s.rows[1].detail), "Pending");
    reply(&s, 0, AGENT_SUCCESS, 2);
    reply(&s, 1, AGENT_SUCCESS, 3);
    expect_end(&s, "Success", "Success");
}

static void a_node_refused_before_its_turn_takes_no_place(void **state)
{
    (void)state;
    struct shell s;

    begin(&s, 4, 1, 0);
    refuse(&s, 1, INVOCATION_ACCESS_DENIED);
    simple(&s, COMMAND_EVENT_CANCEL, 2, 2);
    reply(&s, 0, AGENT_SUCCESS, 3);
    assert_int_equal(s.n_sends, 2);
    reply(&s, 3, AGENT_SUCCESS, 4);
    expect_end(&s, "Failed", "Incomplete");
}

static void a_refused_command_is_over_at_once(void **state)
{
    (void)state;
    struct command c = command_refused(START, COMMAND_RATE_EXCEEDED);

    assert_true(command_is_over(&c));
    assert_str(command_status_name(c.detail), "Failed");
    assert_str(command_detail_name(c.detail), "RateExceeded");
}

/* Each row is loaded for its release, its two reports, and no more. */
static void a_great_fleet_costs_what_its_nodes_cost(void **state)
{
    (void)state;
    struct shell s;
    const uint32_t n = 100000;

    begin(&s, n, 500, 0);
    for (uint32_t i = 0; i < n; i++) {
        reply(&s, i, AGENT_IN_PROGRESS, i + 1);
        reply(&s, i, AGENT_SUCCESS, i + 2);
    }
    assert_int_equal(s.n_sends, n);
    assert_int_equal(s.n_loads, 3 * n);
    expect_end(&s, "Success", "Success");
}

static void survives_its_own_storage(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct shell s;
    struct command c;
    struct invocation row;

    begin(&s, 7, 3, 1);
    reply(&s, 0, AGENT_FAILED, 1);
    simple(&s, COMMAND_EVENT_CANCEL_ALL, 0, 2);
    assert_true(command_load(command_save(&a, &s.command), &c));
    assert_true(value_equal(command_save(&a, &c), command_save(&a, &s.command)));
    assert_int_equal(c.n_by[INVOCATION_FAILED], 1);
    assert_true(invocation_load(invocation_save(&a, &s.rows[0]), &row));
    assert_int_equal(row.detail, INVOCATION_FAILED);
    assert_true(value_equal(invocation_save(&a, &row), invocation_save(&a, &s.rows[0])));

    struct value *broken = command_save(&a, &s.command);
    value_set_int(&a, broken, S("detail"), COMMAND_DETAILS);
    assert_false(command_load(broken, &c));
    value_set_str(&a, broken, S("detail"), S("Success"));
    assert_false(command_load(broken, &c));
    value_set_int(&a, broken, S("detail"), -1);
    assert_false(command_load(broken, &c));
    free(s.rows);
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_without_nodes_looks_like_success),
        cmocka_unit_test(a_command_goes_from_pending_to_success),
        cmocka_unit_test(a_final_state_is_never_taken_back),
        cmocka_unit_test(undelivered_nodes_alone_fail_a_command_and_beside_a_success_do_not),
        cmocka_unit_test(errors_within_the_limit_leave_it_incomplete),
        cmocka_unit_test(past_the_limit_what_was_not_sent_is_terminated),
        cmocka_unit_test(silence_becomes_a_delivery_timeout),
        cmocka_unit_test(a_timer_that_fires_early_is_armed_again),
        cmocka_unit_test(an_agent_that_gets_it_too_late_is_told_to_stop),
        cmocka_unit_test(a_cancelled_node_waits_for_its_agent),
        cmocka_unit_test(a_reply_to_what_was_not_sent_is_nothing),
        cmocka_unit_test(a_node_refused_before_its_turn_takes_no_place),
        cmocka_unit_test(a_refused_command_is_over_at_once),
        cmocka_unit_test(a_great_fleet_costs_what_its_nodes_cost),
        cmocka_unit_test(survives_its_own_storage),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
