/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/execution.h"

#include "engine/interpolate.h"

struct step {
    struct arena *arena;
    const struct runbook *book;
    struct execution *e;
    struct execution_effects *out;
    msec now;
};

static void emit(struct step *s, struct execution_effect effect)
{
    assert(s->out->count < EXECUTION_MAX_EFFECTS);
    s->out->list[s->out->count++] = effect;
}

static void move(enum automation_status *status, enum automation_status next)
{
    assert(automation_may_follow(*status, next));
    *status = next;
}

static void finish(struct step *s, enum automation_status status)
{
    move(&s->e->status, status);
    s->e->ended_at = s->now;
    emit(s, (struct execution_effect){ .type = EXECUTION_EFFECT_FINISHED });
}

/* ---- recording ---- */

/* The step whose attempt has this number and is still awaited, or NULL. */
static struct step_execution *awaited(struct execution *e, uint32_t serial)
{
    struct step_execution *current = &e->steps[e->current];
    bool is_running =
        current->status == AUTOMATION_IN_PROGRESS || current->status == AUTOMATION_CANCELLING;

    return is_running && current->serial == serial ? current : NULL;
}

static void add_outputs(struct arena *a, struct step_execution *step, const struct value *outputs)
{
    if (!value_is(outputs, VALUE_MAP))
        return;
    if (!step->outputs)
        step->outputs = value_map(a);
    for (size_t i = 0; i < outputs->map.count; i++)
        value_set(a, step->outputs, outputs->map.members[i].key, outputs->map.members[i].value);
}

static void record_end(struct step *s, const struct execution_event *event)
{
    struct step_execution *step = awaited(s->e, event->serial);

    assert(automation_is_over(event->status));
    if (!step)
        return;
    step->result = event->status;
    step->response_code = event->response_code;
    step->failure = event->failure;
    add_outputs(s->arena, step, event->outputs);
}

static void record(struct step *s, const struct execution_event *event)
{
    struct execution *e = s->e;

    switch (event->type) {
    case EXECUTION_EVENT_TIMER:
        e->timer_at = 0;
        break;
    case EXECUTION_EVENT_OUTPUT:
        if (awaited(e, event->serial))
            add_outputs(s->arena, &e->steps[e->current], event->outputs);
        break;
    case EXECUTION_EVENT_ENDED:
        record_end(s, event);
        break;
    case EXECUTION_EVENT_STOP:
        if (event->stop > e->stop)
            e->stop = event->stop;
        break;
    }
}

/* ---- starting ---- */

static struct value *all_outputs(struct step *s)
{
    struct value *map = value_map(s->arena);

    for (uint32_t i = 0; i < s->e->n_steps; i++) {
        const struct value *outputs = s->e->steps[i].outputs;
        for (size_t n = 0; n < value_count(outputs); n++)
            value_set(s->arena, map,
                      arena_fmt(s->arena, "%.*s.%.*s", STR(s->book->steps[i].name),
                                STR(outputs->map.members[n].key)),
                      outputs->map.members[n].value);
    }
    return map;
}

static int resolve_inputs(struct step *s, struct step_execution *step)
{
    const struct execution *e = s->e;
    struct interpolation with = {
        .parameters = e->parameters,
        .outputs = all_outputs(s),
        .execution_id = e->id,
        .account = e->account,
        .region = e->region,
        .partition = e->partition,
        .now = s->now,
    };

    return interpolate(s->arena, s->book->steps[e->current].inputs, &with, &step->inputs,
                       &step->failure.message);
}

static void start_attempt(struct step *s)
{
    struct execution *e = s->e;
    struct step_execution *step = &e->steps[e->current];

    step->result = AUTOMATION_PENDING;
    step->failure = (struct step_failure){ 0 };
    step->attempt++;
    step->serial = ++e->n_starts;
    step->attempt_at = s->now;
    if (resolve_inputs(s, step) != 0) {
        step->result = AUTOMATION_FAILED;
        step->failure.stage = S("InputValidation");
        step->failure.type = S("Verification");
        step->attempt = s->book->steps[e->current].max_attempts;
        return;
    }
    emit(s, (struct execution_effect){
                .type = EXECUTION_EFFECT_START_STEP, .step = e->current, .serial = step->serial });
}

static void start(struct step *s)
{
    struct step_execution *step = &s->e->steps[s->e->current];

    move(&step->status, AUTOMATION_IN_PROGRESS);
    step->started_at = s->now;
    start_attempt(s);
}

/* ---- a step in progress ---- */

static void cancel_step(struct step *s)
{
    emit(s, (struct execution_effect){ .type = EXECUTION_EFFECT_CANCEL_STEP,
                                       .step = s->e->current,
                                       .serial = s->e->steps[s->e->current].serial });
}

static msec due_at(const struct step *s)
{
    const struct step_execution *step = &s->e->steps[s->e->current];
    msec timeout = s->book->steps[s->e->current].timeout;

    return step->status == AUTOMATION_IN_PROGRESS && timeout > 0 ? step->attempt_at + timeout : 0;
}

/* What nobody has said, but time or a stop has decided. */
static void judge(struct step *s)
{
    struct execution *e = s->e;
    struct step_execution *step = &e->steps[e->current];

    if (e->stop == AUTOMATION_STOP_CANCEL && e->cancel_by == 0) {
        e->cancel_by = s->now + AUTOMATION_CANCEL_LIMIT;
        move(&step->status, AUTOMATION_CANCELLING);
        cancel_step(s);
    } else if (e->cancel_by != 0 && s->now >= e->cancel_by) {
        if (step->status == AUTOMATION_IN_PROGRESS)
            cancel_step(s);
        step->result = AUTOMATION_CANCELLED;
    } else if (due_at(s) != 0 && s->now >= due_at(s)) {
        cancel_step(s);
        step->result = AUTOMATION_TIMED_OUT;
        step->failure =
            (struct step_failure){ S("Invocation"), S("Action"),
                                   S("The step did not finish within its timeoutSeconds.") };
    }
}

static void arm_timer(struct step *s)
{
    struct execution *e = s->e;
    msec at = due_at(s);

    if (e->cancel_by != 0 && (at == 0 || e->cancel_by < at))
        at = e->cancel_by;
    if (at == e->timer_at)
        return;
    e->timer_at = at;
    if (at != 0)
        emit(s, (struct execution_effect){ .type = EXECUTION_EFFECT_ARM_TIMER, .at = at });
}

static bool may_try_again(const struct step *s)
{
    const struct step_execution *step = &s->e->steps[s->e->current];

    return automation_is_error(step->result) && step->status == AUTOMATION_IN_PROGRESS &&
           step->attempt < s->book->steps[s->e->current].max_attempts &&
           s->e->n_starts < EXECUTION_MAX_STARTS;
}

/* ---- what follows a step ---- */

static bool go(struct step *s, uint32_t next)
{
    struct execution *e = s->e;

    if (e->n_starts >= EXECUTION_MAX_STARTS) {
        e->failure_message = S("The runbook goes round in circles: too many steps were started.");
        finish(s, AUTOMATION_FAILED);
        return false;
    }
    /* Its outputs stay until it makes new ones, as its own inputs may name them. */
    e->steps[next] = (struct step_execution){ .outputs = e->steps[next].outputs };
    e->current = next;
    return true;
}

static bool finish_flow(struct step *s)
{
    finish(s, s->e->is_cancel_flow         ? AUTOMATION_CANCELLED
              : s->e->has_critical_failure ? AUTOMATION_FAILED
                                           : AUTOMATION_SUCCESS);
    return false;
}

static const char *how_ended(enum automation_status status)
{
    if (status == AUTOMATION_TIMED_OUT)
        return "timed out";
    return status == AUTOMATION_CANCELLED ? "was cancelled" : "failed";
}

static bool abort_flow(struct step *s, const struct step_execution *step)
{
    if (!s->e->is_cancel_flow)
        s->e->failure_message =
            arena_fmt(s->arena, "Step %.*s %s. %.*s", STR(s->book->steps[s->e->current].name),
                      how_ended(step->status), STR(step->failure.message));
    finish(s, s->e->is_cancel_flow ? AUTOMATION_CANCELLED : step->status);
    return false;
}

static bool follow_cancel(struct step *s)
{
    struct runbook_jump jump = s->book->steps[s->e->current].on_cancel;

    s->e->is_cancel_flow = true;
    if (jump.then != RUNBOOK_GO || s->now >= s->e->cancel_by)
        return finish_flow(s);
    return go(s, jump.step);
}

static bool follow_failure(struct step *s, const struct step_execution *step)
{
    const struct runbook_step *plan = &s->book->steps[s->e->current];

    s->e->has_critical_failure |= plan->is_critical;
    if (plan->on_failure.then == RUNBOOK_ABORT)
        return abort_flow(s, step);
    if (plan->is_end || s->e->stop == AUTOMATION_STOP_COMPLETE)
        return finish_flow(s);
    uint32_t next = plan->on_failure.then == RUNBOOK_GO ? plan->on_failure.step : s->e->current + 1;
    return next < s->e->n_steps ? go(s, next) : finish_flow(s);
}

/* False once the execution is over. */
static bool follow(struct step *s)
{
    struct execution *e = s->e;
    const struct step_execution *step = &e->steps[e->current];
    const struct runbook_step *plan = &s->book->steps[e->current];

    if (e->cancel_by != 0 && !e->is_cancel_flow)
        return follow_cancel(s);
    if (e->cancel_by != 0 && s->now >= e->cancel_by)
        return finish_flow(s);
    if (step->status != AUTOMATION_SUCCESS)
        return follow_failure(s, step);
    if (plan->is_end || plan->next >= e->n_steps || e->stop == AUTOMATION_STOP_COMPLETE)
        return finish_flow(s);
    return go(s, plan->next);
}

/* ---- deciding ---- */

/* False while the step in progress is to be waited for. */
static bool settle(struct step *s)
{
    struct step_execution *step = &s->e->steps[s->e->current];

    if (step->result == AUTOMATION_PENDING)
        judge(s);
    if (step->result == AUTOMATION_PENDING)
        return false;
    if (may_try_again(s) && s->e->stop != AUTOMATION_STOP_CANCEL) {
        start_attempt(s);
        return step->result != AUTOMATION_PENDING && settle(s);
    }
    move(&step->status, step->result);
    step->result = AUTOMATION_PENDING;
    step->ended_at = s->now;
    return true;
}

static void run(struct step *s)
{
    do {
        if (s->e->steps[s->e->current].status == AUTOMATION_PENDING)
            start(s);
        if (!settle(s)) {
            arm_timer(s);
            return;
        }
    } while (follow(s));
}

static void decide(struct step *s)
{
    struct execution *e = s->e;

    if (e->status == AUTOMATION_PENDING) {
        if (e->stop != AUTOMATION_STOP_NONE) {
            finish(s, AUTOMATION_CANCELLED);
            return;
        }
        move(&e->status, AUTOMATION_IN_PROGRESS);
        e->started_at = s->now;
    }
    if (e->status == AUTOMATION_IN_PROGRESS && e->stop == AUTOMATION_STOP_CANCEL)
        move(&e->status, AUTOMATION_CANCELLING);
    run(s);
}

static void check(const struct execution *e)
{
    assert(e->current < e->n_steps);
    assert(e->n_starts <= EXECUTION_MAX_STARTS);
    assert(automation_is_over(e->status) == (e->ended_at != 0));
    for (uint32_t i = 0; i < e->n_steps; i++) {
        bool is_running = e->steps[i].status == AUTOMATION_IN_PROGRESS ||
                          e->steps[i].status == AUTOMATION_CANCELLING;
        assert(!is_running || (i == e->current && !automation_is_over(e->status)));
        assert(e->steps[i].result == AUTOMATION_PENDING);
    }
}

void execution_step(struct arena *a, const struct runbook *book, struct execution *e,
                    const struct execution_event *event, struct execution_effects *out)
{
    struct step s = { a, book, e, out, event->at };

    assert(e->n_steps == book->n_steps);
    out->count = 0;
    if (automation_is_over(e->status))
        return;
    record(&s, event);
    decide(&s);
    check(e);
}

struct execution execution_new(struct arena *a, const struct runbook *book,
                               const struct execution *plan)
{
    assert(book->n_steps > 0);
    return (struct execution){
        .id = plan->id,
        .account = plan->account,
        .region = plan->region,
        .partition = plan->partition,
        .parameters = plan->parameters,
        .n_steps = book->n_steps,
        .steps = arena_array(a, struct step_execution, book->n_steps),
    };
}
