/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Targets that are a resource group: asked for as the caller of SendCommand,
 * after the command is accepted. What is refused or found then shows in the
 * command's StatusDetails.
 */
#include "api/aws_client.h"
#include "base/json.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/command/runcommand_view.h"

static struct value *type_filter(struct arena *a, struct strs types)
{
    struct value *filters = value_list(a), *filter = value_map(a);

    value_set_str(a, filter, S("Name"), S("resource-type"));
    value_set(a, filter, S("Values"), value_strings(a, types));
    value_append(a, filters, filter);
    return filters;
}

static struct value *list_request(struct arena *a, const struct list *targets, struct str token)
{
    struct strs types = runcommand_group_types(targets);
    struct value *in = value_map(a);

    value_set_str(a, in, S("Group"), runcommand_group(targets));
    value_set_int(a, in, S("MaxResults"), 50);
    if (types.count > 0)
        value_set(a, in, S("Filters"), type_filter(a, types));
    if (str_is_set(token))
        value_set_str(a, in, S("NextToken"), token);
    return in;
}

/* Newer answers have Resources[].Identifier, older ones ResourceIdentifiers[]. */
static void take_arns(struct arena *a, const struct value *out, struct value *arns)
{
    const struct value *newer = value_get(out, S("Resources"));
    const struct value *older = value_get(out, S("ResourceIdentifiers"));
    const struct value *list = value_count(newer) > 0 ? newer : older;

    for (size_t i = 0; i < value_count(list); i++) {
        const struct value *item = value_at(list, i);
        const struct value *identifier = value_get(item, S("Identifier"));
        struct str arn = value_get_str(identifier ? identifier : item, S("ResourceArn"));
        if (str_is_set(arn))
            value_append(a, arns, value_string(a, arn));
    }
}

static int list_group(struct task_run *run, const struct task *task, const struct principal *as,
                      const struct list *targets, struct value *answer)
{
    struct value *arns = value_list(run->arena);
    struct str token = { 0 };

    value_set(run->arena, answer, S("arns"), arns);
    do {
        struct aws_result result;
        struct aws_request request = {
            .as = as,
            .region = task->region,
            .service = "resource-groups",
            .operation = "ListGroupResources",
            .in = list_request(run->arena, targets, token),
        };
        TRY(aws_call(run->aws, &request, run->arena, &result));
        if (aws_is_transient(&result))
            return err_fault(EAGAIN, "ListGroupResources: %.*s", STR(result.code));
        if (!aws_succeeded(&result)) {
            value_set_str(run->arena, answer, S("error"), result.code);
            return 0;
        }
        take_arns(run->arena, result.out, arns);
        token = value_get_str(result.out, S("NextToken"));
    } while (!str_is_empty(token) && value_count(arns) <= RUNCOMMAND_TARGETS_MAX);
    return 0;
}

int runcommand_expand_perform(struct task_run *run, const struct task *task,
                              struct value **ret_answer)
{
    struct runcommand_text t;
    struct value *v, *answer = value_map(run->arena);
    struct principal as;
    struct list targets;

    TRY(runcommand_load_text(run->db, run->arena, task->key, &t));
    TRY(json_parse(run->arena, t.principal, &v, NULL));
    if (!principal_from_value(v, run->arena, &as))
        return FAULT(EINVAL);
    TRY(targets_parse(run->arena, t.targets, &targets));
    TRY(list_group(run, task, &as, &targets, answer));
    *ret_answer = answer;
    return 0;
}

/* The ids of this account's and Region's nodes among the ARNs, in their order. */
static struct strs node_ids(struct op *op, const struct value *arns)
{
    struct strs ids = { arena_array(op->arena, struct str, value_count(arns) + 1), 0 };

    for (size_t i = 0; i < value_count(arns); i++) {
        struct arn arn;
        if (arn_parse(value_str(value_at(arns, i)), &arn) && str_eq(arn.service, S("ssm")) &&
            str_eq(arn.account, op->account) && str_eq(arn.region, op->region) &&
            str_starts(arn.resource, S("managed-instance/")))
            ids.items[ids.count++] = str_from(arn.resource, strlen("managed-instance/"));
    }
    return ids;
}

static bool is_denied(struct str code)
{
    return str_starts(code, S("AccessDenied")) || str_eq(code, S("ForbiddenException")) ||
           str_eq(code, S("UnauthorizedException"));
}

static int begin(struct op *op, const struct task *task, const struct value *answer)
{
    struct runcommand_text t;
    struct value *v;
    struct principal as;
    struct list targets;
    struct strs nodes = { 0 };

    TRY(runcommand_load_text(op->db, op->arena, task->key, &t));
    TRY(json_parse(op->arena, t.principal, &v, NULL));
    if (!principal_from_value(v, op->arena, &as))
        return FAULT(EINVAL);
    TRY(targets_parse(op->arena, t.targets, &targets));
    struct strs group = node_ids(op, value_get(answer, S("arns")));
    int found = runcommand_find_nodes(op, &targets, group, &nodes);
    if (found == SSM_INVALID_INSTANCE_ID) /* gone since the command was accepted */
        nodes.count = 0;
    else
        TRY(found);
    return runcommand_begin(op, task->key, &as, nodes, false);
}

/* AWS: a group that does not exist, as one that is empty, is no error: the
 * command ends as NoInstancesInTag. */
int runcommand_expand_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct runcommand c;
    struct str error = value_get_str(answer, S("error"));

    int found = runcommand_load(op, task->key, &c);
    if (found == DB_NO_ROW || (found == 0 && str_is_set(c.state)))
        return 0;
    TRY(found);
    if (!answer)
        return runcommand_refuse(op, c.id, COMMAND_FAILED);
    if (is_denied(error))
        return runcommand_refuse(op, c.id, COMMAND_ACCESS_DENIED);
    if (str_is_set(error) && !str_eq(error, S("NotFoundException")))
        return runcommand_refuse(op, c.id, COMMAND_FAILED);
    return begin(op, task, answer);
}
