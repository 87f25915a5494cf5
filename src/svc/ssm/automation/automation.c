/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/automation/automation.h"

#include "base/json.h"
#include "engine/execution.h"
#include "engine/locations.h"
#include "svc/ssm/automation/automation_task.h"

/* An execution that is being told something. */
struct shell {
    struct op *op;
    struct automation *row;
    struct runbook book;
    struct execution e;
    uint32_t unsent; /* the attempt that was cancelled before it was begun; 0: none */
};

struct str automation_arn(struct op *op, struct str id)
{
    return op_arn(op, "ssm", "automation-execution/%.*s", STR(id));
}

struct str automation_task_key(struct arena *a, struct str id, int64_t number)
{
    return arena_fmt(a, "%.*s %lld", STR(id), (long long)number);
}

bool automation_task_key_parse(struct str key, struct str *ret_id, int64_t *ret_number)
{
    struct str number;

    return str_cut(key, ' ', ret_id, &number) && str_to_int(number, ret_number);
}

int automation_tell_parent(struct op *op, const struct automation *row,
                           enum automation_status status, struct str message, struct str response)
{
    struct arena *a = op->arena;
    struct value *payload = value_map(a);

    if (!str_is_set(row->parent_id))
        return 0;
    value_set_str(a, payload, S("parent"), row->parent_id);
    value_set_int(a, payload, S("position"), row->parent_position);
    value_set_str(a, payload, S("status"), automation_status_name(status));
    if (str_is_set(message))
        value_set_str(a, payload, S("message"), message);
    if (str_is_set(response))
        value_set_str(a, payload, S("response"), response);
    struct task task = {
        .kind = S(AUTOMATION_CHILD_TASK),
        .key = row->id,
        .account = row->parent_account,
        .region = row->parent_region,
        .payload = json_format(a, payload),
    };
    TRY(task_add(op, &task));
    return 0;
}

int automation_keep(struct op *op, struct str id)
{
    struct task purge = { .kind = S(AUTOMATION_PURGE_TASK),
                          .key = id,
                          .due_at = op->now + AUTOMATION_KEPT };

    TRY(task_add(op, &purge));
    return 0;
}

int automation_purge_settle(struct op *op, const struct task *task, const struct value *answer)
{
    (void)answer;
    return automation_delete(op, task->key);
}

/* --- effects -------------------------------------------------------------- */

static int start_step(struct shell *s, const struct execution_effect *e)
{
    struct arena *a = s->op->arena;
    struct task task = {
        .kind = S(AUTOMATION_STEP_TASK),
        .key = automation_task_key(a, s->e.id, e->serial),
        .payload = json_format(a, s->e.steps[e->step].inputs),
    };

    TRY(task_add(s->op, &task));
    return 0;
}

static int cancel_step(struct shell *s, const struct execution_effect *e)
{
    struct str owner = automation_task_key(s->op->arena, s->e.id, e->serial);
    bool was_sent;

    TRY(task_cancel(s->op, S(AUTOMATION_STEP_TASK), owner));
    TRY(automation_disown(s->op, owner, &was_sent));
    if (!was_sent)
        s->unsent = e->serial;
    return 0;
}

/* What steps that succeeded have to say all the same. */
static struct str warnings(struct shell *s)
{
    struct strs list = { arena_array(s->op->arena, struct str, s->e.n_steps), 0 };

    for (uint32_t i = 0; i < s->e.n_steps; i++)
        if (s->e.steps[i].status == AUTOMATION_SUCCESS && str_is_set(s->e.steps[i].failure.message))
            list.items[list.count++] = s->e.steps[i].failure.message;
    return list.count > 0 ? arena_join(s->op->arena, list, S(" ")) : (struct str){ 0 };
}

static int apply(struct shell *s, const struct execution_effect *e)
{
    struct task timer = { .kind = S(AUTOMATION_TIMER_TASK), .key = s->e.id, .due_at = e->at };

    switch (e->type) {
    case EXECUTION_EFFECT_START_STEP:
        return start_step(s, e);
    case EXECUTION_EFFECT_CANCEL_STEP:
        return cancel_step(s, e);
    case EXECUTION_EFFECT_ARM_TIMER:
        TRY(task_add(s->op, &timer));
        return 0;
    case EXECUTION_EFFECT_FINISHED:
        TRY(task_cancel(s->op, timer.kind, timer.key));
        TRY(automation_keep(s->op, s->e.id));
        return automation_tell_parent(s->op, s->row, s->e.status, s->e.failure_message,
                                      warnings(s));
    }
    return FAULT(EINVAL);
}

/* --- telling -------------------------------------------------------------- */

static int tell(struct shell *s, struct execution_event event)
{
    do {
        struct execution_effects effects;
        event.at = s->op->now;
        s->unsent = 0;
        execution_step(s->op->arena, &s->book, &s->e, &event, &effects);
        for (uint32_t i = 0; i < effects.count; i++)
            TRY(apply(s, &effects.list[i]));
        event = (struct execution_event){
            .type = EXECUTION_EVENT_ENDED,
            .serial = s->unsent,
            .status = AUTOMATION_CANCELLED,
            .failure = { S("Invocation"), S("Action"), S("It was cancelled before it began.") },
        };
    } while (s->unsent != 0);
    return 0;
}

static void fill_row(struct shell *s)
{
    const struct runbook_step *step = &s->book.steps[s->e.current];
    struct automation *row = s->row;

    row->state = json_format(s->op->arena, execution_save(s->op->arena, &s->e));
    row->status = automation_status_name(s->e.status);
    row->failure_message = s->e.failure_message;
    row->ended_at = s->e.ended_at;
    row->is_over = automation_is_over(s->e.status);
    row->current_step = row->is_over ? (struct str){ 0 } : step->name;
    row->current_action = row->is_over ? (struct str){ 0 } : step->action;
}

int automation_begin(struct op *op, struct automation *row, const struct automation_text *text,
                     const struct runbook *book, struct value *parameters)
{
    struct shell s = { .op = op, .row = row, .book = *book };
    struct execution plan = {
        .id = row->id,
        .account = row->account,
        .region = row->region,
        .partition = S("aws"),
        .parameters = parameters,
    };

    s.e = execution_new(op->arena, book, &plan);
    TRY(tell(&s, (struct execution_event){ .type = EXECUTION_EVENT_TIMER }));
    fill_row(&s);
    TRY(automation_insert(op, row, text));
    return 0;
}

int automation_read(struct op *op, const struct automation *row, const struct automation_text *text,
                    struct runbook *ret_book, struct execution *ret)
{
    struct value *content, *state;
    struct str why = S("");

    TRY(json_parse(op->arena, text->content, &content, NULL));
    TRY(json_parse(op->arena, row->state, &state, NULL));
    if (runbook_parse(op->arena, content, ret_book, &why) != 0 ||
        !execution_load(op->arena, ret_book, state, ret))
        return err_fault(EINVAL, "the execution %.*s is unreadable: %.*s", STR(row->id), STR(why));
    return 0;
}

int automation_tell(struct op *op, struct str id, const struct execution_event *event)
{
    struct automation row;
    struct automation_text text;
    struct shell s = { .op = op, .row = &row };

    int found = automation_load(op, id, &row);
    if (found == DB_NO_ROW || (found == 0 && (row.is_parent || row.is_over)))
        return 0;
    TRY(found);
    TRY(automation_load_text(op->db, op->arena, id, &text));
    TRY(automation_read(op, &row, &text, &s.book, &s.e));
    TRY(tell(&s, *event));
    fill_row(&s);
    TRY(automation_save(op, &row));
    return 0;
}

int automation_stop(struct op *op, struct str id, enum automation_stop how)
{
    struct execution_event event = { .type = EXECUTION_EVENT_STOP, .stop = how };
    struct locations_event parents = { .type = LOCATIONS_EVENT_STOP, .stop = how };
    struct automation row;

    TRY(automation_load(op, id, &row));
    if (row.is_parent)
        return automation_parent_tell(op, id, &parents);
    return automation_tell(op, id, &event);
}

int automation_timer_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct execution_event event = { .type = EXECUTION_EVENT_TIMER };
    struct locations_event parents = { .type = LOCATIONS_EVENT_TIMER };
    struct automation row;
    (void)answer;

    int found = automation_load(op, task->key, &row);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    if (row.is_parent)
        return automation_parent_tell(op, row.id, &parents);
    return automation_tell(op, row.id, &event);
}

int automation_stop_settle(struct op *op, const struct task *task, const struct value *answer)
{
    (void)answer;
    return automation_stop(op, task->key, AUTOMATION_STOP_CANCEL);
}
