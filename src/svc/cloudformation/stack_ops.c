/* SPDX-License-Identifier: Apache-2.0 */
/* Stacks come and go. */
#include "base/crypto.h"
#include "base/json.h"

#include "svc/cloudformation/errors.h"
#include "svc/cloudformation/machine.h"
#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/types.h"
#include "svc/cloudformation/view.h"

#define RESOURCE_TOKEN "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

struct create_in {
    struct str name, body, role_arn, on_failure, token;
    struct list parameters, tags;
    struct strs capabilities;
    int64_t timeout;
    enum tristate disable_rollback;
    bool protect;
};

struct id_out {
    struct str id;
};

struct delete_in {
    struct str name, role_arn, token;
    struct strs retain;
};

struct protect_in {
    struct str name;
    bool protect;
};

static const char *const failures[] = { "DO_NOTHING", "ROLLBACK", "DELETE", NULL };

/* clang-format off */
static const struct field create_in_fields[] = {
    STRING(struct create_in,   name,             "StackName",        REQUIRED, LENGTH(1, 128),
           .matches = stack_name_is_valid, .pattern = "[a-zA-Z][-a-zA-Z0-9]*"),
    STRING(struct create_in,   body,             "TemplateBody",     OPTIONAL, .min = 1),
    LIST(struct create_in,     parameters,       "Parameters",       OPTIONAL, parameter_shape),
    TRISTATE(struct create_in, disable_rollback, "DisableRollback",  OPTIONAL),
    INTEGER(struct create_in,  timeout,          "TimeoutInMinutes", OPTIONAL, RANGE(1, 525600)),
    STRINGS(struct create_in,  capabilities,     "Capabilities",     OPTIONAL, .values = capabilities),
    STRING(struct create_in,   role_arn,         "RoleARN",          OPTIONAL, LENGTH(20, 2048)),
    STRING(struct create_in,   on_failure,       "OnFailure",        OPTIONAL, .values = failures),
    LIST(struct create_in,     tags,             "Tags",             OPTIONAL, cfn_tag_shape, LENGTH(0, 50)),
    REQUEST_TOKEN_FIELD(struct create_in),
    BOOLEAN(struct create_in,  protect,          "EnableTerminationProtection", OPTIONAL),
};
static const struct shape create_in_shape =
    SHAPE("CreateStackInput", struct create_in, create_in_fields);

static const struct field id_out_fields[] = {
    STRING(struct id_out, id, "StackId", OPTIONAL),
};
static const struct shape create_out_shape =
    SHAPE("CreateStackOutput", struct id_out, id_out_fields);
static const struct shape protect_out_shape =
    SHAPE("UpdateTerminationProtectionOutput", struct id_out, id_out_fields);

static const struct field delete_in_fields[] = {
    STACK_NAME_FIELD(struct delete_in, REQUIRED),
    STRINGS(struct delete_in, retain,   "RetainResources", OPTIONAL),
    STRING(struct delete_in,  role_arn, "RoleARN",         OPTIONAL, LENGTH(20, 2048)),
    REQUEST_TOKEN_FIELD(struct delete_in),
};
static const struct shape delete_in_shape =
    SHAPE("DeleteStackInput", struct delete_in, delete_in_fields);

static const struct field protect_in_fields[] = {
    STACK_NAME_FIELD(struct protect_in, REQUIRED),
    BOOLEAN(struct protect_in, protect, "EnableTerminationProtection", REQUIRED),
};
static const struct shape protect_in_shape =
    SHAPE("UpdateTerminationProtectionInput", struct protect_in, protect_in_fields);
/* clang-format on */

/* --- CreateStack ---------------------------------------------------------- */

static int check_on_failure(struct op *op, const struct create_in *in, struct stack *stack)
{
    if (str_is_set(in->on_failure) && in->disable_rollback != TRISTATE_UNSET)
        return op_invalid(op, "You cannot specify both OnFailure and DisableRollback.");
    stack->on_failure = in->disable_rollback == TRISTATE_TRUE ? S("DO_NOTHING")
                        : str_is_set(in->on_failure)          ? in->on_failure
                                                              : S("ROLLBACK");
    return 0;
}

static int check_types(struct op *op, const struct template *t)
{
    for (size_t i = 0; i < t->n_resources; i++)
        if (!type_find(t->resources[i].type))
            return op_invalid(op, "Template format error: Unrecognized resource types: [%.*s]",
                              STR(t->resources[i].type));
    return 0;
}

static struct str needs_of(struct op *op, const struct template_stack *bound,
                           const struct template_step *step)
{
    struct value *list = value_list(op->arena);

    for (size_t i = 0; i < step->n_needs; i++)
        value_append(op->arena, list,
                     value_string(op->arena, bound->t->resources[step->needs[i]].id));
    return json_format(op->arena, list);
}

static int insert_resources(struct op *op, const struct stack *stack,
                            const struct template_stack *bound)
{
    for (size_t i = 0; i < bound->n_steps; i++) {
        const struct template_step *step = &bound->steps[i];
        const struct template_resource *from = &bound->t->resources[step->resource];
        struct resource resource = {
            .stack = stack->id,
            .id = from->id,
            .position = (int64_t)i,
            .type = from->type,
            .token = random_text(op->arena, 12, RESOURCE_TOKEN),
            .needs = needs_of(op, bound, step),
            .policy = (int)from->deletion,
            .updated_at = op->now,
        };
        TRY(resource_insert(op, &resource));
    }
    return 0;
}

static int put_tags(struct op *op, const struct stack *stack, const struct list *tags)
{
    struct tagged what = { stack->id, op->account, op->region, S(STACK_TYPE) };
    return tags_put(op, &what, tags->items, tags->count);
}

/* Everything of the request that does not need the template. */
static int describe(struct op *op, const struct create_in *in, struct stack *stack)
{
    *stack = (struct stack){
        .id = op_arn(op, "cloudformation", "stack/%.*s/%.*s", STR(in->name),
                     STR(random_uuid(op->arena))),
        .account = op->account,
        .region = op->region,
        .name = in->name,
        .template = in->body,
        .principal = json_format(op->arena, principal_to_value(op->principal, op->arena)),
        .role_arn = in->role_arn,
        .capabilities = json_format(op->arena, value_strings(op->arena, in->capabilities)),
        .tags = tags_to(op->arena, &in->tags),
        .token = in->token,
        .is_protected = in->protect,
        .timeout_minutes = in->timeout == UNSET ? 0 : in->timeout,
        .created_at = op->now,
    };
    PASS(check_on_failure(op, in, stack));
    if (str_is_set(in->role_arn))
        PASS(op_pass_role(op, in->role_arn, S("cloudformation.amazonaws.com")));
    return 0;
}

/* 0 and a free name; CFN_ALREADY_EXISTS; or *ret_same: that very request came before. */
static int check_name(struct op *op, const struct create_in *in, struct stack *old, bool *ret_same)
{
    int64_t count;

    *ret_same = false;
    int found = stack_get_live(op, in->name, old);
    if (found == 0) {
        *ret_same = str_is_set(in->token) && str_eq(in->token, old->token);
        return *ret_same
                   ? 0
                   : op_fail(op, CFN_ALREADY_EXISTS, "Stack [%.*s] already exists", STR(in->name));
    }
    if (found != DB_NO_ROW)
        TRY(found);
    TRY(stack_count(op, &count));
    if (count >= STACKS_PER_REGION)
        return op_fail(op, CFN_LIMIT_EXCEEDED, "The quota of %d stacks has been reached.",
                       STACKS_PER_REGION);
    return 0;
}

static int create_stack(struct op *op, const struct create_in *in, struct id_out *out)
{
    const struct template_stack *bound;
    const struct template *t;
    struct stack stack, old;
    struct str why;
    bool same;

    PASS(plan_read(op, in->body, &t));
    PASS(check_types(op, t));
    PASS(describe(op, in, &stack));
    struct value *parameters = parameters_map(op->arena, &in->parameters);
    int result = plan_bind(op->arena, t, parameters, &stack, &bound, &why);
    if (result == PLAN_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(result);
    PASS(plan_check_capabilities(op, t, in->capabilities));
    PASS(check_name(op, in, &old, &same));
    out->id = same ? old.id : stack.id;
    if (same)
        return 0;

    stack.description = t->description;
    stack.parameters = parameters_seal(op->plane, op->arena, stack.id, parameters);
    stack.status = S("CREATE_IN_PROGRESS");
    TRY(stack_insert(op, &stack));
    PASS(put_tags(op, &stack, &in->tags));
    TRY(insert_resources(op, &stack, bound));
    TRY(machine_move(op, &stack, stack.status, S("User Initiated")));
    TRY(machine_advance(op, &stack));
    return 0;
}
OP_HANDLER(create_stack)

/* A new stack's id ends in a part nobody can know yet. */
static struct str create_resource(struct op *op, const void *in)
{
    const struct create_in *create = in;
    return op_arn(op, "cloudformation", "stack/%.*s/*", STR(create->name));
}

/* --- DeleteStack ---------------------------------------------------------- */

/* What could not be deleted is tried again, or kept if the client says so. */
static int renew(struct op *op, const struct stack *stack, struct strs retain)
{
    struct resource *rows;
    size_t count;
    bool failed = str_eq(stack->status, S("DELETE_FAILED"));
    struct str none = { 0 };

    if (retain.count > 0 && !failed)
        return op_invalid(op,
                          "Invalid operation on stack [%.*s]. RetainResources can be given only "
                          "for a stack in the DELETE_FAILED state.",
                          STR(stack->name));
    TRY(resource_list(op->db, op->arena, stack->id, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        struct resource *r = &rows[i];
        if (!str_eq(r->status, S("DELETE_FAILED")))
            continue;
        bool kept = strs_have(retain, r->id);
        r->made = kept ? MADE_NOT : r->made;
        r->status = kept ? S("DELETE_SKIPPED") : S("CREATE_COMPLETE");
        r->reason = none;
        TRY(resource_update(op, r));
        if (kept)
            TRY(machine_tell(op, stack, r, none));
    }
    return 0;
}

static int start_deletion(struct op *op, const struct delete_in *in, struct stack *stack)
{
    bool has_task = stack_is_in_progress(stack);

    PASS(renew(op, stack, in->retain));
    stack->principal = json_format(op->arena, principal_to_value(op->principal, op->arena));
    if (str_is_set(in->role_arn))
        stack->role_arn = in->role_arn;
    if (str_is_set(in->token))
        stack->token = in->token;
    TRY(machine_move(op, stack, S("DELETE_IN_PROGRESS"), S("User Initiated")));
    /* A call that is under way is waited for: what it makes must be known to be undone. */
    return has_task ? 0 : machine_advance(op, stack);
}

/* To delete what is not there is success (API reference of DeleteStack). */
static int delete_stack(struct op *op, const struct delete_in *in, struct nothing *out)
{
    struct stack stack;
    (void)out;

    int found = stack_find(op, in->name, &stack);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    if (stack.deleted_at || str_eq(stack.status, S("DELETE_IN_PROGRESS")))
        return 0;
    if (stack.is_protected)
        return op_invalid(op,
                          "Stack [%.*s] cannot be deleted while TerminationProtection is enabled",
                          STR(stack.name));
    if (str_is_set(in->role_arn))
        PASS(op_pass_role(op, in->role_arn, S("cloudformation.amazonaws.com")));
    PASS(start_deletion(op, in, &stack));
    return 0;
}
OP_HANDLER(delete_stack)

static struct str delete_resource(struct op *op, const void *in)
{
    const struct delete_in *of = in;
    return stack_resource(op, of->name);
}

/* --- UpdateTerminationProtection ------------------------------------------ */

static int update_protection(struct op *op, const struct protect_in *in, struct id_out *out)
{
    struct stack stack;

    PASS(stack_must(op, in->name, &stack));
    if (stack.deleted_at || str_eq(stack.status, S("DELETE_IN_PROGRESS")))
        return op_invalid(op, "Stack [%.*s] is being deleted.", STR(stack.name));
    stack.is_protected = in->protect;
    TRY(stack_update(op, &stack));
    out->id = stack.id;
    return 0;
}
OP_HANDLER(update_protection)

static struct str protect_resource(struct op *op, const void *in)
{
    const struct protect_in *of = in;
    return stack_resource(op, of->name);
}

/* clang-format off */
const struct operation stack_operations[] = {
    OP("CreateStack", create_stack, create_in_shape, create_out_shape, OP_WRITES,
       RAISES(CFN_ALREADY_EXISTS, CFN_LIMIT_EXCEEDED, CFN_INSUFFICIENT_CAPABILITIES),
       .resource = create_resource),
    OP("DeleteStack", delete_stack, delete_in_shape, shape_nothing, OP_WRITES, RAISES_NOTHING,
       .resource = delete_resource),
    OP("UpdateTerminationProtection", update_protection, protect_in_shape, protect_out_shape,
       OP_WRITES, RAISES_NOTHING, .resource = protect_resource),
    OP_END,
};
/* clang-format on */
