/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AssumeRole. The decision is the policy engine's, over the role's trust policy
 * and the caller's own; here are the bounds of a session and what it consists of.
 * A refusal reads the same whether or not there is such a role.
 */
#include "api/ports.h"
#include "base/json.h"
#include "engine/policy.h"

#include "svc/sts/errors.h"
#include "svc/sts/operations.h"

#define DEFAULT_SECONDS 3600
#define CHAINED_SECONDS 3600 /* "role chaining limits your session to a maximum of one hour" */

struct assume_in {
    struct str role_arn, session_name, policy, external_id;
    int64_t seconds;
};

struct credentials {
    struct str access_key, secret, token;
    msec expires_at;
};

struct assumed_user {
    struct str id, arn;
};

struct assume_out {
    struct credentials *credentials;
    struct assumed_user *user;
    int64_t packed_size;
};

static bool session_name_is_valid(struct str s)
{
    return str_is_word(s, "_+=,.@-");
}

static bool external_id_is_valid(struct str s)
{
    return str_is_word(s, "_+=,.@:/-");
}

/* clang-format off */
static const struct field assume_in_fields[] = {
    STRING(struct assume_in,  role_arn,        "RoleArn",           REQUIRED, LENGTH(20, 2048)),
    STRING(struct assume_in,  session_name,    "RoleSessionName",   REQUIRED, LENGTH(2, 64),
           .matches = session_name_is_valid, .pattern = "[\\w+=,.@-]*"),
    STRING(struct assume_in,  policy,          "Policy",            OPTIONAL, LENGTH(1, 2048)),
    INTEGER(struct assume_in, seconds,         "DurationSeconds",   OPTIONAL, RANGE(900, 43200)),
    STRING(struct assume_in,  external_id,     "ExternalId",        OPTIONAL, LENGTH(2, 1224),
           .matches = external_id_is_valid, .pattern = "[\\w+=,.@:\\/-]*"),
};
static const struct shape assume_in_shape =
    SHAPE("AssumeRoleRequest", struct assume_in, assume_in_fields);

static const struct field credentials_fields[] = {
    STRING(struct credentials,    access_key, "AccessKeyId",     OPTIONAL),
    STRING(struct credentials,    secret,     "SecretAccessKey", SENSITIVE),
    STRING(struct credentials,    token,      "SessionToken",    SENSITIVE),
    TIMESTAMP(struct credentials, expires_at, "Expiration",      OPTIONAL),
};
static const struct shape credentials_shape =
    SHAPE("Credentials", struct credentials, credentials_fields);

static const struct field user_fields[] = {
    STRING(struct assumed_user, id,  "AssumedRoleId", OPTIONAL),
    STRING(struct assumed_user, arn, "Arn",           OPTIONAL),
};
static const struct shape user_shape = SHAPE("AssumedRoleUser", struct assumed_user, user_fields);

static const struct field assume_out_fields[] = {
    STRUCT(struct assume_out,  credentials, "Credentials",      OPTIONAL, credentials_shape),
    STRUCT(struct assume_out,  user,        "AssumedRoleUser",  OPTIONAL, user_shape),
    INTEGER(struct assume_out, packed_size, "PackedPolicySize", OPTIONAL),
};
static const struct shape assume_out_shape =
    SHAPE("AssumeRoleResponse", struct assume_out, assume_out_fields);
/* clang-format on */

static int denied(struct op *op, struct str role_arn)
{
    if (op->principal->kind == PRINCIPAL_ROOT)
        return op_fail(op, OP_DENIED, "Roles may not be assumed by root accounts.");
    return op_fail(op, OP_DENIED,
                   "User: %.*s is not authorized to perform: sts:AssumeRole on resource: %.*s",
                   STR(op->principal->arn), STR(role_arn));
}

/* The role, once the caller may assume it. Outcomes: OP_DENIED, OP_INVALID. */
static int find_role(struct op *op, const struct assume_in *in, struct str *ret_account,
                     struct role_facts *ret)
{
    struct arn arn;

    if (!arn_parse(in->role_arn, &arn) || !str_eq(arn.service, S("iam")) ||
        !str_starts(arn.resource, S("role/")))
        return op_invalid(op, "%.*s is invalid", STR(in->role_arn));
    struct str name = str_from(arn.resource, (size_t)str_rfind(arn.resource, '/') + 1);
    int found = op->plane->identity->role(op->db, op->arena, arn.account, name, ret);
    if (found == PORT_NONE || (found == 0 && !str_eq(ret->arn, in->role_arn)))
        return denied(op, in->role_arn);
    TRY(found);

    struct op_key external_id = { S("sts:ExternalId"), { (struct str[]){ in->external_id }, 1 } };
    struct op_key session_name = { S("sts:RoleSessionName"),
                                   { (struct str[]){ in->session_name }, 1 } };
    struct op_key keys[] = { session_name, external_id };
    int may = op_may_assume(op, ret, arn.account, keys, str_is_set(in->external_id) ? 2 : 1);
    if (may == OP_DENIED)
        return denied(op, in->role_arn);
    TRY(may);
    *ret_account = arn.account;
    return 0;
}

/* Outcome: OP_INVALID. */
static int choose_seconds(struct op *op, const struct assume_in *in, const struct role_facts *role,
                          int64_t *ret)
{
    bool chained = op->principal->kind == PRINCIPAL_ROLE;

    *ret = in->seconds == UNSET ? DEFAULT_SECONDS : in->seconds;
    if (*ret > role->max_session)
        return op_invalid(op, "The requested DurationSeconds exceeds the MaxSessionDuration set "
                              "for this role.");
    if (chained && *ret > CHAINED_SECONDS)
        return op_invalid(op, "The requested DurationSeconds exceeds the 1 hour session limit "
                              "for roles assumed by role chaining.");
    return 0;
}

/* Outcome: STS_MALFORMED_POLICY_DOCUMENT. */
static int check_policy(struct op *op, struct str policy)
{
    struct value *tree;
    const struct policy *compiled;
    struct str why = S("This policy contains invalid Json");

    if (!str_is_set(policy))
        return 0;
    int result = json_parse(op->arena, policy, &tree, NULL);
    if (result == 0)
        result = policy_compile(op->arena, tree, POLICY_IDENTITY, &compiled, &why);
    if (result > 0)
        return op_fail(op, STS_MALFORMED_POLICY_DOCUMENT, "%.*s", STR(why));
    TRY(result);
    return 0;
}

static struct principal session_of(struct op *op, const struct assume_in *in, struct str account,
                                   const struct role_facts *role)
{
    return (struct principal){
        .kind = PRINCIPAL_ROLE,
        .account = account,
        .arn = arena_fmt(op->arena, "arn:aws:sts::%.*s:assumed-role/%.*s/%.*s", STR(account),
                         STR(role->name), STR(in->session_name)),
        .id = arena_fmt(op->arena, "%.*s:%.*s", STR(role->id), STR(in->session_name)),
        .name = role->name,
        .session = in->session_name,
        .policy = in->policy,
        .chained = op->principal->kind == PRINCIPAL_ROLE,
    };
}

static int assume_role(struct op *op, const struct assume_in *in, struct assume_out *out)
{
    struct role_facts role = { 0 };
    struct str account = { 0 };
    int64_t seconds = 0;

    PASS(find_role(op, in, &account, &role));
    PASS(choose_seconds(op, in, &role, &seconds));
    PASS(check_policy(op, in->policy));

    struct principal principal = session_of(op, in, account, &role);
    struct session session =
        session_issue(op->plane, op->arena, &principal, op->now, op->now + seconds * MSEC_SECOND);
    out->credentials = arena_new(op->arena, struct credentials);
    *out->credentials = (struct credentials){ session.access_key, session.secret, session.token,
                                              session.expires_at };
    out->user = arena_new(op->arena, struct assumed_user);
    *out->user = (struct assumed_user){ principal.id, principal.arn };
    if (str_is_set(in->policy)) /* of what a session may carry, in percent */
        out->packed_size = (int64_t)(in->policy.len * 100 / 2048);
    return 0;
}
OP_HANDLER(assume_role)

/* clang-format off */
const struct operation assume_role_operations[] = {
    OP("AssumeRole", assume_role, assume_in_shape, assume_out_shape, OP_READS | OP_OWN_AUTH,
       RAISES(STS_MALFORMED_POLICY_DOCUMENT)),
    OP_END,
};
/* clang-format on */
