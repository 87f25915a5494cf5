/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The step aws:runCommand: sends a command as the execution's role, then waits
 * to be told that it is over.
 */
#include "base/json.h"
#include "engine/execution.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/automation/automation_task.h"
#include "svc/ssm/command/plugin_view.h"
#include "svc/ssm/command/runcommand_view.h"

/* --- sending -------------------------------------------------------------- */

/* The inputs, resolved, as SendCommand takes them: numbers and texts may stand for each other. */
static struct value *send_request(struct arena *a, const struct value *inputs)
{
    struct value *in = value_map(a);
    int64_t seconds;

    for (size_t i = 0; i < value_count(inputs); i++) {
        struct str key = inputs->map.members[i].key;
        const struct value *v = inputs->map.members[i].value;
        bool is_limit = str_eq(key, S("MaxConcurrency")) || str_eq(key, S("MaxErrors"));

        if (str_eq(key, S("Parameters")))
            value_set(a, in, key, execution_wire_outputs(a, v));
        else if (str_eq(key, S("TimeoutSeconds")) && str_to_int(value_str(v), &seconds))
            value_set_int(a, in, key, seconds);
        else if (is_limit && value_is(v, VALUE_INT))
            value_set_str(a, in, key, value_text(a, v));
        else
            value_set(a, in, key, value_copy(a, v));
    }
    return in;
}

static int send_command(struct task_run *run, const struct task *task, const struct principal *as,
                        const struct value *inputs, struct value **ret_answer)
{
    struct arena *a = run->arena;
    struct str owner = task->key;
    struct op_key key = { S(AUTOMATION_OWNER_KEY), { &owner, 1 } };
    struct aws_request request = {
        .as = as,
        .region = task->region,
        .service = "ssm",
        .operation = "SendCommand",
        .in = send_request(a, inputs),
        .keys = &key,
        .n_keys = 1,
    };
    struct aws_result result;

    TRY(aws_call(run->aws, &request, a, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "SendCommand: %.*s", STR(result.code));
    if (!aws_succeeded(&result)) {
        *ret_answer = automation_refusal(a, &result, "SendCommand");
        return 0;
    }
    *ret_answer = value_map(a);
    value_set_str(a, *ret_answer, S("command"),
                  value_get_str(value_get(result.out, S("Command")), S("CommandId")));
    return 0;
}

int automation_step_perform(struct task_run *run, const struct task *task,
                            struct value **ret_answer)
{
    struct automation_text text;
    struct principal as;
    struct aws_result result;
    struct value *inputs;
    struct str id;
    int64_t serial;

    if (!automation_task_key_parse(task->key, &id, &serial))
        return FAULT(EINVAL);
    TRY(automation_load_text(run->db, run->arena, id, &text));
    TRY(json_parse(run->arena, task->payload, &inputs, NULL));
    TRY(automation_principal(run, task, &text, (struct str){ 0 }, &as, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "AssumeRole: %.*s", STR(result.code));
    if (!aws_succeeded(&result)) {
        *ret_answer = automation_refusal(run->arena, &result, "AssumeRole");
        return 0;
    }
    return send_command(run, task, &as, inputs, ret_answer);
}

int automation_step_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct execution_event event = { .type = EXECUTION_EVENT_OUTPUT };
    struct str id;
    int64_t serial;

    if (!automation_task_key_parse(task->key, &id, &serial))
        return FAULT(EINVAL);
    event.serial = (uint32_t)serial;
    if (automation_refused(op->arena, answer, &event.failure)) {
        event.type = EXECUTION_EVENT_ENDED;
        event.status = AUTOMATION_FAILED;
    } else {
        event.outputs = value_map(op->arena);
        value_set_str(op->arena, event.outputs, S("CommandId"),
                      value_get_str(answer, S("command")));
    }
    return automation_tell(op, id, &event);
}

/* --- the command is over -------------------------------------------------- */

static int read_targets(struct db *db, struct arena *a, struct str command, struct str *ret_group)
{
    struct runcommand_text text;
    struct list targets;

    TRY(runcommand_load_text(db, a, command, &text));
    TRY(targets_parse(a, text.targets, &targets));
    *ret_group = runcommand_group(&targets);
    return 0;
}

/* A command to a group that does not exist ends as one to a group without nodes;
 * here the first is a failure. Asked as the service, for it says nothing else. */
int automation_command_perform(struct task_run *run, const struct task *task,
                               struct value **ret_answer)
{
    struct arena *a = run->arena;
    struct principal as = principal_service(S("ssm.amazonaws.com"), task->account);
    struct aws_request request = {
        .as = &as,
        .region = task->region,
        .service = "resource-groups",
        .operation = "GetGroup",
        .in = value_map(a),
    };
    struct aws_result result = { 0 };
    struct str group;

    *ret_answer = value_map(a);
    TRY(read_targets(run->db, a, task->payload, &group));
    if (!str_is_set(group))
        return 0;
    value_set_str(a, request.in, S("Group"), group);
    TRY(aws_call(run->aws, &request, a, &result));
    value_set_bool(a, *ret_answer, S("no_group"), str_eq(result.code, S("NotFoundException")));
    return 0;
}

struct ending {
    struct runcommand c;
    struct command engine;
    struct str group;
    struct runcommand_invocation shown; /* the first that did not succeed, else the first */
    bool has_shown, has_group;
};

static int read_ending(struct op *op, struct str command, const struct value *answer,
                       struct ending *ret)
{
    struct runcommand_query q = { .command_id = command,
                                  .before = INT64_MAX,
                                  .is_over = -1,
                                  .at = INT64_MAX,
                                  .id = S(""),
                                  .position = -1,
                                  .limit = 50 };
    struct runcommand_invocation *rows;
    struct value *state;
    size_t count;

    TRY(runcommand_load(op, command, &ret->c));
    TRY(json_parse(op->arena, ret->c.state, &state, NULL));
    if (!command_load(state, &ret->engine))
        return err_fault(EINVAL, "the command %.*s is unreadable", STR(command));
    TRY(read_targets(op->db, op->arena, command, &ret->group));
    TRY(runcommand_invocation_list(op, &q, &rows, &count));
    for (size_t i = 0; i < count; i++)
        if (i == 0 ||
            (str_eq(ret->shown.status, S("Success")) && !str_eq(rows[i].status, S("Success")))) {
            ret->shown = rows[i];
            ret->has_shown = true;
        }
    ret->has_group = str_is_set(ret->group) && !value_get_bool(answer, S("no_group"), false);
    return 0;
}

/* What the steps that ran have printed, and the code of the last of them. */
static int read_output(struct op *op, const struct ending *end, struct str *ret_text,
                       struct str *ret_code)
{
    struct plugin_facts *facts;
    size_t count;

    *ret_text = S("");
    *ret_code = (struct str){ 0 };
    if (!end->has_shown)
        return 0;
    TRY(plugin_facts(op, &end->shown, &facts, &count));
    struct strs texts = { arena_array(op->arena, struct str, count + 1), 0 };
    for (size_t i = 0; i < count; i++) {
        if (!facts[i].is_reported || facts[i].state.status == AGENT_SKIPPED)
            continue;
        *ret_code = arena_fmt(op->arena, "%d", plugin_response_code(&facts[i].state));
        if (!str_is_empty(facts[i].output))
            texts.items[texts.count++] = facts[i].output;
    }
    *ret_text = output_cut(op->arena, arena_join(op->arena, texts, S("\n")), OUTPUT_MAX_COMBINED);
    return 0;
}

static struct str explain_nobody(struct op *op, const struct ending *end)
{
    struct arena *a = op->arena;

    if (end->has_group)
        return arena_fmt(a,
                         "WARNING: the resource group %.*s has no managed nodes in account %.*s, "
                         "Region %.*s: nothing was done (NoInstancesInTag).",
                         STR(end->group), STR(op->account), STR(op->region));
    if (str_is_set(end->group))
        return arena_fmt(a, "The resource group %.*s does not exist in account %.*s, Region %.*s.",
                         STR(end->group), STR(op->account), STR(op->region));
    return arena_fmt(a,
                     "WARNING: the targets of command %.*s match no managed nodes in account "
                     "%.*s, Region %.*s: nothing was done (NoInstancesInTag).",
                     STR(end->c.id), STR(op->account), STR(op->region));
}

static struct str explain(struct op *op, const struct ending *end)
{
    struct arena *a = op->arena;
    const struct command *c = &end->engine;
    struct str how = arena_fmt(a, "Command %.*s ended as %.*s (%.*s)", STR(end->c.id),
                               STR(end->c.status), STR(end->c.detail));

    if (c->detail == COMMAND_NO_INSTANCES_IN_TAG)
        return explain_nobody(op, end);
    if (c->detail == COMMAND_SUCCESS)
        return (struct str){ 0 };
    if (c->detail == COMMAND_ACCESS_DENIED && str_is_set(end->group))
        return arena_fmt(a, "%.*s: the resources of the group %.*s may not be listed.", STR(how),
                         STR(end->group));
    if (c->rate.n_targets == 0)
        return arena_fmt(a, "%.*s.", STR(how));
    return arena_fmt(a, "%.*s: %u of %u nodes without success, first %.*s (%.*s).", STR(how),
                     c->rate.n_targets - c->n_by[INVOCATION_SUCCESS], c->rate.n_targets,
                     STR(end->shown.instance_id), STR(end->shown.detail));
}

static int describe(struct op *op, const struct ending *end, struct execution_event *event)
{
    struct arena *a = op->arena;
    bool is_empty = end->engine.detail == COMMAND_NO_INSTANCES_IN_TAG;
    struct str output;

    TRY(read_output(op, end, &output, &event->response_code));
    event->status = automation_of_command(end->engine.detail);
    if (is_empty && str_is_set(end->group) && !end->has_group)
        event->status = AUTOMATION_FAILED;
    event->failure.message = explain(op, end);
    if (event->status != AUTOMATION_SUCCESS) {
        event->failure.stage = S("Invocation");
        event->failure.type =
            end->engine.detail == COMMAND_ACCESS_DENIED ? S("Permission") : S("Action");
    }
    event->outputs = value_map(a);
    value_set_str(a, event->outputs, S("CommandId"), end->c.id);
    value_set_str(a, event->outputs, S("Status"), end->c.status);
    if (str_is_set(event->response_code))
        value_set_str(a, event->outputs, S("ResponseCode"), event->response_code);
    value_set_str(a, event->outputs, S("Output"), output);
    if (is_empty && event->status == AUTOMATION_SUCCESS)
        value_set_str(a, event->outputs, S("WarningMessage"), event->failure.message);
    return 0;
}

int automation_command_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct execution_event event = { .type = EXECUTION_EVENT_ENDED };
    struct ending end = { 0 };
    struct str id;
    int64_t serial;

    if (!automation_task_key_parse(task->key, &id, &serial))
        return FAULT(EINVAL);
    event.serial = (uint32_t)serial;
    TRY(read_ending(op, task->payload, answer, &end));
    TRY(describe(op, &end, &event));
    return automation_tell(op, id, &event);
}
