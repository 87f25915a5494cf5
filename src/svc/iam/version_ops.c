/* SPDX-License-Identifier: Apache-2.0 */
/* The versions of managed policies: v1, v2, ... of which one is the default. */
#include "svc/iam/managed.h"

#include "svc/iam/document.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/operations.h"

struct create_in {
    struct str arn, document;
    bool set_as_default;
};

struct version_in {
    struct str arn, version;
};

struct list_in {
    struct str arn;
    struct paging paging;
};

struct version_out {
    struct managed_version *version;
};

static bool version_id_is_valid(struct str s)
{
    return s.len >= 2 && s.len <= 10 && s.p[0] == 'v' && s.p[1] != '0' &&
           str_is_digits(str_from(s, 1));
}

/* clang-format off */
#define POLICY_ARN(T) STRING(T, arn, "PolicyArn", REQUIRED, LENGTH(20, 2048))

static const struct field create_in_fields[] = {
    POLICY_ARN(struct create_in),
    STRING(struct create_in,  document,       "PolicyDocument", REQUIRED, LENGTH(1, 131072)),
    BOOLEAN(struct create_in, set_as_default, "SetAsDefault",   OPTIONAL),
};
static const struct shape create_in_shape =
    SHAPE("CreatePolicyVersionRequest", struct create_in, create_in_fields);

static const struct field version_in_fields[] = {
    POLICY_ARN(struct version_in),
    STRING(struct version_in, version, "VersionId", REQUIRED, .matches = version_id_is_valid,
           .pattern = "v[1-9][0-9]*(\\.[A-Za-z0-9-]*)?"),
};
static const struct shape version_in_shape =
    SHAPE("GetPolicyVersionRequest", struct version_in, version_in_fields);

static const struct field list_in_fields[] = {
    POLICY_ARN(struct list_in), PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape =
    SHAPE("ListPolicyVersionsRequest", struct list_in, list_in_fields);

static const struct field version_fields[] = {
    STRING(struct managed_version,    encoded,    "Document",         OPTIONAL),
    STRING(struct managed_version,    id,         "VersionId",        OPTIONAL),
    BOOLEAN(struct managed_version,   is_default, "IsDefaultVersion", OPTIONAL),
    TIMESTAMP(struct managed_version, created_at, "CreateDate",       OPTIONAL),
};
static const struct shape version_shape =
    SHAPE("PolicyVersion", struct managed_version, version_fields);

static const struct field version_out_fields[] = {
    STRUCT(struct version_out, version, "PolicyVersion", OPTIONAL, version_shape),
};
static const struct shape version_out_shape =
    SHAPE("GetPolicyVersionResponse", struct version_out, version_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "Versions", OPTIONAL, version_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListPolicyVersionsResponse", struct listing, list_out_fields);
/* clang-format on */

static int64_t number_of(struct str version_id)
{
    int64_t number = 0;

    return str_to_int(str_from(version_id, 1), &number) ? number : 0;
}

static void name_it(struct op *op, struct managed_version *version)
{
    version->id = arena_fmt(op->arena, "v%lld", (long long)version->version);
}

static int missing(struct op *op, const struct version_in *in)
{
    return op_fail(op, IAM_NO_SUCH_ENTITY,
                   "Policy %.*s version %.*s does not exist or is not "
                   "attachable.",
                   STR(in->arn), STR(in->version));
}

static int create_policy_version(struct op *op, const struct create_in *in, struct version_out *out)
{
    struct managed policy;
    struct managed_version *versions, *version = arena_new(op->arena, struct managed_version);
    size_t n_versions;

    PASS(managed_must_own(op, in->arn, &policy));
    PASS(document_check(op, in->document, POLICY_IDENTITY));
    if (document_size(in->document) > DOCUMENT_MAX_MANAGED)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for PolicySize: %d",
                       DOCUMENT_MAX_MANAGED);
    TRY(version_row_list(op->db, op->arena, policy.arn, &versions, &n_versions));
    if (n_versions >= VERSIONS_PER_POLICY)
        return op_fail(op, IAM_LIMIT_EXCEEDED,
                       "A managed policy can have up to %d versions. Before you create a new "
                       "version, you must delete an existing version.",
                       VERSIONS_PER_POLICY);

    *version = (struct managed_version){ .version = policy.last_version + 1,
                                         .document = in->document,
                                         .created_at = op->now,
                                         .is_default = in->set_as_default };
    name_it(op, version);
    policy.last_version = version->version;
    if (in->set_as_default)
        policy.default_version = version->version;
    policy.updated_at = op->now;
    TRY(version_row_insert(op->db, policy.arn, version));
    TRY(policy_row_update(op->db, &policy));
    TRY(epoch_bump(op->db, op->account));
    out->version = version;
    return 0;
}
OP_HANDLER(create_policy_version)

/* The policy and one version of it. Outcome: IAM_NO_SUCH_ENTITY. */
static int find(struct op *op, const struct version_in *in, struct managed_version *ret)
{
    struct managed policy;

    PASS(managed_must_get(op, in->arn, &policy));
    int found = managed_document(op->db, op->arena, policy.arn, number_of(in->version), ret);
    if (found == DB_NO_ROW)
        return missing(op, in);
    TRY(found);
    return 0;
}

static int get_policy_version(struct op *op, const struct version_in *in, struct version_out *out)
{
    struct managed_version *version = arena_new(op->arena, struct managed_version);

    PASS(find(op, in, version));
    name_it(op, version);
    version->encoded = document_encode(op->arena, version->document);
    out->version = version;
    return 0;
}
OP_HANDLER(get_policy_version)

static int list_policy_versions(struct op *op, const struct list_in *in, struct listing *out)
{
    struct managed policy;
    struct managed_version *versions;
    size_t index;

    PASS(paging_start_index(op, &in->paging, &index));
    PASS(managed_must_get(op, in->arn, &policy));
    TRY(version_row_list(op->db, op->arena, policy.arn, &versions, &out->items.count));
    if (out->items.count == 0) { /* one of AWS's */
        versions = arena_new(op->arena, struct managed_version);
        TRY(managed_document(op->db, op->arena, policy.arn, 0, versions));
        out->items.count = 1;
    }
    for (size_t i = 0; i < out->items.count; i++)
        name_it(op, &versions[i]);
    out->items.items = versions;
    listing_slice(op, &in->paging, index, sizeof(*versions), out);
    return 0;
}
OP_HANDLER(list_policy_versions)

static int set_default_policy_version(struct op *op, const struct version_in *in,
                                      struct nothing *out)
{
    struct managed policy;
    struct managed_version version;
    (void)out;

    PASS(managed_must_own(op, in->arn, &policy));
    PASS(find(op, in, &version));
    policy.default_version = version.version;
    policy.updated_at = op->now;
    TRY(policy_row_update(op->db, &policy));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(set_default_policy_version)

static int delete_policy_version(struct op *op, const struct version_in *in, struct nothing *out)
{
    struct managed policy;
    struct managed_version version;
    (void)out;

    PASS(managed_must_own(op, in->arn, &policy));
    PASS(find(op, in, &version));
    if (version.is_default)
        return op_fail(op, IAM_DELETE_CONFLICT, "Cannot delete the default version of a policy.");
    TRY(version_row_delete(op->db, policy.arn, version.version));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(delete_policy_version)

/* clang-format off */
const struct operation version_operations[] = {
    OP("CreatePolicyVersion", create_policy_version, create_in_shape, version_out_shape, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_MALFORMED_POLICY_DOCUMENT, IAM_INVALID_INPUT,
              IAM_LIMIT_EXCEEDED),
       .resource = managed_resource),
    OP("GetPolicyVersion", get_policy_version, version_in_shape, version_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = managed_resource),
    OP("ListPolicyVersions", list_policy_versions, list_in_shape, list_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = managed_resource),
    OP("SetDefaultPolicyVersion", set_default_policy_version, version_in_shape, shape_nothing,
       OP_WRITES, RAISES(IAM_NO_SUCH_ENTITY, IAM_INVALID_INPUT), .resource = managed_resource),
    OP("DeletePolicyVersion", delete_policy_version, version_in_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_INVALID_INPUT, IAM_DELETE_CONFLICT),
       .resource = managed_resource),
    OP_END,
};
/* clang-format on */
