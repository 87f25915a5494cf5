/* SPDX-License-Identifier: Apache-2.0 */
/* Stack sets come and go. */
#include "base/crypto.h"
#include "base/json.h"

#include "svc/cloudformation/errors.h"
#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/set_view.h"
#include "svc/cloudformation/types.h"

struct create_in {
    struct str name, description, body, admin_role, execution_role, model, call_as, token;
    struct list parameters, tags;
    struct strs capabilities;
};

struct of_set {
    struct str name, call_as;
};

struct list_in {
    struct str next_token, status, call_as;
    int64_t max_results;
};

struct id_out {
    struct str id;
};

struct set_view {
    struct str id, arn, name, description, status, body, admin_role, execution_role, model;
    struct list parameters, tags;
    struct strs capabilities;
};

struct set_out {
    struct set_view *set;
};

static const char *const statuses[] = { "ACTIVE", "DELETED", NULL };

/* clang-format off */
static const struct field create_in_fields[] = {
    STRING(struct create_in,  name,           "StackSetName",          REQUIRED, LENGTH(1, 128),
           .matches = stack_name_is_valid, .pattern = "[a-zA-Z][-a-zA-Z0-9]*"),
    STRING(struct create_in,  description,    "Description",           OPTIONAL, LENGTH(1, 1024)),
    STRING(struct create_in,  body,           "TemplateBody",          OPTIONAL, .min = 1),
    LIST(struct create_in,    parameters,     "Parameters",            OPTIONAL, parameter_shape),
    STRINGS(struct create_in, capabilities,   "Capabilities",          OPTIONAL, .values = capabilities),
    LIST(struct create_in,    tags,           "Tags",                  OPTIONAL, cfn_tag_shape, LENGTH(0, 50)),
    STRING(struct create_in,  admin_role,     "AdministrationRoleARN", OPTIONAL, LENGTH(20, 2048)),
    STRING(struct create_in,  execution_role, "ExecutionRoleName",     OPTIONAL, LENGTH(1, 64)),
    STRING(struct create_in,  model,          "PermissionModel",       OPTIONAL, .values = permission_models),
    CALL_AS_FIELD(struct create_in),
    REQUEST_TOKEN_FIELD(struct create_in),
};
static const struct shape create_in_shape =
    SHAPE("CreateStackSetInput", struct create_in, create_in_fields);

static const struct field id_out_fields[] = {
    STRING(struct id_out, id, "StackSetId", OPTIONAL),
};
static const struct shape create_out_shape =
    SHAPE("CreateStackSetOutput", struct id_out, id_out_fields);

static const struct field of_set_fields[] = {
    SET_NAME_FIELD(struct of_set),
    CALL_AS_FIELD(struct of_set),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeStackSetInput", struct of_set, of_set_fields);
static const struct shape delete_in_shape =
    SHAPE("DeleteStackSetInput", struct of_set, of_set_fields);

static const struct field list_in_fields[] = {
    SET_PAGING_FIELDS(struct list_in),
    STRING(struct list_in, status, "Status", OPTIONAL, .values = statuses),
    CALL_AS_FIELD(struct list_in),
};
static const struct shape list_in_shape =
    SHAPE("ListStackSetsInput", struct list_in, list_in_fields);

static const struct field set_fields[] = {
    STRING(struct set_view,  name,           "StackSetName",          OPTIONAL),
    STRING(struct set_view,  id,             "StackSetId",            OPTIONAL),
    STRING(struct set_view,  description,    "Description",           OPTIONAL),
    STRING(struct set_view,  status,         "Status",                OPTIONAL),
    STRING(struct set_view,  body,           "TemplateBody",          OPTIONAL),
    LIST(struct set_view,    parameters,     "Parameters",            OPTIONAL, parameter_shape),
    STRINGS(struct set_view, capabilities,   "Capabilities",          OPTIONAL),
    LIST(struct set_view,    tags,           "Tags",                  OPTIONAL, cfn_tag_shape),
    STRING(struct set_view,  arn,            "StackSetARN",           OPTIONAL),
    STRING(struct set_view,  admin_role,     "AdministrationRoleARN", OPTIONAL),
    STRING(struct set_view,  execution_role, "ExecutionRoleName",     OPTIONAL),
    STRING(struct set_view,  model,          "PermissionModel",       OPTIONAL),
};
static const struct shape set_shape = SHAPE("StackSet", struct set_view, set_fields);

static const struct field summary_fields[] = {
    STRING(struct set_view, name,        "StackSetName",    OPTIONAL),
    STRING(struct set_view, id,          "StackSetId",      OPTIONAL),
    STRING(struct set_view, description, "Description",     OPTIONAL),
    STRING(struct set_view, status,      "Status",          OPTIONAL),
    STRING(struct set_view, model,       "PermissionModel", OPTIONAL),
};
static const struct shape summary_shape =
    SHAPE("StackSetSummary", struct set_view, summary_fields);

static const struct field set_out_fields[] = {
    STRUCT(struct set_out, set, "StackSet", OPTIONAL, set_shape),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeStackSetOutput", struct set_out, set_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct set_listing,   items,      "Summaries", OPTIONAL, summary_shape),
    STRING(struct set_listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListStackSetsOutput", struct set_listing, list_out_fields);
/* clang-format on */

/* --- CreateStackSet ------------------------------------------------------- */

/* The parameters fit, tried out as a stack here. */
static int check_template(struct op *op, const struct create_in *in, const struct value *parameters)
{
    struct stack trial = { .account = op->account,
                           .region = op->region,
                           .name = in->name,
                           .id = op_arn(op, "cloudformation", "stack/trial/trial") };
    const struct template_stack *bound;
    const struct template *t;
    struct str why;

    PASS(plan_read(op, in->body, &t));
    for (size_t i = 0; i < t->n_resources; i++)
        if (!type_find(t->resources[i].type))
            return op_invalid(op, "Template format error: Unrecognized resource types: [%.*s]",
                              STR(t->resources[i].type));
    int result = plan_bind(op->arena, t, parameters, &trial, &bound, &why);
    if (result == PLAN_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(result);
    return plan_check_capabilities(op, t, in->capabilities);
}

static int check_request(struct op *op, const struct create_in *in)
{
    PASS(call_as_self(op, in->call_as));
    if (str_eq(in->model, S("SERVICE_MANAGED")))
        return op_fail(op, OP_UNSUPPORTED,
                       "Stack sets with service-managed permissions are not supported yet.");
    if (str_is_set(in->admin_role))
        PASS(op_pass_role(op, in->admin_role, S("cloudformation.amazonaws.com")));
    return 0;
}

static int check_name(struct op *op, const struct create_in *in, struct stack_set *old,
                      bool *ret_same)
{
    int64_t count;

    *ret_same = false;
    int found = set_get_live(op, in->name, old);
    if (found == 0) {
        *ret_same = str_is_set(in->token) && str_eq(in->token, old->token);
        return *ret_same
                   ? 0
                   : op_fail(op, CFN_NAME_EXISTS, "StackSet %.*s already exists", STR(in->name));
    }
    if (found != DB_NO_ROW)
        TRY(found);
    TRY(set_count(op, &count));
    if (count >= SETS_PER_REGION)
        return op_fail(op, CFN_LIMIT_EXCEEDED, "The quota of %d stack sets has been reached.",
                       SETS_PER_REGION);
    return 0;
}

static int create_set(struct op *op, const struct create_in *in, struct id_out *out)
{
    struct value *parameters = parameters_map(op->arena, &in->parameters);
    struct stack_set set = {
        .id = arena_fmt(op->arena, "%.*s:%.*s", STR(in->name), STR(random_uuid(op->arena))),
        .account = op->account,
        .region = op->region,
        .name = in->name,
        .description = in->description,
        .body = in->body,
        .capabilities = json_format(op->arena, value_strings(op->arena, in->capabilities)),
        .tags = tags_to(op->arena, &in->tags),
        .admin_role = in->admin_role,
        .execution_role = in->execution_role,
        .status = S("ACTIVE"),
        .token = in->token,
        .created_at = op->now,
    };
    struct stack_set old;
    bool same;

    PASS(check_request(op, in));
    PASS(check_template(op, in, parameters));
    PASS(check_name(op, in, &old, &same));
    out->id = same ? old.id : set.id;
    if (same)
        return 0;
    set.parameters = parameters_seal(op->plane, op->arena, set.id, parameters);
    TRY(set_insert(op, &set));
    struct tagged what = { op_arn(op, "cloudformation", "stackset/%.*s", STR(set.id)), op->account,
                           op->region, S("AWS::CloudFormation::StackSet") };
    return tags_put(op, &what, in->tags.items, in->tags.count);
}
OP_HANDLER(create_set)

static struct str create_resource(struct op *op, const void *in)
{
    const struct create_in *create = in;
    return op_arn(op, "cloudformation", "stackset/%.*s:*", STR(create->name));
}

/* --- reads ---------------------------------------------------------------- */

static struct set_view summary_of(const struct stack_set *set)
{
    return (struct set_view){
        .id = set->id,
        .name = set->name,
        .description = set->description,
        .status = set->status,
        .model = S("SELF_MANAGED"),
    };
}

static int view_of(struct op *op, const struct stack_set *set, struct set_view *ret)
{
    const struct template *t;
    struct value *parameters;

    *ret = summary_of(set);
    TRY(parameters_open(op->plane, op->arena, set->id, set->parameters, &parameters));
    TRY(plan_read(op, set->body, &t));
    ret->arn = op_arn(op, "cloudformation", "stackset/%.*s", STR(set->id));
    ret->body = set->body;
    ret->parameters = parameters_view(op->arena, t, parameters, false);
    ret->tags = tags_from(op->arena, set->tags);
    ret->capabilities = strings_of(op->arena, set->capabilities);
    ret->admin_role = str_is_set(set->admin_role)
                          ? set->admin_role
                          : op_global_arn(op, "iam", "role/%s", SET_DEFAULT_ADMIN);
    ret->execution_role =
        str_is_set(set->execution_role) ? set->execution_role : S(SET_DEFAULT_EXECUTION);
    return 0;
}

static int describe_set(struct op *op, const struct of_set *in, struct set_out *out)
{
    struct stack_set set;

    PASS(call_as_self(op, in->call_as));
    PASS(set_must(op, in->name, &set));
    out->set = arena_new(op->arena, struct set_view);
    return view_of(op, &set, out->set);
}
OP_HANDLER(describe_set)

static int list_sets(struct op *op, const struct list_in *in, struct set_listing *out)
{
    struct stack_set *sets;
    struct str after;
    size_t count, limit = (size_t)in->max_results;

    PASS(call_as_self(op, in->call_as));
    PASS(page_open(op, in->next_token, &after));
    TRY(set_list(op, in->status, str_or_empty(after), in->max_results + 1, &sets, &count));
    if (count > limit) {
        count = limit;
        out->next_token = page_token(op, sets[count - 1].id);
    }
    struct set_view *views = arena_array(op->arena, struct set_view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = summary_of(&sets[i]);
    out->items = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_sets)

/* --- DeleteStackSet ------------------------------------------------------- */

/* Of one that does not exist: success, as the model has no error for it. */
static int delete_set(struct op *op, const struct of_set *in, struct nothing *out)
{
    struct stack_set set;
    int64_t count;
    bool running;
    (void)out;

    PASS(call_as_self(op, in->call_as));
    int found = set_must(op, in->name, &set);
    if (found == CFN_SET_NOT_FOUND)
        return 0;
    PASS(found);
    TRY(set_operation_running(op, set.id, &running));
    if (running)
        return op_fail(op, CFN_OPERATION_IN_PROGRESS,
                       "Another operation on StackSet %.*s is in progress", STR(set.id));
    TRY(instance_count(op, set.id, &count));
    if (count > 0)
        return op_fail(op, CFN_SET_NOT_EMPTY, "StackSet is not empty");
    TRY(tags_remove_all(op, op_arn(op, "cloudformation", "stackset/%.*s", STR(set.id))));
    return set_delete(op, set.id);
}
OP_HANDLER(delete_set)

static struct str resource_of(struct op *op, const void *in)
{
    const struct of_set *of = in;
    return set_resource(op, of->name);
}

/* clang-format off */
const struct operation set_operations[] = {
    OP("CreateStackSet", create_set, create_in_shape, create_out_shape, OP_WRITES,
       RAISES(CFN_NAME_EXISTS, CFN_LIMIT_EXCEEDED, CFN_INSUFFICIENT_CAPABILITIES),
       .resource = create_resource),
    OP("DescribeStackSet", describe_set, describe_in_shape, describe_out_shape, OP_READS,
       RAISES(CFN_SET_NOT_FOUND), .resource = resource_of),
    OP("ListStackSets", list_sets, list_in_shape, list_out_shape, OP_READS, RAISES_NOTHING),
    OP("DeleteStackSet", delete_set, delete_in_shape, shape_nothing, OP_WRITES,
       RAISES(CFN_SET_NOT_EMPTY, CFN_OPERATION_IN_PROGRESS),
       .resource = resource_of),
    OP_END,
};
/* clang-format on */
