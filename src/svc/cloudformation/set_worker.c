/* SPDX-License-Identifier: Apache-2.0 */
/* The half of a stack set's operation that acts in the other accounts. */
#include "api/aws_client.h"
#include "base/json.h"

#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/set_machine.h"

enum visit_outcome {
    VISIT_FAILED = 1, /* visit.why */
};

struct visit {
    struct task_run *run;
    struct arena *a;
    const struct value *payload;
    struct stack_set set;
    struct set_operation operation;
    struct set_result *result;
    struct instance instance;
    struct principal as; /* the execution role's session */
    struct str why;
    struct value *answer;
};

static int load(struct visit *v)
{
    struct db *db = v->run->db;
    struct set_result *results;
    size_t count, position = (size_t)value_get_int(v->payload, S("position"), 0);

    TRY(set_operation_number(db, v->a, value_get_int(v->payload, S("number"), 0), &v->operation));
    TRY(set_get(db, v->a, v->operation.stack_set, &v->set));
    TRY(set_result_list(db, v->a, v->operation.number, &results, &count));
    if (position >= count)
        return FAULT(EINVAL);
    v->result = &results[position];
    TRY(instance_get(db, v->a, v->set.id, v->result->account, v->result->region, &v->instance));
    return 0;
}

static int refused(struct visit *v, const struct aws_result *r)
{
    v->why = arena_fmt(v->a, "%.*s: %.*s", STR(r->code), STR(r->message));
    return VISIT_FAILED;
}

/* From CloudFormation to the administration role to the execution role. VISIT_FAILED. */
static int enter(struct visit *v)
{
    struct principal service = principal_service(S("cloudformation.amazonaws.com"), v->set.account);
    struct str session = str_slice(arena_fmt(v->a, "StackSet-%.*s", STR(v->operation.id)), 0, 64);
    struct str target = arena_fmt(v->a, "arn:aws:iam::%.*s:role/%.*s", STR(v->result->account),
                                  STR(v->operation.execution_role));
    struct principal admin;
    struct aws_result r;

    TRY(aws_assume(v->run->aws, &service, v->operation.admin_role, session, v->a, &admin, &r));
    if (aws_succeeded(&r))
        TRY(aws_assume(v->run->aws, &admin, target, session, v->a, &v->as, &r));
    if (aws_succeeded(&r))
        return 0;
    if (aws_is_transient(&r))
        return err_fault(EAGAIN, "sts:AssumeRole: %.*s", STR(r.message));
    v->why = arena_fmt(v->a,
                       "Account %.*s should have '%.*s' role with trust relationship to Role "
                       "'%.*s'. (%.*s)",
                       STR(v->result->account), STR(v->operation.execution_role),
                       STR(v->operation.admin_role), STR(r.message));
    return VISIT_FAILED;
}

static int call(struct visit *v, const char *operation, struct value *in, struct aws_result *ret)
{
    struct aws_request request = {
        .as = &v->as,
        .region = v->result->region,
        .service = "cloudformation",
        .operation = operation,
        .in = in,
    };

    TRY(aws_call(v->run->aws, &request, v->a, ret));
    if (aws_is_transient(ret))
        return err_fault(EAGAIN, "%s: %.*s", operation, STR(ret->message));
    return 0;
}

static struct value *of_stack(struct visit *v)
{
    struct value *in = value_map(v->a);
    value_set_str(v->a, in, S("StackName"), v->instance.stack);
    return in;
}

/* --- the instance's stack ------------------------------------------------- */

static int look(struct visit *v, struct str *ret_status, struct str *ret_reason)
{
    struct aws_result r;

    *ret_status = S("DELETE_COMPLETE");
    *ret_reason = (struct str){ 0 };
    if (!str_is_set(v->instance.stack))
        return 0;
    TRY(call(v, "DescribeStacks", of_stack(v), &r));
    if (str_eq(r.code, S("ValidationError")))
        return 0; /* long gone */
    if (!aws_succeeded(&r))
        return refused(v, &r);
    const struct value *stack = value_at(value_get(r.out, S("Stacks")), 0);
    *ret_status = value_get_str(stack, S("StackStatus"));
    *ret_reason = value_get_str(stack, S("StackStatusReason"));
    return 0;
}

static int remove_stack(struct visit *v)
{
    struct aws_result r;

    TRY(call(v, "DeleteStack", of_stack(v), &r));
    return aws_succeeded(&r) ? 0 : refused(v, &r);
}

static int add_parameters(struct visit *v, struct value *in)
{
    const struct plane *plane = v->run->plane;
    struct value *map, *overrides, *list = value_list(v->a);

    TRY(parameters_open(plane, v->a, v->set.id, v->set.parameters, &map));
    TRY(parameters_open(plane, v->a, v->set.id, v->instance.overrides, &overrides));
    for (size_t i = 0; i < value_count(overrides); i++)
        value_set(v->a, map, overrides->map.members[i].key, overrides->map.members[i].value);
    for (size_t i = 0; i < value_count(map); i++) {
        struct value *p = value_map(v->a);
        value_set_str(v->a, p, S("ParameterKey"), map->map.members[i].key);
        value_set_str(v->a, p, S("ParameterValue"), value_str(map->map.members[i].value));
        value_append(v->a, list, p);
    }
    value_set(v->a, in, S("Parameters"), list);
    return 0;
}

/* The name is chosen once for each start of an instance and is the request's token too, so
 * a repetition finds the stack that it made. */
static int create(struct visit *v)
{
    struct value *in = value_map(v->a), *tags, *capabilities_given;
    struct str name = value_get_str(v->payload, S("name"));
    struct aws_result r;

    value_set_str(v->a, in, S("StackName"), name);
    value_set_str(v->a, in, S("ClientRequestToken"), str_slice(name, 0, 128));
    value_set_str(v->a, in, S("TemplateBody"), v->set.body);
    TRY(json_parse(v->a, v->set.tags, &tags, NULL));
    TRY(json_parse(v->a, v->set.capabilities, &capabilities_given, NULL));
    value_set(v->a, in, S("Tags"), tags);
    value_set(v->a, in, S("Capabilities"), capabilities_given);
    TRY(add_parameters(v, in));
    TRY(call(v, "CreateStack", in, &r));
    if (!aws_succeeded(&r))
        return refused(v, &r);
    value_set_str(v->a, v->answer, S("stack"), value_get_str(r.out, S("StackId")));
    value_set_bool(v->a, v->answer, S("made"), true);
    return 0;
}

static int failed_with(struct visit *v, struct str status, struct str reason)
{
    v->why = arena_fmt(v->a, "The stack %.*s is %.*s: %.*s", STR(v->instance.stack), STR(status),
                       STR(reason));
    return VISIT_FAILED;
}

/* --- what is next --------------------------------------------------------- */

static int pursue_creation(struct visit *v, bool *ret_done)
{
    bool is_ours = value_get_bool(v->payload, S("made"), false);
    struct str status, reason;

    PASS(look(v, &status, &reason));
    *ret_done = str_eq(status, S("CREATE_COMPLETE"));
    if (*ret_done || str_ends(status, S("_IN_PROGRESS")))
        return 0;
    if (is_ours)
        return failed_with(v, status, reason);
    if (str_eq(status, S("DELETE_COMPLETE")))
        return create(v);
    return remove_stack(v); /* what an earlier operation left behind, a failure */
}

static int pursue_deletion(struct visit *v, bool *ret_done)
{
    bool was_asked = value_get_bool(v->payload, S("made"), false);
    struct str status, reason;

    PASS(look(v, &status, &reason));
    *ret_done = str_eq(status, S("DELETE_COMPLETE"));
    if (*ret_done || str_eq(status, S("DELETE_IN_PROGRESS")))
        return 0;
    if (was_asked && str_eq(status, S("DELETE_FAILED")))
        return failed_with(v, status, reason);
    value_set_bool(v->a, v->answer, S("made"), true); /* the request, that is */
    return remove_stack(v);
}

static int pursue(struct visit *v, bool *ret_done)
{
    bool deletes = str_eq(v->operation.action, S("DELETE"));

    *ret_done = deletes && (v->operation.retain || !str_is_set(v->instance.stack));
    if (*ret_done)
        return 0;
    PASS(enter(v));
    return deletes ? pursue_deletion(v, ret_done) : pursue_creation(v, ret_done);
}

int set_task_perform(struct task_run *run, const struct task *task, struct value **ret_answer)
{
    struct visit v = { .run = run, .a = run->arena, .answer = value_map(run->arena) };
    struct value *payload;
    bool done;

    TRY(json_parse(v.a, task->payload, &payload, NULL));
    v.payload = payload;
    TRY(load(&v));
    int result = pursue(&v, &done);
    if (result > 0)
        value_set_str(v.a, v.answer, S("why"), v.why);
    else
        TRY(result);
    value_set_bool(v.a, v.answer, S("done"), result > 0 || done);
    value_set_bool(v.a, v.answer, S("ok"), result == 0);
    *ret_answer = v.answer;
    return 0;
}
