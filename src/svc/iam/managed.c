/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/managed.h"

#include "svc/iam/errors.h"
#include "svc/iam/predefined.h"

struct managed_name managed_name(struct str arn)
{
    ptrdiff_t start = str_find(arn, '/');
    ptrdiff_t end = str_rfind(arn, '/');

    if (start < 0)
        return (struct managed_name){ S(""), arn };
    return (struct managed_name){
        .path = str_slice(arn, (size_t)start, (size_t)(end - start) + 1),
        .name = str_from(arn, (size_t)end + 1),
    };
}

int managed_get(struct db *db, struct arena *a, struct str account, struct str arn,
                struct managed *ret)
{
    const struct predefined *predefined = predefined_find(arn);

    if (!predefined) {
        PASS(policy_row_get(db, a, account, arn, ret));
    } else {
        *ret = predefined_managed(predefined, a);
        TRY(policy_usage(db, account, arn, &ret->n_attached, &ret->n_boundaries));
    }
    ret->default_id = arena_fmt(a, "v%lld", (long long)ret->default_version);
    ret->is_attachable = true;
    return 0;
}

int managed_document(struct db *db, struct arena *a, struct str arn, int64_t version,
                     struct managed_version *ret)
{
    const struct predefined *predefined = predefined_find(arn);

    if (!predefined) {
        PASS(version_row_get(db, a, arn, version, ret));
        return 0;
    }
    if (version > 1)
        return DB_NO_ROW;
    *ret = (struct managed_version){
        .version = 1,
        .document = str_of(predefined->document),
        .created_at = PREDEFINED_CREATED_AT,
        .is_default = true,
    };
    return 0;
}

int managed_must_get(struct op *op, struct str arn, struct managed *ret)
{
    int found = managed_get(op->db, op->arena, op->account, arn, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, IAM_NO_SUCH_ENTITY, "Policy %.*s does not exist or is not attachable.",
                       STR(arn));
    TRY(found);
    return 0;
}

int managed_must_exist(struct op *op, struct str arn)
{
    struct managed policy;

    int found = managed_get(op->db, op->arena, op->account, arn, &policy);
    if (found == DB_NO_ROW)
        return op_fail(op, IAM_INVALID_INPUT,
                       "Scope ARN: %.*s does not exist or is not attachable.", STR(arn));
    TRY(found);
    return 0;
}

int managed_must_own(struct op *op, struct str arn, struct managed *ret)
{
    if (predefined_find(arn))
        return op_fail(op, IAM_INVALID_INPUT, "Policy %.*s belongs to AWS and cannot be changed.",
                       STR(arn));
    PASS(managed_must_get(op, arn, ret));
    return 0;
}

struct str managed_resource(struct op *op, const void *in)
{
    (void)op;
    return *(const struct str *)in;
}
