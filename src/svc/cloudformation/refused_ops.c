/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updates of stacks, by themselves or by change sets. Clients meet them early
 * (`aws cloudformation deploy` begins with CreateChangeSet), so they are told in so many
 * words. The members are what those clients send, that the sentence is about the operation.
 */
#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/plan.h"
#include "svc/cloudformation/view.h"

struct update_in {
    struct str name, body, url, change_set, type, description, role_arn, token;
    struct list parameters, tags;
    struct strs capabilities, notifications;
    bool use_previous, nested, disable_rollback;
};

struct kept_parameter {
    struct str key, value;
    bool use_previous;
};

/* clang-format off */
static const struct field kept_fields[] = {
    STRING(struct kept_parameter,  key,          "ParameterKey",     OPTIONAL),
    STRING(struct kept_parameter,  value,        "ParameterValue",   OPTIONAL | SENSITIVE),
    BOOLEAN(struct kept_parameter, use_previous, "UsePreviousValue", OPTIONAL),
};
static const struct shape kept_shape = SHAPE("Parameter", struct kept_parameter, kept_fields);

static const char *const change_set_types[] = { "CREATE", "UPDATE", "IMPORT", NULL };

#define COMMON                                                                                     \
    STACK_NAME_FIELD(struct update_in, REQUIRED),                                                  \
    STRING(struct update_in,  body,          "TemplateBody",        OPTIONAL, .min = 1),           \
    STRING(struct update_in,  url,           "TemplateURL",         OPTIONAL, LENGTH(1, 1024)),    \
    BOOLEAN(struct update_in, use_previous,  "UsePreviousTemplate", OPTIONAL),                     \
    LIST(struct update_in,    parameters,    "Parameters",          OPTIONAL, kept_shape),    \
    STRINGS(struct update_in, capabilities,  "Capabilities",        OPTIONAL, .values = capabilities), \
    STRING(struct update_in,  role_arn,      "RoleARN",             OPTIONAL, LENGTH(20, 2048)),   \
    STRINGS(struct update_in, notifications, "NotificationARNs",    OPTIONAL, LENGTH(0, 5)),       \
    LIST(struct update_in,    tags,          "Tags",                OPTIONAL, cfn_tag_shape, LENGTH(0, 50))

static const struct field update_fields[] = {
    COMMON,
    BOOLEAN(struct update_in, disable_rollback, "DisableRollback", OPTIONAL),
    REQUEST_TOKEN_FIELD(struct update_in),
};
static const struct shape update_shape = SHAPE("UpdateStackInput", struct update_in, update_fields);

static const struct field change_set_fields[] = {
    COMMON,
    STRING(struct update_in,  change_set,  "ChangeSetName",       REQUIRED, LENGTH(1, 128)),
    STRING(struct update_in,  type,        "ChangeSetType",       OPTIONAL, .values = change_set_types),
    STRING(struct update_in,  description, "Description",         OPTIONAL, LENGTH(1, 1024)),
    STRING(struct update_in,  token,       "ClientToken",         OPTIONAL, LENGTH(1, 128)),
    BOOLEAN(struct update_in, nested,      "IncludeNestedStacks", OPTIONAL),
};
static const struct shape change_set_shape =
    SHAPE("CreateChangeSetInput", struct update_in, change_set_fields);
/* clang-format on */

static int update_stack(struct op *op, const struct update_in *in, struct nothing *out)
{
    (void)in;
    (void)out;
    return op_fail(op, OP_UNSUPPORTED,
                   "UpdateStack is not supported yet: delete the stack and create it anew.");
}
OP_HANDLER(update_stack)

static int create_change_set(struct op *op, const struct update_in *in, struct nothing *out)
{
    (void)in;
    (void)out;
    return op_fail(op, OP_UNSUPPORTED,
                   "Change sets (aws cloudformation deploy) are not supported yet: use "
                   "create-stack and delete-stack.");
}
OP_HANDLER(create_change_set)

static struct str resource_of(struct op *op, const void *in)
{
    const struct update_in *of = in;
    return stack_resource(op, of->name);
}

/* clang-format off */
const struct operation refused_operations[] = {
    OP("UpdateStack", update_stack, update_shape, shape_nothing, OP_WRITES | OP_REFUSED,
       RAISES_NOTHING,
       .resource = resource_of),
    OP("CreateChangeSet", create_change_set, change_set_shape, shape_nothing, OP_WRITES | OP_REFUSED,
       RAISES_NOTHING, .resource = resource_of),
    OP_END,
};
/* clang-format on */
