/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/run.h"

#include "agent/output.h"

static const char *const names[STEP_STATUSES] = {
    [STEP_NOT_STARTED] = "NotStarted", [STEP_IN_PROGRESS] = "InProgress",
    [STEP_SUCCESS] = "Success",        [STEP_SUCCESS_AND_REBOOT] = "SuccessAndReboot",
    [STEP_FAILED] = "Failed",          [STEP_CANCELLED] = "Cancelled",
    [STEP_TIMED_OUT] = "TimedOut",     [STEP_SKIPPED] = "Skipped",
};

const char *run_status_name(enum step_status status)
{
    assert(status < STEP_STATUSES);
    return names[status];
}

bool run_status_parse(struct str name, enum step_status *ret)
{
    for (int i = 0; i < STEP_STATUSES; i++)
        if (str_eq(name, str_of(names[i]))) {
            *ret = (enum step_status)i;
            return true;
        }
    return false;
}

bool run_is_settled(enum step_status status)
{
    return status != STEP_NOT_STARTED && status != STEP_IN_PROGRESS &&
           status != STEP_SUCCESS_AND_REBOOT;
}

void run_init(struct arena *a, struct run *run, const struct document *document)
{
    *run = (struct run){ .document = document };
    run->steps = arena_array(a, struct step_state, document->count);
}

/* Did a step before `step` end the document? Read from the facts, so nothing more to remember. */
static bool is_ended_before(const struct run *run, size_t step)
{
    for (size_t i = 0; i < step; i++) {
        const struct step_state *s = &run->steps[i];
        const struct document_step *d = &run->document->steps[i];

        if (d->verdict != STEP_RUN)
            continue;
        if (s->code == CODE_EXIT_OK || s->code == CODE_EXIT_FAIL)
            return true;
        if (s->status == STEP_SUCCESS && d->exit_on_success)
            return true;
        if ((s->status == STEP_FAILED || s->status == STEP_TIMED_OUT) &&
            d->on_failure != ON_FAILURE_GO_ON)
            return true;
    }
    return false;
}

static void settle(struct step_state *s, enum step_status status, int64_t code, struct str message,
                   msec now)
{
    s->status = status;
    s->code = code;
    s->message = message;
    s->started_at = s->started_at ? s->started_at : now;
    s->ended_at = now;
}

/* Settle a step that is not to run; false if it is to run. */
static bool settle_unrun(struct arena *a, struct run *run, size_t step, msec now)
{
    const struct document_step *d = &run->document->steps[step];
    struct step_state *s = &run->steps[step];

    if (run->is_cancelled) {
        settle(s, STEP_CANCELLED, 1, S("The command was cancelled before this step started"), now);
        return true;
    }
    if (!d->is_finally && is_ended_before(run, step)) {
        settle(s, STEP_SKIPPED, 0,
               arena_fmt(a,
                         "Plugin with name %.*s and id %.*s skipped due to prior step with an "
                         "exit condition",
                         STR(d->action), STR(d->id)),
               now);
        return true;
    }
    switch (d->verdict) {
    case STEP_RUN:
        return false;
    case STEP_SKIP:
        settle(s, STEP_SKIPPED, 0, d->reason, now);
        return true;
    case STEP_FAIL:
        settle(s, STEP_FAILED, 1, d->reason, now);
        return true;
    }
    return false;
}

enum run_action run_next(struct arena *a, struct run *run, msec now, size_t *ret_step)
{
    for (size_t i = 0; i < run->document->count; i++) {
        enum step_status status = run->steps[i].status;

        *ret_step = i;
        if (status == STEP_IN_PROGRESS)
            return RUN_WAIT;
        if (status == STEP_SUCCESS_AND_REBOOT)
            return RUN_REBOOT;
        if (status == STEP_NOT_STARTED)
            return settle_unrun(a, run, i, now) ? RUN_REPORT : RUN_START;
    }
    *ret_step = run->document->count;
    return RUN_FINISH;
}

void run_started(struct run *run, size_t step, struct str boot_id, msec now)
{
    struct step_state *s = &run->steps[step];

    assert(s->status == STEP_NOT_STARTED);
    s->status = STEP_IN_PROGRESS;
    s->attempts++;
    s->boot_id = boot_id;
    s->started_at = s->started_at ? s->started_at : now;
}

static struct str add_line(struct arena *a, struct str text, const char *line)
{
    bool needs_break = text.len > 0 && text.p[text.len - 1] != '\n';
    return arena_fmt(a, "%.*s%s%s", STR(text), needs_break ? "\n" : "", line);
}

static enum step_status judge(const struct step_result *r, int64_t *code)
{
    *code = r->code;
    if (str_is_set(r->problem)) {
        *code = r->code ? r->code : 1;
        return STEP_FAILED;
    }
    if (r->timed_out || r->killed)
        *code = CODE_KILLED;
    if (r->timed_out)
        return STEP_TIMED_OUT;
    if (r->killed)
        return STEP_CANCELLED;
    if (r->code == 0 || r->code == CODE_EXIT_OK)
        return STEP_SUCCESS;
    return r->code == CODE_REBOOT ? STEP_SUCCESS_AND_REBOOT : STEP_FAILED;
}

/* onFailure and onSuccess, and the sentence the AWS agent leaves in the output. */
static void apply_flow(struct arena *a, struct step_state *s, const struct document_step *d)
{
    const char *property = NULL;

    if ((s->status == STEP_FAILED || s->status == STEP_TIMED_OUT) &&
        d->on_failure != ON_FAILURE_GO_ON)
        property = "onFailure";
    else if (s->status == STEP_SUCCESS && d->exit_on_success)
        property = "onSuccess";
    if (!property)
        return;

    if (s->status == STEP_FAILED && d->on_failure == ON_FAILURE_SUCCESS_AND_EXIT) {
        s->status = STEP_SUCCESS;
        s->code = CODE_EXIT_OK;
    }
    struct str note = arena_fmt(a,
                                "\nStep was found to have %s property. "
                                "Further document steps will be skipped.",
                                property);
    s->out = arena_fmt(a, "%.*s%.*s", STR(s->out), STR(note));
    if (!str_is_empty(s->err))
        s->err = arena_fmt(a, "%.*s%.*s", STR(s->err), STR(note));
}

void run_ended(struct arena *a, struct run *run, size_t step, const struct step_result *result,
               msec now)
{
    struct step_state *s = &run->steps[step];

    assert(s->status == STEP_IN_PROGRESS);
    s->status = judge(result, &s->code);
    s->ended_at = now;
    /* A step that was run again after a restart goes on where its output ended. */
    s->out =
        output_stream(a, arena_fmt(a, "%.*s%.*s", STR(s->out), STR(result->out)), result->out_cut);
    s->err =
        output_stream(a, arena_fmt(a, "%.*s%.*s", STR(s->err), STR(result->err)), result->err_cut);
    if (str_is_set(result->problem))
        s->err = add_line(a, s->err, arena_cstr(a, result->problem));
    else if (s->status == STEP_FAILED)
        s->err = add_line(
            a, s->err,
            arena_fmt(a, "failed to run commands: exit status %lld", (long long)s->code).p);
    s->message = output_combined(a, s->out, s->err);
    apply_flow(a, s, &run->document->steps[step]);
}

static void give_up(struct arena *a, struct step_state *s, const char *why, msec now)
{
    s->status = STEP_FAILED;
    s->code = 1;
    s->err = add_line(a, s->err, why);
    s->message = output_combined(a, s->out, s->err);
    s->ended_at = now;
}

void run_rebooted(struct arena *a, struct run *run, size_t step, msec now)
{
    struct step_state *s = &run->steps[step];

    assert(s->status == STEP_SUCCESS_AND_REBOOT);
    if (s->attempts >= RUN_MAX_ATTEMPTS)
        give_up(a, s, "The step asked for a restart of the node 15 times; it is not run again",
                now);
    else if (run->created_at != 0 && now - run->created_at > RUN_MAX_AGE)
        give_up(a, s, "The command is more than 48 hours old; the step is not run again", now);
    else
        s->status = STEP_NOT_STARTED;
}

void run_not_rebooted(struct arena *a, struct run *run, size_t step, const char *why, msec now)
{
    assert(run->steps[step].status == STEP_SUCCESS_AND_REBOOT);
    give_up(a, &run->steps[step], why, now);
}

void run_cancel(struct run *run)
{
    run->is_cancelled = true;
}

static bool any(const struct run *run, enum step_status status)
{
    for (size_t i = 0; i < run->document->count; i++)
        if (run->steps[i].status == status)
            return true;
    return false;
}

enum step_status run_status(const struct run *run)
{
    static const enum step_status order[] = { STEP_SUCCESS_AND_REBOOT, STEP_FAILED, STEP_TIMED_OUT,
                                              STEP_CANCELLED };

    for (size_t i = 0; i < ARRAY_LEN(order); i++)
        if (any(run, order[i]))
            return order[i];
    if (any(run, STEP_NOT_STARTED) || any(run, STEP_IN_PROGRESS))
        return STEP_IN_PROGRESS;
    return STEP_SUCCESS;
}
