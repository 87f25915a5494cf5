/* SPDX-License-Identifier: Apache-2.0 */
/* AWS::IAM::Role. */
#include "svc/cloudformation/types.h"

static const struct property policy_properties[] = {
    { "PolicyName", PROPERTY_TEXT, true, NULL },
    { "PolicyDocument", PROPERTY_JSON, true, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property role_properties[] = {
    { "RoleName", PROPERTY_TEXT, false, NULL },
    { "Path", PROPERTY_TEXT, false, NULL },
    { "AssumeRolePolicyDocument", PROPERTY_JSON, true, NULL },
    { "Description", PROPERTY_TEXT, false, NULL },
    { "MaxSessionDuration", PROPERTY_INTEGER, false, NULL },
    { "PermissionsBoundary", PROPERTY_TEXT, false, NULL },
    { "ManagedPolicyArns", PROPERTY_TEXTS, false, NULL },
    { "Policies", PROPERTY_LIST, false, policy_properties },
    { "Tags", PROPERTY_LIST, false, tag_properties },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static struct str role_arn(struct step *s)
{
    struct str path = value_get_str(s->properties, S("Path"));

    return arena_fmt(s->arena, "arn:aws:iam::%.*s:role%.*s%.*s", STR(s->stack->account),
                     STR(str_is_empty(path) ? S("/") : path), STR(s->physical));
}

static struct value *of_role(struct step *s)
{
    struct value *in = value_map(s->arena);
    value_set_str(s->arena, in, S("RoleName"), s->physical);
    return in;
}

static int make(struct step *s)
{
    static const char *const members[] = { "Path", "AssumeRolePolicyDocument", "Description",
                                           "MaxSessionDuration", "PermissionsBoundary" };
    struct value *in = of_role(s);
    struct aws_result result;

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        step_take(s, in, members[i]);
    value_set(s->arena, in, S("Tags"), step_tags(s));
    PASS(step_do(s, "iam", "CreateRole", in, "EntityAlreadyExists", &result));
    if (aws_succeeded(&result))
        return 0;
    step_fail(s, "%.*s already exists", STR(s->physical));
    return STEP_TAKEN;
}

static int finish(struct step *s)
{
    const struct value *policies = value_get(s->properties, S("Policies"));
    const struct value *arns = value_get(s->properties, S("ManagedPolicyArns"));
    struct aws_result result;

    for (size_t i = 0; i < value_count(policies); i++) {
        struct value *in = value_copy(s->arena, value_at(policies, i));
        value_set_str(s->arena, in, S("RoleName"), s->physical);
        PASS(step_do(s, "iam", "PutRolePolicy", in, NULL, &result));
    }
    for (size_t i = 0; i < value_count(arns); i++) {
        struct value *in = of_role(s);
        value_set(s->arena, in, S("PolicyArn"), value_at(arns, i));
        PASS(step_do(s, "iam", "AttachRolePolicy", in, NULL, &result));
    }
    PASS(step_do(s, "iam", "GetRole", of_role(s), NULL, &result));
    const struct value *role = value_get(result.out, S("Role"));
    step_attribute(s, "Arn", value_get_str(role, S("Arn")));
    step_attribute(s, "RoleId", value_get_str(role, S("RoleId")));
    return 0;
}

/* What somebody else attached keeps the role, and fails the deletion, as on AWS. */
static int unmake(struct step *s)
{
    const struct value *policies = value_get(s->properties, S("Policies"));
    const struct value *arns = value_get(s->properties, S("ManagedPolicyArns"));
    struct aws_result result;

    for (size_t i = 0; i < value_count(policies); i++) {
        struct value *in = of_role(s);
        value_set_str(s->arena, in, S("PolicyName"),
                      value_get_str(value_at(policies, i), S("PolicyName")));
        PASS(step_do(s, "iam", "DeleteRolePolicy", in, "NoSuchEntity", &result));
    }
    for (size_t i = 0; i < value_count(arns); i++) {
        struct value *in = of_role(s);
        value_set(s->arena, in, S("PolicyArn"), value_at(arns, i));
        PASS(step_do(s, "iam", "DetachRolePolicy", in, "NoSuchEntity", &result));
    }
    return step_do(s, "iam", "DeleteRole", of_role(s), "NoSuchEntity", &result);
}

const struct resource_type type_iam_role = {
    .name = "AWS::IAM::Role",
    .properties = role_properties,
    .name_property = "RoleName",
    .name_max = 64,
    .tags_property = "Tags",
    .arn = role_arn,
    .make = make,
    .finish = finish,
    .unmake = unmake,
};
