/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/command/runcommand.h"

#include "api/tags.h"
#include "base/crypto.h"
#include "base/json.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/node/message.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"

/* A cancel message that nobody fetched is of no use for longer than this. */
#define CANCEL_LIFETIME (2 * MSEC_DAY)

/* A command that is being told something. */
struct shell {
    struct op *op;
    struct runcommand c;
    struct command engine;
    struct runcommand_invocation row; /* the last one loaded */
};

/* --- the engine's shell --------------------------------------------------- */

static int load_row(struct shell *s, uint32_t index)
{
    if (str_is_set(s->row.command_id) && s->row.position == (int64_t)index)
        return 0;
    TRY(runcommand_invocation_get(s->op, s->c.id, index, &s->row));
    return 0;
}

static int shell_load(void *context, uint32_t index, struct invocation *ret)
{
    struct shell *s = context;
    struct value *state;

    TRY(load_row(s, index));
    TRY(json_parse(s->op->arena, s->row.state, &state, NULL));
    if (!invocation_load(state, ret))
        return err_fault(EINVAL, "the invocation %u of the command %.*s is unreadable", index,
                         STR(s->c.id));
    return 0;
}

static int shell_save(void *context, uint32_t index, const struct invocation *row)
{
    struct shell *s = context;
    struct arena *a = s->op->arena;

    TRY(load_row(s, index));
    s->row.state = json_format(a, invocation_save(a, row));
    s->row.status = invocation_status_name(row->detail);
    s->row.detail = invocation_detail_name(row->detail);
    s->row.is_open = !invocation_is_over(row);
    s->row.is_released = row->is_released;
    TRY(runcommand_invocation_update(s->op, &s->row));
    if (!s->row.is_open)
        TRY(message_delete(s->op, message_send_id(a, s->c.id, s->row.instance_id)));
    return 0;
}

static int shell_next_open(void *context, uint32_t from, bool released, uint32_t *ret)
{
    struct shell *s = context;
    int64_t found;

    TRY(runcommand_invocation_next_open(s->op, s->c.id, from, released, s->engine.rate.n_targets,
                                        &found));
    *ret = (uint32_t)found;
    return 0;
}

static int put_message(struct shell *s, uint32_t index, bool is_cancel)
{
    struct arena *a = s->op->arena;
    msec now = s->op->now;

    TRY(load_row(s, index));
    struct message m = {
        .id = message_send_id(a, is_cancel ? random_uuid(a) : s->c.id, s->row.instance_id),
        .node = s->row.instance_id,
        .command_id = s->c.id,
        .is_cancel = is_cancel,
        .created_at = now,
        .visible_at = now,
        .expires_at = is_cancel ? now + CANCEL_LIFETIME : s->c.expires_at,
    };
    TRY(message_insert(s->op, &m));
    return 0;
}

static int shell_effect(void *context, const struct command_effect *e)
{
    struct shell *s = context;
    struct task timer = { .kind = S(RUNCOMMAND_TIMER_TASK), .key = s->c.id, .due_at = e->at };

    switch (e->type) {
    case COMMAND_EFFECT_SEND:
        return put_message(s, e->index, false);
    case COMMAND_EFFECT_CANCEL:
        return put_message(s, e->index, true);
    case COMMAND_EFFECT_ARM_TIMER:
        TRY(task_add(s->op, &timer));
        return 0;
    case COMMAND_EFFECT_FINISHED:
        TRY(task_cancel(s->op, timer.kind, timer.key));
        return 0;
    case COMMAND_EFFECT_VISIT:
    case COMMAND_EFFECT_VISIT_RUNNING:
    case COMMAND_EFFECT_VISIT_OPEN:
        break;
    }
    return FAULT(EINVAL); /* command_tell() keeps visits to itself */
}

/* --- telling -------------------------------------------------------------- */

static int shell_open(struct op *op, struct str id, struct shell *ret)
{
    struct value *state;

    *ret = (struct shell){ .op = op };
    int found = runcommand_load(op, id, &ret->c);
    if (found == DB_NO_ROW || (found == 0 && !str_is_set(ret->c.state)))
        return DB_NO_ROW;
    TRY(found);
    TRY(json_parse(op->arena, ret->c.state, &state, NULL));
    if (!command_load(state, &ret->engine))
        return err_fault(EINVAL, "the command %.*s is unreadable", STR(id));
    return 0;
}

static int shell_tell(struct shell *s, struct command_event event)
{
    struct command_shell ports = { s, shell_load, shell_save, shell_next_open, shell_effect };

    event.at = s->op->now;
    TRY(command_tell(&s->engine, &event, &ports));
    return 0;
}

static int shell_close(struct shell *s)
{
    s->c.state = json_format(s->op->arena, command_save(s->op->arena, &s->engine));
    s->c.status = command_status_name(s->engine.detail);
    s->c.detail = command_detail_name(s->engine.detail);
    s->c.is_over = command_is_over(&s->engine);
    TRY(runcommand_save(s->op, &s->c));
    if (s->c.is_over)
        TRY(automation_command_over(s->op, s->c.id));
    return 0;
}

int runcommand_tell(struct op *op, struct str id, const struct command_event *event)
{
    struct shell s;

    int opened = shell_open(op, id, &s);
    if (opened == DB_NO_ROW)
        return DB_NO_ROW;
    TRY(opened);
    TRY(shell_tell(&s, *event));
    return shell_close(&s);
}

int runcommand_tell_node(struct op *op, struct str id, struct str node,
                         const struct command_event *event)
{
    struct runcommand_invocation row;
    struct command_event told = *event;

    int found = runcommand_invocation_of_node(op, id, node, &row);
    if (found == DB_NO_ROW)
        return DB_NO_ROW;
    TRY(found);
    told.index = (uint32_t)row.position;
    return runcommand_tell(op, id, &told);
}

int runcommand_timer_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct command_event event = { .type = COMMAND_EVENT_TIMER };
    (void)answer;

    int told = runcommand_tell(op, task->key, &event);
    if (told != DB_NO_ROW)
        TRY(told);
    return 0;
}

/* A command is kept for a while, then forgotten with all that belongs to it. It is over by
 * then: none lives so long. */
static int keep_until(struct op *op, const struct runcommand *c)
{
    struct task purge = { .kind = S(RUNCOMMAND_PURGE_TASK),
                          .key = c->id,
                          .due_at = c->expires_at + RUNCOMMAND_KEPT };
    TRY(task_add(op, &purge));
    return 0;
}

int runcommand_purge_settle(struct op *op, const struct task *task, const struct value *answer)
{
    (void)answer;
    TRY(runcommand_delete(op, task->key));
    return 0;
}

int runcommand_node_gone(struct op *op, struct str node)
{
    struct command_event gone = { .type = COMMAND_EVENT_REFUSE,
                                  .refusal = INVOCATION_UNDELIVERABLE };
    struct strs commands;

    TRY(runcommand_invocation_open_commands(op, node, &commands));
    for (size_t i = 0; i < commands.count; i++) {
        int told = runcommand_tell_node(op, commands.items[i], node, &gone);
        if (told != DB_NO_ROW)
            TRY(told);
    }
    TRY(message_delete_of_node(op, node));
    return 0;
}

/* --- beginning ------------------------------------------------------------ */

int runcommand_refuse(struct op *op, struct str id, enum command_detail why)
{
    struct runcommand c;

    TRY(runcommand_load(op, id, &c));
    struct command engine = command_refused(c.requested_at, why);
    c.state = json_format(op->arena, command_save(op->arena, &engine));
    c.status = command_status_name(why);
    c.detail = command_detail_name(why);
    c.is_over = true;
    TRY(runcommand_save(op, &c));
    TRY(automation_command_over(op, id));
    return keep_until(op, &c);
}

int runcommand_cancel(struct op *op, struct str id)
{
    struct command_event cancel = { .type = COMMAND_EVENT_CANCEL_ALL };
    struct runcommand c;

    TRY(runcommand_load(op, id, &c));
    if (c.is_over)
        return 0;
    if (!str_is_set(c.state)) { /* its targets are not known yet */
        TRY(task_cancel(op, S(RUNCOMMAND_EXPAND_TASK), id));
        return runcommand_refuse(op, id, COMMAND_CANCELLED);
    }
    TRY(runcommand_tell(op, id, &cancel));
    return 0;
}

/* What keeps a node from being sent the command; PENDING: nothing. */
static int judge(struct op *op, const struct principal *as, bool authorized,
                 const struct runcommand_text *t, const struct node *n, enum invocation_detail *ret)
{
    struct op probe = *op;
    struct str rest = t->platforms, platform;

    *ret = INVOCATION_PENDING;
    probe.principal = as;
    if (!authorized) {
        struct auth auth = { .action = S("ssm:SendCommand"),
                             .resource = node_arn(op, n->id),
                             .tags_of = node_arn(op, n->id) };
        int may = op_authorize(&probe, &auth);
        if (may == OP_DENIED) {
            *ret = INVOCATION_ACCESS_DENIED;
            return 0;
        }
        TRY(may);
    }
    if (!str_is_set(n->platform_type)) /* has not told yet */
        return 0;
    while (str_next(&rest, ',', &platform))
        if (str_ieq(platform, n->platform_type))
            return 0;
    *ret = INVOCATION_INVALID_PLATFORM;
    return 0;
}

struct entry {
    uint32_t index;
    enum invocation_detail refusal;
};

static int add_invocation(struct op *op, const struct runcommand *c, const struct node *n,
                          uint32_t index, struct str state)
{
    struct runcommand_invocation i = {
        .command_id = c->id,
        .position = index,
        .instance_id = n->id,
        .instance_name = str_is_set(n->computer_name) ? n->computer_name : n->name,
        .account = c->account,
        .region = c->region,
        .document_name = c->document_name,
        .requested_at = c->requested_at,
        .status = invocation_status_name(INVOCATION_PENDING),
        .detail = invocation_detail_name(INVOCATION_PENDING),
        .state = state,
        .is_open = true,
    };
    TRY(runcommand_invocation_insert(op, &i));
    return 0;
}

/* Rows for all registered nodes, and the list of those that are refused. */
static int add_invocations(struct op *op, const struct runcommand *c,
                           const struct runcommand_text *t, const struct principal *as,
                           bool authorized, struct strs nodes, struct entry *refused,
                           uint32_t *ret_refused, uint32_t *ret_count)
{
    struct invocation zero = { 0 };
    struct str state = json_format(op->arena, invocation_save(op->arena, &zero));
    uint32_t count = 0, n_refused = 0;

    for (size_t i = 0; i < nodes.count; i++) {
        struct node n;
        enum invocation_detail refusal;
        int found = node_load(op->db, op->arena, nodes.items[i], &n);
        if (found == DB_NO_ROW)
            continue;
        TRY(found);
        if (!str_eq(n.account, op->account) || !str_eq(n.region, op->region))
            continue;
        TRY(judge(op, as, authorized, t, &n, &refusal));
        TRY(add_invocation(op, c, &n, count, state));
        if (refusal != INVOCATION_PENDING)
            refused[n_refused++] = (struct entry){ count, refusal };
        count++;
    }
    *ret_refused = n_refused;
    *ret_count = count;
    return 0;
}

static int plan(const struct runcommand *c, const struct runcommand_text *t, uint32_t n_targets,
                struct command *ret)
{
    struct command_plan plan = {
        .requested_at = c->requested_at,
        .delivery_timeout = t->timeout_seconds * MSEC_SECOND,
        .execution_timeout = t->execution_timeout,
        .n_targets = n_targets,
        .ramps = true,
        .ramp_patience = RUNCOMMAND_RAMP_PATIENCE,
    };

    TRY(rate_parse_concurrency(t->max_concurrency, &plan.max_concurrency));
    TRY(rate_parse_errors(t->max_errors, &plan.max_errors));
    *ret = command_plan(&plan);
    return 0;
}

int runcommand_begin(struct op *op, struct str id, const struct principal *as, struct strs nodes,
                     bool authorized)
{
    struct shell s = { .op = op };
    struct runcommand_text t;
    uint32_t n_refused = 0, count = 0;

    if (nodes.count > RUNCOMMAND_TARGETS_MAX)
        return runcommand_refuse(op, id, COMMAND_RATE_EXCEEDED);
    struct entry *refused = arena_array(op->arena, struct entry, nodes.count);
    TRY(runcommand_load(op, id, &s.c));
    TRY(runcommand_load_text(op->db, op->arena, id, &t));
    TRY(keep_until(op, &s.c));
    TRY(add_invocations(op, &s.c, &t, as, authorized, nodes, refused, &n_refused, &count));
    TRY(plan(&s.c, &t, count, &s.engine));

    /* Refused first, so that nothing is sent to them. */
    for (uint32_t i = 0; i < n_refused && !command_is_over(&s.engine); i++)
        TRY(shell_tell(&s, (struct command_event){ .type = COMMAND_EVENT_REFUSE,
                                                   .index = refused[i].index,
                                                   .refusal = refused[i].refusal }));
    if (!command_is_over(&s.engine))
        TRY(shell_tell(&s, (struct command_event){ .type = COMMAND_EVENT_TIMER }));
    return shell_close(&s);
}
