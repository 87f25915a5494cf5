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
    *run = (struct run){ .document = document, .n_planned = (int64_t)document->count };
    run->steps = arena_array(a, struct step_state, document->count);
}

static struct run *root_of(struct run *run)
{
    while (run->parent)
        run = run->parent;
    return run;
}

bool run_is_top(struct run_place at)
{
    return !at.run->parent;
}

static struct run_place place_above(struct run_place at)
{
    return (struct run_place){ at.run->parent, at.run->parent_step };
}

size_t run_top_step(struct run_place at)
{
    while (!run_is_top(at))
        at = place_above(at);
    return at.step;
}

struct str run_path(struct arena *a, struct run_place at)
{
    if (run_is_top(at))
        return arena_fmt(a, "%zu", at.step);
    return arena_fmt(a, "%.*s.%zu", STR(run_path(a, place_above(at))), at.step);
}

/* Did a step before `step` end the document? Read from the facts, so nothing more to remember. */
static bool is_ended_before(const struct run *run, size_t step)
{
    for (size_t i = 0; i < step; i++) {
        const struct step_state *s = &run->steps[i];
        const struct document_step *d = &run->document->steps[i];

        if (d->verdict == STEP_SKIP)
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

static struct str add_line(struct arena *a, struct str text, const char *line)
{
    bool needs_break = text.len > 0 && text.p[text.len - 1] != '\n';
    return arena_fmt(a, "%.*s%s%s", STR(text), needs_break ? "\n" : "", line);
}

/* What a step of a document has printed goes to the step that runs the document. */
static void hand_up(struct arena *a, struct run_place at)
{
    struct step_state *s = run_state(at), *above;

    if (run_is_top(at))
        return;
    above = run_state(place_above(at));
    if (!str_is_empty(s->out))
        above->out = output_stream(a, add_line(a, above->out, arena_cstr(a, s->out)), false);
    if (!str_is_empty(s->err))
        above->err = output_stream(a, add_line(a, above->err, arena_cstr(a, s->err)), false);
    s->out = s->err = s->message = S("");
}

/* Settle a step that is not to run; false if it is to run. */
static bool settle_unrun(struct arena *a, struct run *run, size_t step, msec now)
{
    const struct document_step *d = &run->document->steps[step];
    struct step_state *s = &run->steps[step];

    if (root_of(run)->is_cancelled) {
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
        if (run->parent)
            s->err = d->reason;
        hand_up(a, (struct run_place){ run, step });
        return true;
    }
    return false;
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

static void end(struct arena *a, struct run_place at, msec now)
{
    struct step_state *s = run_state(at);

    s->ended_at = now;
    s->message = output_combined(a, s->out, s->err);
    apply_flow(a, s, run_plan(at));
    if (run_is_settled(s->status))
        hand_up(a, at);
    for (struct run_place up = at; !run_is_top(up); up = place_above(up))
        run_state(place_above(up))->ended_at = now;
}

void run_ended(struct arena *a, struct run_place at, const struct step_result *result, msec now)
{
    struct step_state *s = run_state(at);

    assert(s->status == STEP_IN_PROGRESS && run_plan(at)->kind == STEP_SCRIPT);
    s->status = judge(result, &s->code);
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
    end(a, at, now);
}

/* --- documents within the document --- */

int run_nest(struct arena *a, struct run_place at, struct value *payload, struct str *ret_why)
{
    struct run *root = root_of(at.run), *nested = arena_new(a, struct run);
    struct document *document = arena_new(a, struct document);

    assert(run_plan(at)->kind == STEP_DOCUMENT && at.run->depth < RUN_MAX_DEPTH);
    PASS(document_plan(a, payload, document, ret_why));
    if (root->n_planned + (int64_t)document->count > RUN_MAX_STEPS) {
        *ret_why = arena_fmt(a, "The documents of the command have more than %d steps in all",
                             RUN_MAX_STEPS);
        return DOCUMENT_REFUSED;
    }
    run_init(a, nested, document);
    nested->parent = at.run;
    nested->parent_step = at.step;
    nested->depth = at.run->depth + 1;
    root->n_planned += (int64_t)document->count;
    run_state(at)->nested = nested;
    run_state(at)->payload = payload;
    return 0;
}

void run_fail(struct arena *a, struct run_place at, struct str why, msec now)
{
    struct step_state *s = run_state(at);

    s->status = STEP_FAILED;
    s->code = 1;
    s->err = add_line(a, s->err, arena_cstr(a, why));
    end(a, at, now);
}

/* All steps of its document are settled, or never will be. */
static void end_nested(struct arena *a, struct run_place at, enum step_status status, msec now)
{
    struct step_state *s = run_state(at);

    s->status = status;
    s->code = status == STEP_SUCCESS ? 0 : status == STEP_FAILED ? 1 : CODE_KILLED;
    s->nested = NULL;
    s->payload = NULL;
    end(a, at, now);
}

/* What is to be done within a step that runs a document. */
static enum run_action next_within(struct arena *a, struct run_place at, msec now,
                                   struct run_place *ret)
{
    struct run *nested = run_state(at)->nested;
    enum run_action action = RUN_FETCH;

    *ret = at;
    if (nested) {
        do
            action = run_next(a, nested, now, ret);
        while (action == RUN_REPORT);
        if (action != RUN_FINISH)
            return action;
        *ret = at;
        end_nested(a, at, run_status(nested), now);
        return RUN_REPORT;
    }
    if (root_of(at.run)->is_cancelled) {
        end_nested(a, at, STEP_CANCELLED, now);
        return RUN_REPORT;
    }
    if (at.run->depth < RUN_MAX_DEPTH)
        return RUN_FETCH;
    run_fail(a, at,
             arena_fmt(a,
                       "Maximum depth for document execution exceeded. Maximum depth permitted - "
                       "%d and current depth - %d",
                       RUN_MAX_DEPTH, at.run->depth + 1),
             now);
    return RUN_REPORT;
}

enum run_action run_next(struct arena *a, struct run *run, msec now, struct run_place *ret)
{
    for (size_t i = 0; i < run->document->count; i++) {
        enum step_status status = run->steps[i].status;

        *ret = (struct run_place){ run, i };
        if (status == STEP_IN_PROGRESS)
            return run_plan(*ret)->kind == STEP_DOCUMENT ? next_within(a, *ret, now, ret)
                                                         : RUN_WAIT;
        if (status == STEP_SUCCESS_AND_REBOOT)
            return RUN_REBOOT;
        if (status == STEP_NOT_STARTED)
            return settle_unrun(a, run, i, now) ? RUN_REPORT : RUN_START;
    }
    *ret = (struct run_place){ run, run->document->count };
    return RUN_FINISH;
}

void run_started(struct run_place at, struct str boot_id, msec now)
{
    struct step_state *s = run_state(at);

    assert(s->status == STEP_NOT_STARTED);
    s->status = STEP_IN_PROGRESS;
    s->attempts++;
    s->boot_id = boot_id;
    s->started_at = s->started_at ? s->started_at : now;
}

/* --- restarts --- */

static void give_up(struct arena *a, struct run_place at, const char *why, msec now)
{
    struct step_state *s = run_state(at);

    s->status = STEP_FAILED;
    s->code = 1;
    s->err = add_line(a, s->err, why);
    s->message = output_combined(a, s->out, s->err);
    s->ended_at = now;
    hand_up(a, at);
}

void run_rebooted(struct arena *a, struct run_place at, msec now)
{
    struct step_state *s = run_state(at);
    msec created_at = root_of(at.run)->created_at;

    assert(s->status == STEP_SUCCESS_AND_REBOOT);
    if (s->attempts >= RUN_MAX_ATTEMPTS)
        give_up(a, at, "The step asked for a restart of the node 15 times; it is not run again",
                now);
    else if (created_at != 0 && now - created_at > RUN_MAX_AGE)
        give_up(a, at, "The command is more than 48 hours old; the step is not run again", now);
    else
        s->status = STEP_NOT_STARTED;
}

void run_not_rebooted(struct arena *a, struct run_place at, const char *why, msec now)
{
    assert(run_state(at)->status == STEP_SUCCESS_AND_REBOOT);
    give_up(a, at, why, now);
}

void run_cancel(struct run *run)
{
    run->is_cancelled = true;
}

static bool any(const struct run *run, enum step_status status)
{
    for (size_t i = 0; i < run->document->count; i++)
        if (run_step_status(&run->steps[i]) == status)
            return true;
    return false;
}

bool run_has(const struct run *run, enum step_status status)
{
    for (size_t i = 0; i < run->document->count; i++) {
        const struct step_state *s = &run->steps[i];
        bool is_script = run->document->steps[i].kind == STEP_SCRIPT;

        if ((is_script && s->status == status) || (s->nested && run_has(s->nested, status)))
            return true;
    }
    return false;
}

enum step_status run_step_status(const struct step_state *s)
{
    if (s->status == STEP_IN_PROGRESS && s->nested &&
        run_status(s->nested) == STEP_SUCCESS_AND_REBOOT)
        return STEP_SUCCESS_AND_REBOOT;
    return s->status;
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
