/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/execution.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/json.h"

#include "../test.h"

#define START ((msec)1709072070000)

/* A runbook of steps a, b, c ..., told by hand; what happens is one text. */
struct play {
    struct arena arena;
    struct runbook book;
    struct execution e;
    struct buf transcript;
    msec now;
};

static void tell(struct play *p, struct execution_event event)
{
    struct execution_effects effects;

    event.at = START + p->now;
    execution_step(&p->arena, &p->book, &p->e, &event, &effects);
    for (uint32_t i = 0; i < effects.count; i++) {
        const struct execution_effect *e = &effects.list[i];
        struct str name = p->book.steps[e->step].name;

        switch (e->type) {
        case EXECUTION_EFFECT_START_STEP:
            buf_fmt(&p->transcript, "start %.*s %u; ", STR(name), e->serial);
            break;
        case EXECUTION_EFFECT_CANCEL_STEP:
            buf_fmt(&p->transcript, "cancel %.*s %u; ", STR(name), e->serial);
            break;
        case EXECUTION_EFFECT_ARM_TIMER:
            buf_fmt(&p->transcript, "timer %lld; ", (long long)(e->at - START) / 1000);
            break;
        case EXECUTION_EFFECT_FINISHED:
            buf_fmt(&p->transcript, "%.*s; ", STR(automation_status_name(p->e.status)));
            break;
        }
    }
}

/* `steps`: for each its members beyond name, action and inputs, one a line. */
static void begin(struct play *p, const char *steps)
{
    struct str rest = str_of(steps), members, why = { 0 };
    struct value *document = NULL;
    struct execution plan = { .id = S("e-1"),
                              .account = S("111122223333"),
                              .region = S("eu-west-1"),
                              .partition = S("aws") };
    char name = 'a';

    memset(p, 0, sizeof(*p));
    p->transcript = buf_in(&p->arena);
    struct buf b = buf_in(&p->arena);
    buf_lit(&b, "{\"schemaVersion\":\"0.3\",\"mainSteps\":[");
    for (; str_next(&rest, '\n', &members); name++)
        buf_fmt(&b,
                "%s{\"name\":\"%c\",\"action\":\"aws:runCommand\",\"inputs\":{\"DocumentName\":"
                "\"D\",\"InstanceIds\":[\"i\"]}%s%.*s}",
                name == 'a' ? "" : ",", name, members.len ? "," : "", STR(members));
    buf_lit(&b, "],\"outputs\":[\"a.CommandId\",\"a.Output\"]}");
    if (json_parse(&p->arena, buf_str(&b), &document, &why) != 0 ||
        runbook_parse(&p->arena, document, &p->book, &why) != 0)
        fail_msg("%.*s", STR(why));
    plan.parameters = value_map(&p->arena);
    p->e = execution_new(&p->arena, &p->book, &plan);
    tell(p, (struct execution_event){ .type = EXECUTION_EVENT_TIMER });
}

static void ends(struct play *p, uint32_t serial, enum automation_status status)
{
    tell(p, (struct execution_event){
                .type = EXECUTION_EVENT_ENDED, .serial = serial, .status = status });
}

static void at(struct play *p, msec seconds)
{
    p->now = seconds * MSEC_SECOND;
    tell(p, (struct execution_event){ .type = EXECUTION_EVENT_TIMER });
}

static void stop(struct play *p, enum automation_stop how)
{
    tell(p, (struct execution_event){ .type = EXECUTION_EVENT_STOP, .stop = how });
}

static void expect(struct play *p, const char *transcript)
{
    assert_str(buf_str(&p->transcript), transcript);
    arena_done(&p->arena);
}

static void steps_follow_each_other(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\n");
    assert_int_equal(p.e.status, AUTOMATION_IN_PROGRESS);
    ends(&p, 1, AUTOMATION_SUCCESS);
    ends(&p, 1, AUTOMATION_FAILED); /* twice, and different */
    ends(&p, 7, AUTOMATION_FAILED); /* of nobody */
    ends(&p, 2, AUTOMATION_SUCCESS);
    ends(&p, 2, AUTOMATION_FAILED);
    stop(&p, AUTOMATION_STOP_CANCEL);
    at(&p, 99999);
    expect(&p, "start a 1; start b 2; Success; ");
}

static void a_failing_step_aborts(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\n");
    tell(&p, (struct execution_event){ .type = EXECUTION_EVENT_ENDED,
                                       .serial = 1,
                                       .status = AUTOMATION_FAILED,
                                       .failure = { S("Invocation"), S("Action"), S("No.") } });
    assert_str(p.e.failure_message, "Step a failed. No.");
    assert_int_equal(p.e.steps[1].status, AUTOMATION_PENDING);
    expect(&p, "start a 1; Failed; ");

    begin(&p, "");
    ends(&p, 1, AUTOMATION_TIMED_OUT);
    expect(&p, "start a 1; TimedOut; ");

    begin(&p, "");
    ends(&p, 1, AUTOMATION_CANCELLED);
    expect(&p, "start a 1; Cancelled; ");
}

static void attempts_are_made_before_a_step_fails(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"maxAttempts\":3,\"timeoutSeconds\":10");
    ends(&p, 1, AUTOMATION_FAILED);
    at(&p, 10);
    ends(&p, 2, AUTOMATION_SUCCESS); /* of the attempt given up */
    assert_int_equal(p.e.steps[0].attempt, 3);
    ends(&p, 3, AUTOMATION_SUCCESS);
    expect(&p, "start a 1; timer 10; start a 2; cancel a 2; start a 3; timer 20; Success; ");
}

static void a_step_that_takes_too_long_times_out(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"timeoutSeconds\":7200");
    at(&p, 7199);
    at(&p, 7200);
    assert_str(p.e.steps[0].failure.stage, "Invocation");
    assert_int_equal(p.e.steps[0].status, AUTOMATION_TIMED_OUT);
    expect(&p, "start a 1; timer 7200; timer 7200; cancel a 1; TimedOut; ");
}

static void the_flow_goes_on_or_jumps_as_on_failure_says(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"onFailure\":\"Continue\"\n"); /* no longer critical */
    ends(&p, 1, AUTOMATION_FAILED);
    ends(&p, 2, AUTOMATION_SUCCESS);
    expect(&p, "start a 1; start b 2; Success; ");

    begin(&p, "\"onFailure\":\"Continue\",\"isCritical\":true\n");
    ends(&p, 1, AUTOMATION_TIMED_OUT);
    ends(&p, 2, AUTOMATION_SUCCESS);
    expect(&p, "start a 1; start b 2; Failed; ");

    begin(&p, "\"onFailure\":\"step:c\"\n\n");
    ends(&p, 1, AUTOMATION_FAILED);
    ends(&p, 2, AUTOMATION_SUCCESS);
    assert_int_equal(p.e.steps[1].status, AUTOMATION_PENDING);
    expect(&p, "start a 1; start c 2; Failed; ");

    begin(&p, "\"onFailure\":\"step:c\",\"isCritical\":false\n\n");
    ends(&p, 1, AUTOMATION_FAILED);
    ends(&p, 2, AUTOMATION_SUCCESS);
    expect(&p, "start a 1; start c 2; Success; ");
}

static void the_flow_follows_next_step_and_ends_at_is_end(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"nextStep\":\"c\"\n\"isEnd\":true\n\"nextStep\":\"b\"");
    ends(&p, 1, AUTOMATION_SUCCESS);
    ends(&p, 2, AUTOMATION_SUCCESS);
    ends(&p, 3, AUTOMATION_SUCCESS);
    expect(&p, "start a 1; start c 2; start b 3; Success; ");

    begin(&p, "\"isEnd\":true,\"onFailure\":\"Continue\"\n");
    ends(&p, 1, AUTOMATION_FAILED);
    expect(&p, "start a 1; Success; ");

    begin(&p, "\"isEnd\":true,\"onFailure\":\"step:b\"\n");
    ends(&p, 1, AUTOMATION_FAILED);
    expect(&p, "start a 1; Failed; ");
}

static void a_cancelled_step_may_say_how_it_ended(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"timeoutSeconds\":600,\"maxAttempts\":5\n");
    p.now = 1000;
    stop(&p, AUTOMATION_STOP_CANCEL);
    assert_int_equal(p.e.status, AUTOMATION_CANCELLING);
    assert_int_equal(p.e.steps[0].status, AUTOMATION_CANCELLING);
    stop(&p, AUTOMATION_STOP_CANCEL);
    stop(&p, AUTOMATION_STOP_COMPLETE);
    p.now = 5000;
    ends(&p, 1, AUTOMATION_FAILED);
    assert_int_equal(p.e.steps[0].status, AUTOMATION_FAILED);
    expect(&p, "start a 1; timer 600; cancel a 1; timer 121; Cancelled; ");
}

static void a_silent_step_is_cancelled_within_two_minutes(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "");
    p.now = 1000;
    stop(&p, AUTOMATION_STOP_CANCEL);
    at(&p, 120);
    at(&p, 121);
    assert_int_equal(p.e.steps[0].status, AUTOMATION_CANCELLED);
    expect(&p, "start a 1; cancel a 1; timer 121; timer 121; Cancelled; ");
}

static void a_cancellation_takes_its_own_path(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"onCancel\":\"step:c\"\n\n");
    stop(&p, AUTOMATION_STOP_CANCEL);
    ends(&p, 1, AUTOMATION_CANCELLED);
    ends(&p, 2, AUTOMATION_SUCCESS);
    expect(&p, "start a 1; cancel a 1; timer 120; start c 2; Cancelled; ");

    begin(&p, "\"onCancel\":\"step:b\"\n");
    stop(&p, AUTOMATION_STOP_CANCEL);
    ends(&p, 1, AUTOMATION_CANCELLED);
    at(&p, 120);
    expect(&p, "start a 1; cancel a 1; timer 120; start b 2; cancel b 2; Cancelled; ");

    begin(&p, "\"onCancel\":\"step:b\"\n\"timeoutSeconds\":10,\"maxAttempts\":2");
    stop(&p, AUTOMATION_STOP_CANCEL);
    stop(&p, AUTOMATION_STOP_COMPLETE);
    assert_int_equal(p.e.stop, AUTOMATION_STOP_CANCEL);
    ends(&p, 1, AUTOMATION_CANCELLED);
    at(&p, 10); /* it is not tried again */
    expect(&p, "start a 1; cancel a 1; timer 120; start b 2; timer 10; cancel b 2; Cancelled; ");
}

static void complete_lets_the_step_in_progress_finish(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\n");
    stop(&p, AUTOMATION_STOP_COMPLETE);
    assert_int_equal(p.e.status, AUTOMATION_IN_PROGRESS);
    ends(&p, 1, AUTOMATION_SUCCESS);
    assert_int_equal(p.e.steps[1].status, AUTOMATION_PENDING);
    expect(&p, "start a 1; Success; ");

    begin(&p, "\"onFailure\":\"step:b\"\n");
    stop(&p, AUTOMATION_STOP_COMPLETE);
    ends(&p, 1, AUTOMATION_FAILED);
    expect(&p, "start a 1; Failed; ");
}

static void a_circle_ends(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"nextStep\":\"a\"");
    for (uint32_t i = 1; i <= EXECUTION_MAX_STARTS; i++)
        ends(&p, i, AUTOMATION_SUCCESS);
    assert_int_equal(p.e.status, AUTOMATION_FAILED);
    assert_int_equal(p.e.n_starts, EXECUTION_MAX_STARTS);
    arena_done(&p.arena);
}

static void outputs_become_inputs(void **state)
{
    (void)state;
    struct play p;
    struct value *outputs;

    begin(&p, "\n\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":[\"{{ a.Output }}\"],"
              "\"Comment\":\"after {{a.CommandId}} in {{global:REGION}}\"}");
    outputs = value_map(&p.arena);
    value_set_str(&p.arena, outputs, S("CommandId"), S("c-1"));
    tell(&p, (struct execution_event){
                 .type = EXECUTION_EVENT_OUTPUT, .serial = 1, .outputs = outputs });
    outputs = value_map(&p.arena);
    value_set(&p.arena, outputs, S("Output"),
              value_strings(&p.arena, (struct strs){ (struct str[]){ S("i-1"), S("i-2") }, 2 }));
    tell(&p, (struct execution_event){ .type = EXECUTION_EVENT_ENDED,
                                       .serial = 1,
                                       .status = AUTOMATION_SUCCESS,
                                       .outputs = outputs });
    assert_str(json_format(&p.arena, execution_wire_inputs(&p.arena, p.e.steps[1].inputs)),
               "{\"DocumentName\":\"\\\"D\\\"\",\"InstanceIds\":\"[\\\"i-1\\\",\\\"i-2\\\"]\","
               "\"Comment\":\"\\\"after c-1 in eu-west-1\\\"\"}");
    assert_str(json_format(&p.arena, execution_wire_outputs(&p.arena, p.e.steps[0].outputs)),
               "{\"CommandId\":[\"c-1\"],\"Output\":[\"i-1\",\"i-2\"]}");
    assert_str(json_format(&p.arena, execution_outputs(&p.arena, &p.book, &p.e)),
               "{\"a.CommandId\":[\"c-1\"],\"a.Output\":[\"i-1\",\"i-2\"]}");
    expect(&p, "start a 1; start b 2; ");
}

static void inputs_that_cannot_be_resolved_fail_at_once(void **state)
{
    (void)state;
    struct play p;

    begin(&p, "\"maxAttempts\":9,\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":"
              "[\"{{ b.Output }}\"]}\n");
    assert_str(p.e.steps[0].failure.stage, "InputValidation");
    assert_int_equal(p.e.n_starts, 1);
    assert_str(p.e.failure_message,
               "Step a failed. No step has produced this output: {{ b.Output }}");
    expect(&p, "Failed; ");

    begin(&p, "\"onFailure\":\"Continue\",\"inputs\":{\"DocumentName\":\"D\",\"InstanceIds\":"
              "[\"{{ b.Output }}\"]}\n");
    ends(&p, 2, AUTOMATION_SUCCESS);
    expect(&p, "start b 2; Success; ");
}

static void survives_its_own_storage(void **state)
{
    (void)state;
    struct play p;
    struct execution back;
    struct value *saved, *again;

    begin(&p, "\"timeoutSeconds\":5,\"maxAttempts\":2\n");
    tell(&p, (struct execution_event){ .type = EXECUTION_EVENT_ENDED,
                                       .serial = 1,
                                       .status = AUTOMATION_FAILED,
                                       .response_code = S("1"),
                                       .failure = { S("Invocation"), S("Action"), S("No.") } });
    stop(&p, AUTOMATION_STOP_CANCEL);
    saved = execution_save(&p.arena, &p.e);
    assert_int_equal(json_parse(&p.arena, json_format(&p.arena, saved), &again, NULL), 0);
    assert_true(execution_load(&p.arena, &p.book, again, &back));
    assert_true(value_equal(execution_save(&p.arena, &back), saved));

    value_set_int(&p.arena, again, S("current"), 2);
    assert_false(execution_load(&p.arena, &p.book, again, &back));
    value_set_int(&p.arena, again, S("current"), 0);
    value_set_int(&p.arena, again, S("status"), AUTOMATION_STATUSES);
    assert_false(execution_load(&p.arena, &p.book, again, &back));
    assert_false(execution_load(&p.arena, &p.book, NULL, &back));
    arena_done(&p.arena);
}

static void a_command_ends_its_step(void **state)
{
    (void)state;
    enum automation_status status = AUTOMATION_PENDING;

    assert_int_equal(automation_of_command(COMMAND_SUCCESS), AUTOMATION_SUCCESS);
    assert_int_equal(automation_of_command(COMMAND_NO_INSTANCES_IN_TAG), AUTOMATION_SUCCESS);
    assert_int_equal(automation_of_command(COMMAND_INCOMPLETE), AUTOMATION_FAILED);
    assert_int_equal(automation_of_command(COMMAND_CANCELLED), AUTOMATION_CANCELLED);
    assert_int_equal(automation_of_command(COMMAND_DELIVERY_TIMED_OUT), AUTOMATION_TIMED_OUT);
    assert_true(automation_status_parse(S("TimedOut"), &status));
    assert_int_equal(status, AUTOMATION_TIMED_OUT);
    assert_false(automation_status_parse(S("Waiting"), &status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_follow_each_other),
        cmocka_unit_test(a_failing_step_aborts),
        cmocka_unit_test(attempts_are_made_before_a_step_fails),
        cmocka_unit_test(a_step_that_takes_too_long_times_out),
        cmocka_unit_test(the_flow_goes_on_or_jumps_as_on_failure_says),
        cmocka_unit_test(the_flow_follows_next_step_and_ends_at_is_end),
        cmocka_unit_test(a_cancelled_step_may_say_how_it_ended),
        cmocka_unit_test(a_silent_step_is_cancelled_within_two_minutes),
        cmocka_unit_test(a_cancellation_takes_its_own_path),
        cmocka_unit_test(complete_lets_the_step_in_progress_finish),
        cmocka_unit_test(a_circle_ends),
        cmocka_unit_test(outputs_become_inputs),
        cmocka_unit_test(inputs_that_cannot_be_resolved_fail_at_once),
        cmocka_unit_test(survives_its_own_storage),
        cmocka_unit_test(a_command_ends_its_step),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
