/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a parent does in others' accounts: asks who is in its units, and starts
 * children there, as the execution role of the account, which the parent's own
 * role assumes.
 */
#include "base/json.h"
#include "engine/execution.h"
#include "engine/interpolate.h"
#include "engine/locations.h"
#include "svc/ssm/automation/automation.h"
#include "svc/ssm/automation/automation_task.h"

#define UNITS_MAX 1000 /* with the units in them */

/* --- units ---------------------------------------------------------------- */

struct directory {
    struct task_run *run;
    const struct principal *as;
    struct value *refusal; /* of the first call that was refused, or NULL */
    size_t n_calls;
};

/* One page; *ret_out is NULL if it was refused. */
static int ask(struct directory *d, const char *operation, struct str parent, struct str token,
               struct value **ret_out)
{
    struct arena *a = d->run->arena;
    struct aws_request request = {
        .as = d->as,
        .service = "organizations",
        .operation = operation,
        .in = value_map(a),
    };
    struct aws_result result;

    *ret_out = NULL;
    value_set_str(a, request.in, S("ParentId"), parent);
    if (str_is_set(token))
        value_set_str(a, request.in, S("NextToken"), token);
    TRY(aws_call(d->run->aws, &request, a, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "%s: %.*s", operation, STR(result.code));
    if (aws_succeeded(&result))
        *ret_out = result.out;
    else
        d->refusal = automation_refusal(a, &result, operation);
    return 0;
}

/* Ids of the items of every page, of accounts only the active ones. */
static int list_children(struct directory *d, const char *operation, struct str member,
                         struct str parent, struct value *ids)
{
    struct arena *a = d->run->arena;
    struct str token = { 0 };

    do {
        struct value *out;
        TRY(ask(d, operation, parent, token, &out));
        const struct value *items = value_get(out, member);
        for (size_t i = 0; i < value_count(items); i++) {
            struct str status = value_get_str(value_at(items, i), S("Status"));
            if (!str_is_set(status) || str_eq(status, S("ACTIVE")))
                value_append(a, ids, value_string(a, value_get_str(value_at(items, i), S("Id"))));
        }
        token = value_get_str(out, S("NextToken"));
    } while (str_is_set(token));
    return 0;
}

/* The accounts of a unit, and of those below it where that is asked for. */
static int list_unit(struct directory *d, struct str unit, bool with_children, struct value *ids)
{
    struct arena *a = d->run->arena;
    struct value *units = value_list(a);

    value_append(a, units, value_string(a, unit));
    for (size_t i = 0; i < value_count(units) && i < UNITS_MAX && !d->refusal; i++) {
        struct str id = value_str(value_at(units, i));
        TRY(list_children(d, "ListAccountsForParent", S("Accounts"), id, ids));
        if (with_children && !d->refusal)
            TRY(list_children(d, "ListOrganizationalUnitsForParent", S("OrganizationalUnits"), id,
                              units));
    }
    return 0;
}

static int list_units(struct directory *d, const struct automation_location *l, struct value *map)
{
    for (size_t i = 0; i < l->accounts.count + l->exclude.count && !d->refusal; i++) {
        struct str id =
            i < l->accounts.count ? l->accounts.items[i] : l->exclude.items[i - l->accounts.count];
        struct value *ids = value_list(d->run->arena);
        if (!location_is_unit(id))
            continue;
        TRY(list_unit(d, id, l->with_children, ids));
        value_set(d->run->arena, map, id, ids);
    }
    return 0;
}

int automation_expand_perform(struct task_run *run, const struct task *task,
                              struct value **ret_answer)
{
    struct arena *a = run->arena;
    struct value *units = value_list(a);
    struct automation_request request;
    struct automation_text text;
    struct principal as;
    struct aws_result result;

    TRY(automation_load_text(run->db, a, task->key, &text));
    TRY(automation_request_parse(a, text.request, &request));
    TRY(automation_principal(run, task, &text, (struct str){ 0 }, &as, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "AssumeRole: %.*s", STR(result.code));
    if (!aws_succeeded(&result)) {
        *ret_answer = automation_refusal(a, &result, "AssumeRole");
        return 0;
    }
    if (request.locations.count == 0)
        return automation_find_targets(run, task->region, &text, &request, &as, ret_answer);
    struct directory d = { .run = run, .as = &as };
    for (size_t i = 0; i < request.locations.count && !d.refusal; i++) {
        value_append(a, units, value_map(a));
        TRY(list_units(&d, LIST_ITEM(struct automation_location, request.locations, i),
                       value_at(units, i)));
    }
    *ret_answer = d.refusal ? d.refusal : value_map(a);
    value_set(a, *ret_answer, S("units"), units);
    return 0;
}

int automation_expand_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct automation row;
    struct automation_text text;
    struct automation_request request;
    struct step_failure failure;

    int found = automation_load(op, task->key, &row);
    if (found == DB_NO_ROW || (found == 0 && row.is_over))
        return 0;
    TRY(found);
    TRY(automation_load_text(op->db, op->arena, row.id, &text));
    TRY(automation_request_parse(op->arena, text.request, &request));
    if (automation_refused(op->arena, answer, &failure))
        return automation_parent_fail(op, &row, failure.message);
    return automation_parent_plan(op, &row, &request, answer);
}

/* --- starting a child ----------------------------------------------------- */

struct start {
    struct automation_text text;
    struct automation_request request;
    struct automation_pair pair;
    struct str role; /* of the account; absent where the pair is a target */
};

static void set_parameter(struct arena *a, struct value **parameters, struct str name,
                          struct str text)
{
    struct value *list = value_list(a);

    if (!*parameters)
        *parameters = value_map(a);
    value_append(a, list, value_string(a, text));
    value_set(a, *parameters, name, list);
}

/* The parent's parameters, with the execution role for the role that it runs as itself, or
 * with the target. */
static int child_parameters(struct arena *a, const struct start *s, struct value **ret)
{
    struct value *content;

    *ret = s->request.parameters ? value_copy(a, s->request.parameters) : NULL;
    if (str_is_set(s->pair.target)) {
        set_parameter(a, ret, s->request.target_parameter, s->pair.target);
        return 0;
    }
    TRY(json_parse(a, s->text.content, &content, NULL));
    struct str name = reference_whole(value_get_str(content, S("assumeRole")));
    if (str_is_set(s->text.role) && str_is_set(name))
        set_parameter(a, ret, name, s->role);
    return 0;
}

static int start_request(struct arena *a, const struct start *s, struct value **ret)
{
    struct automation_request child = {
        .document_name = s->request.document_name,
        .document_version = s->request.document_version,
    };
    ptrdiff_t slash = str_rfind(child.document_name, '/');

    if (slash >= 0) /* it is the ARN of the document in the parent's account */
        child.document_name = str_from(child.document_name, (size_t)slash + 1);
    if (!str_is_set(s->pair.target)) {
        child.targets = s->request.targets;
        child.target_parameter = s->request.target_parameter;
        child.max_concurrency = s->request.max_concurrency;
        child.max_errors = s->request.max_errors;
    }
    TRY(child_parameters(a, s, &child.parameters));
    *ret = shape_write(&automation_request_shape, &child, a);
    return 0;
}

static int read_start(struct task_run *run, const struct task *task, struct start *ret)
{
    struct str id;
    int64_t position;

    if (!automation_task_key_parse(task->key, &id, &position))
        return FAULT(EINVAL);
    TRY(automation_load_text(run->db, run->arena, id, &ret->text));
    TRY(automation_request_parse(run->arena, ret->text.request, &ret->request));
    TRY(automation_pair_get(run->db, run->arena, id, position, &ret->pair));
    if (!str_is_set(ret->pair.target))
        ret->role = automation_execution_role(
            run->arena,
            LIST_ITEM(struct automation_location, ret->request.locations, ret->pair.location),
            ret->pair.account);
    return 0;
}

/* Whoever started the parent starts the child of a target; in another account it is the
 * execution role that the parent's own role assumes. */
static int act_as(struct task_run *run, const struct task *task, const struct start *s,
                  struct principal *ret, struct aws_result *ret_result)
{
    struct automation_text text = s->text;

    if (str_is_set(s->pair.target))
        text.role = (struct str){ 0 };
    TRY(automation_principal(run, task, &text, s->role, ret, ret_result));
    return 0;
}

static int start_child(struct task_run *run, const struct task *task, struct start *s,
                       const struct principal *as, struct value **ret_answer)
{
    struct arena *a = run->arena;
    struct str parent = task->key;
    struct str role = str_is_set(s->pair.target) ? s->text.role : s->role;
    struct op_key keys[] = {
        { S(AUTOMATION_PARENT_KEY), { &parent, 1 } },
        { S(AUTOMATION_ROLE_KEY), { &role, str_is_set(s->text.role) } },
    };
    struct aws_request request = {
        .as = as,
        .region = s->pair.region,
        .service = "ssm",
        .operation = "StartAutomationExecution",
        .keys = keys,
        .n_keys = ARRAY_LEN(keys),
    };
    struct aws_result result;

    TRY(start_request(a, s, &request.in));
    TRY(aws_call(run->aws, &request, a, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "StartAutomationExecution: %.*s", STR(result.code));
    *ret_answer = aws_succeeded(&result)
                      ? value_map(a)
                      : automation_refusal(a, &result, "StartAutomationExecution");
    return 0;
}

int automation_start_perform(struct task_run *run, const struct task *task,
                             struct value **ret_answer)
{
    struct start start = { 0 };
    struct principal as;
    struct aws_result result;

    TRY(read_start(run, task, &start));
    TRY(act_as(run, task, &start, &as, &result));
    if (aws_is_transient(&result))
        return err_fault(EAGAIN, "AssumeRole: %.*s", STR(result.code));
    if (!aws_succeeded(&result)) {
        *ret_answer = automation_refusal(run->arena, &result, "AssumeRole");
        return 0;
    }
    return start_child(run, task, &start, &as, ret_answer);
}

/* --- how it went ---------------------------------------------------------- */

static int end_pair(struct op *op, struct str id, int64_t position, enum automation_status status,
                    const struct automation_pair *why)
{
    struct locations_event event = {
        .type = LOCATIONS_EVENT_ENDED,
        .index = (uint32_t)position,
        .status = status,
    };
    struct automation_pair pair;

    TRY(automation_pair_get(op->db, op->arena, id, position, &pair));
    if (!pair.is_running)
        return 0;
    pair.failure_message = why->failure_message;
    pair.failure_stage = why->failure_stage;
    pair.failure_type = why->failure_type;
    pair.response = why->response;
    TRY(automation_pair_save(op, &pair));
    return automation_parent_tell(op, id, &event);
}

/* A child that was started has noted itself in the pair. */
int automation_start_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct step_failure failure;
    struct automation_pair pair;
    struct str id;
    int64_t position;

    if (!automation_task_key_parse(task->key, &id, &position))
        return FAULT(EINVAL);
    TRY(automation_pair_get(op->db, op->arena, id, position, &pair));
    if (!automation_refused(op->arena, answer, &failure) || str_is_set(pair.child_id))
        return 0;
    struct automation_pair why = { .failure_message = failure.message,
                                   .failure_stage = failure.stage,
                                   .failure_type = failure.type };
    return end_pair(op, id, position, AUTOMATION_FAILED, &why);
}

int automation_child_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct value *payload;
    enum automation_status status;
    (void)answer;

    TRY(json_parse(op->arena, task->payload, &payload, NULL));
    if (!automation_status_parse(value_get_str(payload, S("status")), &status))
        return FAULT(EINVAL);
    struct automation_pair why = {
        .failure_message = value_get_str(payload, S("message")),
        .response = value_get_str(payload, S("response")),
    };
    if (status != AUTOMATION_SUCCESS) {
        why.failure_stage = S("Invocation");
        why.failure_type = S("Action");
    }
    return end_pair(op, value_get_str(payload, S("parent")),
                    value_get_int(payload, S("position"), 0), status, &why);
}
