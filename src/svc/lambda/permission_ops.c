/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A function's resource policy: who else may invoke it. Kept in the stored form
 * that AWS shows, so that it is evaluated like any other policy.
 */
#include "base/json.h"
#include "engine/policy.h"
#include "svc/lambda/errors.h"
#include "svc/lambda/function.h"
#include "svc/lambda/operations.h"

#define POLICY_MAX 20480

static bool statement_id_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, "-_");
}

/* --- AddPermission -------------------------------------------------------- */

struct add_in {
    struct str name, statement_id, action, principal, source_arn, source_account, org, revision;
};

/* clang-format off */
static const struct field add_in_fields[] = {
    STRING(struct add_in, name, "FunctionName", REQUIRED, LENGTH(1, 140), .place = PLACE_PATH),
    STRING(struct add_in, statement_id, "StatementId", REQUIRED, LENGTH(1, 100),
           .matches = statement_id_is_valid, .pattern = "([a-zA-Z0-9-_]+)"),
    STRING(struct add_in, action, "Action", REQUIRED),
    STRING(struct add_in, principal, "Principal", REQUIRED),
    STRING(struct add_in, source_arn, "SourceArn", OPTIONAL),
    STRING(struct add_in, source_account, "SourceAccount", OPTIONAL, LENGTH(0, 12)),
    STRING(struct add_in, org, "PrincipalOrgID", OPTIONAL, LENGTH(12, 34)),
    STRING(struct add_in, revision, "RevisionId", OPTIONAL),
};
/* clang-format on */
static const struct shape add_in = SHAPE("AddPermissionRequest", struct add_in, add_in_fields);

struct add_out {
    struct str statement;
};

static const struct field add_out_fields[] = {
    STRING(struct add_out, statement, "Statement", OPTIONAL),
};
static const struct shape add_out = SHAPE("AddPermissionResponse", struct add_out, add_out_fields);

static struct value *principal_of(struct op *op, struct str given)
{
    struct value *map = value_map(op->arena);

    if (str_eq(given, S("*")))
        return value_string(op->arena, given);
    if (str_ends(given, S(".amazonaws.com")))
        value_set_str(op->arena, map, S("Service"), given);
    else if (given.len == 12 && str_is_digits(given))
        value_set_str(op->arena, map, S("AWS"),
                      arena_fmt(op->arena, "arn:aws:iam::%.*s:root", STR(given)));
    else
        value_set_str(op->arena, map, S("AWS"), given);
    return map;
}

static void add_condition(struct op *op, struct value *conditions, struct str operator,
                          struct str key, struct str value)
{
    if (!str_is_set(value))
        return;
    struct value *block = value_get(conditions, operator);
    if (!block) {
        block = value_map(op->arena);
        value_set(op->arena, conditions, operator, block);
    }
    value_set_str(op->arena, block, key, value);
}

static struct value *statement_of(struct op *op, const struct add_in *in, struct str name)
{
    struct arena *a = op->arena;
    struct value *s = value_map(a), *conditions = value_map(a);

    value_set_str(a, s, S("Sid"), in->statement_id);
    value_set_str(a, s, S("Effect"), S("Allow"));
    value_set(a, s, S("Principal"), principal_of(op, in->principal));
    value_set_str(a, s, S("Action"), in->action);
    value_set_str(a, s, S("Resource"), function_arn(op, name));
    add_condition(op, conditions, S("StringEquals"), S("AWS:SourceAccount"), in->source_account);
    add_condition(op, conditions, S("StringEquals"), S("aws:PrincipalOrgID"), in->org);
    add_condition(op, conditions, S("ArnLike"), S("AWS:SourceArn"), in->source_arn);
    if (value_count(conditions) > 0)
        value_set(a, s, S("Condition"), conditions);
    return s;
}

static int read_policy(struct op *op, const struct function *f, struct value **ret)
{
    struct arena *a = op->arena;

    if (str_is_set(f->policy)) {
        TRY(json_parse(a, f->policy, ret, NULL));
        return 0;
    }
    *ret = value_map(a);
    value_set_str(a, *ret, S("Version"), S("2012-10-17"));
    value_set_str(a, *ret, S("Id"), S("default"));
    value_set(a, *ret, S("Statement"), value_list(a));
    return 0;
}

static ptrdiff_t find_statement(const struct value *policy, struct str sid)
{
    const struct value *statements = value_get(policy, S("Statement"));
    for (size_t i = 0; i < value_count(statements); i++)
        if (str_eq(value_get_str(value_at(statements, i), S("Sid")), sid))
            return (ptrdiff_t)i;
    return -1;
}

static int check_add(struct op *op, const struct add_in *in)
{
    if (!str_starts(in->action, S("lambda:")) && !str_eq(in->action, S("*")))
        return op_fail(op, LAMBDA_INVALID_PARAMETER, "%.*s is not an action of Lambda.",
                       STR(in->action));
    if (str_is_set(in->source_account) &&
        (in->source_account.len != 12 || !str_is_digits(in->source_account)))
        return op_fail(op, LAMBDA_INVALID_PARAMETER, "SourceAccount must be 12 digits.");
    return 0;
}

static int check_revision(struct op *op, struct str given, const struct function *f)
{
    if (!str_is_set(given) || str_eq(given, f->revision))
        return 0;
    return op_fail(op, LAMBDA_PRECONDITION_FAILED,
                   "The Revision Id provided does not match the latest Revision Id. Call the "
                   "GetPolicy API to retrieve the latest Revision Id");
}

static int add_permission(struct op *op, const struct add_in *in, struct add_out *out)
{
    struct function f;
    struct value *policy;
    const struct policy *compiled;
    struct str why;

    PASS(check_add(op, in));
    PASS(function_find(op, in->name, &f));
    PASS(check_revision(op, in->revision, &f));
    TRY(read_policy(op, &f, &policy));
    if (find_statement(policy, in->statement_id) >= 0)
        return op_fail(op, LAMBDA_CONFLICT,
                       "The statement id (%.*s) provided already exists. Please provide a new "
                       "statement id, or remove the existing statement.",
                       STR(in->statement_id));
    struct value *statement = statement_of(op, in, f.name);
    value_append(op->arena, value_get(policy, S("Statement")), statement);
    int result = policy_compile(op->arena, policy, POLICY_RESOURCE, &compiled, &why);
    if (result == POLICY_MALFORMED)
        return op_fail(op, LAMBDA_INVALID_PARAMETER,
                       "The provided principal was invalid. Please "
                       "check the principal and try again.");
    TRY(result);

    f.policy = json_format(op->arena, policy);
    if (f.policy.len > POLICY_MAX)
        return op_fail(op, LAMBDA_POLICY_TOO_LONG,
                       "The final policy size (%zu) is bigger than "
                       "the limit (%d).",
                       f.policy.len, POLICY_MAX);
    f.revision = random_uuid(op->arena);
    TRY(function_update(op, &f));
    out->statement = json_format(op->arena, statement);
    return 0;
}
OP_HANDLER(add_permission)

/* --- RemovePermission ----------------------------------------------------- */

struct remove_in {
    struct str name, statement_id, revision;
};

static const struct field remove_in_fields[] = {
    STRING(struct remove_in, name, "FunctionName", REQUIRED, LENGTH(1, 140), .place = PLACE_PATH),
    STRING(struct remove_in, statement_id, "StatementId", REQUIRED, LENGTH(1, 100),
           .place = PLACE_PATH),
    STRING(struct remove_in, revision, "RevisionId", OPTIONAL, .place = PLACE_QUERY),
};
static const struct shape remove_in =
    SHAPE("RemovePermissionRequest", struct remove_in, remove_in_fields);

static int remove_permission(struct op *op, const struct remove_in *in, struct nothing *out)
{
    struct function f;
    struct value *policy;

    (void)out;
    PASS(function_find(op, in->name, &f));
    PASS(check_revision(op, in->revision, &f));
    TRY(read_policy(op, &f, &policy));
    ptrdiff_t at = find_statement(policy, in->statement_id);
    if (at < 0)
        return op_fail(op, LAMBDA_NOT_FOUND, "Statement %.*s is not found in resource policy.",
                       STR(in->statement_id));
    struct value *statements = value_get(policy, S("Statement"));
    for (size_t i = (size_t)at; i + 1 < statements->list.count; i++)
        statements->list.items[i] = statements->list.items[i + 1];
    statements->list.count--;
    f.policy = statements->list.count ? json_format(op->arena, policy) : (struct str){ 0 };
    f.revision = random_uuid(op->arena);
    TRY(function_update(op, &f));
    return 0;
}
OP_HANDLER(remove_permission)

/* --- GetPolicy ------------------------------------------------------------ */

struct get_in {
    struct str name;
};

static const struct field get_in_fields[] = {
    STRING(struct get_in, name, "FunctionName", REQUIRED, LENGTH(1, 170), .place = PLACE_PATH),
};
static const struct shape get_in = SHAPE("GetPolicyRequest", struct get_in, get_in_fields);

struct get_out {
    struct str policy, revision;
};

static const struct field get_out_fields[] = {
    STRING(struct get_out, policy, "Policy", OPTIONAL),
    STRING(struct get_out, revision, "RevisionId", OPTIONAL),
};
static const struct shape get_out = SHAPE("GetPolicyResponse", struct get_out, get_out_fields);

static int get_policy(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct function f;

    PASS(function_find(op, in->name, &f));
    if (!str_is_set(f.policy))
        return op_fail(op, LAMBDA_NOT_FOUND, "The resource you requested does not exist.");
    out->policy = f.policy;
    out->revision = f.revision;
    return 0;
}
OP_HANDLER(get_policy)

/* -------------------------------------------------------------------------- */

static struct str add_arn(struct op *op, const void *in)
{
    return function_arn_of(op, ((const struct add_in *)in)->name);
}

static struct str remove_arn(struct op *op, const void *in)
{
    return function_arn_of(op, ((const struct remove_in *)in)->name);
}

static struct str get_arn(struct op *op, const void *in)
{
    return function_arn_of(op, ((const struct get_in *)in)->name);
}

/* clang-format off */
const struct operation permission_operations[] = {
    OP("AddPermission", add_permission, add_in, add_out, OP_WRITES,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_CONFLICT, LAMBDA_INVALID_PARAMETER, LAMBDA_POLICY_TOO_LONG,
              LAMBDA_PRECONDITION_FAILED),
       .resource = add_arn, .method = "POST",
       .path = "/2015-03-31/functions/{FunctionName}/policy", .status = 201),
    OP("RemovePermission", remove_permission, remove_in, shape_nothing, OP_WRITES,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER, LAMBDA_PRECONDITION_FAILED),
       .resource = remove_arn, .method = "DELETE",
       .path = "/2015-03-31/functions/{FunctionName}/policy/{StatementId}", .status = 204),
    OP("GetPolicy", get_policy, get_in, get_out, OP_READS,
       RAISES(LAMBDA_NOT_FOUND, LAMBDA_INVALID_PARAMETER),
       .resource = get_arn, .method = "GET",
       .path = "/2015-03-31/functions/{FunctionName}/policy"),
    OP_END,
};
/* clang-format on */
