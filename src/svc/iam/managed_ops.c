/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/managed.h"

#include "api/tags.h"

#include "svc/iam/authorize.h"
#include "svc/iam/document.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"
#include "svc/iam/predefined.h"

struct create_in {
    struct str name, path, document, description;
    struct list tags;
};

struct policy_arn {
    struct str arn;
};

struct list_in {
    struct str scope, prefix, usage;
    bool only_attached;
    struct paging paging;
};

struct policy_out {
    struct managed *policy;
};

static const char *const scopes[] = { "All", "AWS", "Local", NULL };
static const char *const usages[] = { "PermissionsPolicy", "PermissionsBoundary", NULL };

/* clang-format off */
static const struct field policy_fields[] = {
    STRING(struct managed,    name,          "PolicyName",                    OPTIONAL),
    STRING(struct managed,    id,            "PolicyId",                      OPTIONAL),
    STRING(struct managed,    arn,           "Arn",                           OPTIONAL),
    STRING(struct managed,    path,          "Path",                          OPTIONAL),
    STRING(struct managed,    default_id,    "DefaultVersionId",              OPTIONAL),
    INTEGER(struct managed,   n_attached,    "AttachmentCount",               OPTIONAL),
    INTEGER(struct managed,   n_boundaries,  "PermissionsBoundaryUsageCount", OPTIONAL),
    BOOLEAN(struct managed,   is_attachable, "IsAttachable",                  OPTIONAL),
    STRING(struct managed,    description,   "Description",                   OPTIONAL),
    TIMESTAMP(struct managed, created_at,    "CreateDate",                    OPTIONAL),
    TIMESTAMP(struct managed, updated_at,    "UpdateDate",                    OPTIONAL),
    LIST(struct managed,      tags,          "Tags",                          OPTIONAL, tag_shape),
};
static const struct shape policy_shape = SHAPE("Policy", struct managed, policy_fields);

static const struct field create_in_fields[] = {
    STRING(struct create_in, name,        "PolicyName",     REQUIRED, LENGTH(1, 128), IAM_NAME),
    STRING(struct create_in, path,        "Path",           OPTIONAL, IAM_PATH),
    STRING(struct create_in, document,    "PolicyDocument", REQUIRED, LENGTH(1, 131072)),
    STRING(struct create_in, description, "Description",    OPTIONAL, LENGTH(0, 1000)),
    LIST(struct create_in,   tags,        "Tags",           OPTIONAL, tag_shape, LENGTH(0, 50)),
};
static const struct shape create_in_shape =
    SHAPE("CreatePolicyRequest", struct create_in, create_in_fields);

static const struct field arn_fields[] = {
    STRING(struct policy_arn, arn, "PolicyArn", REQUIRED, LENGTH(20, 2048)),
};
static const struct shape arn_shape = SHAPE("GetPolicyRequest", struct policy_arn, arn_fields);

static const struct field list_in_fields[] = {
    STRING(struct list_in,  scope,         "Scope",             OPTIONAL, .values = scopes),
    BOOLEAN(struct list_in, only_attached, "OnlyAttached",      OPTIONAL),
    STRING(struct list_in,  prefix,        "PathPrefix",        OPTIONAL, IAM_PREFIX),
    STRING(struct list_in,  usage,         "PolicyUsageFilter", OPTIONAL, .values = usages),
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape =
    SHAPE("ListPoliciesRequest", struct list_in, list_in_fields);

static const struct field policy_out_fields[] = {
    STRUCT(struct policy_out, policy, "Policy", OPTIONAL, policy_shape),
};
static const struct shape policy_out_shape =
    SHAPE("GetPolicyResponse", struct policy_out, policy_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "Policies", OPTIONAL, policy_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListPoliciesResponse", struct listing, list_out_fields);
/* clang-format on */

/* Outcomes: IAM_MALFORMED_POLICY_DOCUMENT, IAM_LIMIT_EXCEEDED. */
static int check_new(struct op *op, const struct create_in *in)
{
    int64_t n_policies;

    PASS(document_check(op, in->document, POLICY_IDENTITY));
    if (document_size(in->document) > DOCUMENT_MAX_MANAGED)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for PolicySize: %d",
                       DOCUMENT_MAX_MANAGED);
    TRY(policy_row_count(op->db, op->account, &n_policies));
    if (n_policies >= POLICIES_PER_ACCOUNT)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for PoliciesPerAccount: %d",
                       POLICIES_PER_ACCOUNT);
    return 0;
}

static int insert(struct op *op, const struct managed *policy, struct str document)
{
    struct managed_version first = { .version = 1, .document = document, .created_at = op->now };

    int inserted = policy_row_insert(op->db, op->account, policy);
    if (inserted == DB_CONFLICT)
        return op_fail(op, IAM_ENTITY_ALREADY_EXISTS,
                       "A policy called %.*s already exists. Duplicate names are not allowed.",
                       STR(policy->name));
    TRY(inserted);
    TRY(version_row_insert(op->db, policy->arn, &first));
    return 0;
}

static int create_policy(struct op *op, const struct create_in *in, struct policy_out *out)
{
    struct managed *policy = arena_new(op->arena, struct managed);
    struct str path = str_is_set(in->path) ? in->path : S("/");

    *policy = (struct managed){
        .name = in->name,
        .path = path,
        .id = unique_id(op->arena, "ANPA"),
        .arn = op_global_arn(op, "iam", "policy%.*s%.*s", STR(path), STR(in->name)),
        .description = in->description,
        .default_version = 1,
        .last_version = 1,
        .created_at = op->now,
        .updated_at = op->now,
        .default_id = S("v1"),
        .is_attachable = true,
        .tags = in->tags,
    };
    PASS(authorize_with(op, policy->arn, &(struct iam_keys){ .request_tags = &in->tags }));
    PASS(check_new(op, in));
    PASS(insert(op, policy, in->document));

    struct tagged what = { .arn = policy->arn,
                           .account = op->account,
                           .region = S(""),
                           .type = S("AWS::IAM::ManagedPolicy") };
    PASS(tags_put(op, &what, in->tags.items, in->tags.count));
    TRY(epoch_bump(op->db, op->account));
    out->policy = policy;
    return 0;
}
OP_HANDLER(create_policy)

static int get_policy(struct op *op, const struct policy_arn *in, struct policy_out *out)
{
    struct managed *policy = arena_new(op->arena, struct managed);

    PASS(managed_must_get(op, in->arn, policy));
    TRY(tags_view(op, policy->arn, &policy->tags));
    out->policy = policy;
    return 0;
}
OP_HANDLER(get_policy)

static bool is_wanted(const struct list_in *in, const struct managed *policy)
{
    bool as_boundary = str_eq(in->usage, S("PermissionsBoundary"));
    bool as_policy = str_eq(in->usage, S("PermissionsPolicy"));

    if (str_is_set(in->prefix) && !str_starts(policy->path, in->prefix))
        return false;
    if (as_boundary || as_policy) /* "used as": only those in use */
        return (as_boundary ? policy->n_boundaries : policy->n_attached) > 0;
    return !in->only_attached || policy->n_attached > 0;
}

static int add_predefined(struct op *op, const struct list_in *in, struct list *items)
{
    for (const struct predefined *p = predefined_policies; p->arn; p++) {
        struct managed *next = LIST_ITEM(struct managed, *items, items->count);
        TRY(managed_get(op->db, op->arena, op->account, str_of(p->arn), next));
        next->description = (struct str){ 0 }; /* lists do not tell it */
        if (is_wanted(in, next))
            items->count++;
    }
    return 0;
}

static int add_own(struct op *op, const struct list_in *in, const struct managed *own, size_t count,
                   struct list *items)
{
    for (size_t i = 0; i < count; i++) {
        if (!is_wanted(in, &own[i]))
            continue;
        struct managed *next = LIST_ITEM(struct managed, *items, items->count++);
        *next = own[i];
        next->default_id = arena_fmt(op->arena, "v%lld", (long long)own[i].default_version);
        next->is_attachable = true;
        next->description = (struct str){ 0 };
    }
    return 0;
}

#define N_PREDEFINED_MAX 64

static int list_policies(struct op *op, const struct list_in *in, struct listing *out)
{
    bool is_local = str_eq(in->scope, S("Local")), is_aws = str_eq(in->scope, S("AWS"));
    struct managed *own = NULL;
    size_t index, n_own = 0;

    PASS(paging_start_index(op, &in->paging, &index));
    if (!is_aws)
        TRY(policy_row_list(op->db, op->arena, op->account, &own, &n_own));
    out->items.items = arena_array(op->arena, struct managed, n_own + N_PREDEFINED_MAX);
    if (!is_local)
        TRY(add_predefined(op, in, &out->items));
    TRY(add_own(op, in, own, n_own, &out->items));
    listing_slice(op, &in->paging, index, sizeof(struct managed), out);
    return 0;
}
OP_HANDLER(list_policies)

static int delete_policy(struct op *op, const struct policy_arn *in, struct nothing *out)
{
    struct managed policy;
    struct managed_version *versions;
    size_t n_versions;
    (void)out;

    PASS(managed_must_own(op, in->arn, &policy));
    if (policy.n_attached + policy.n_boundaries > 0)
        return op_fail(op, IAM_DELETE_CONFLICT, "Cannot delete a policy attached to entities.");
    TRY(version_row_list(op->db, op->arena, policy.arn, &versions, &n_versions));
    if (n_versions > 1)
        return op_fail(op, IAM_DELETE_CONFLICT,
                       "This policy has more than one version. Before you delete a policy, you "
                       "must delete the policy's versions. The default version is deleted with "
                       "the policy.");
    TRY(policy_row_delete(op->db, policy.arn));
    TRY(tags_remove_all(op, policy.arn));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(delete_policy)

/* clang-format off */
const struct operation managed_operations[] = {
    OP("CreatePolicy", create_policy, create_in_shape, policy_out_shape, OP_WRITES | OP_OWN_AUTH,
       RAISES(IAM_ENTITY_ALREADY_EXISTS, IAM_MALFORMED_POLICY_DOCUMENT, IAM_LIMIT_EXCEEDED)),
    OP("GetPolicy", get_policy, arn_shape, policy_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = managed_resource),
    OP("ListPolicies", list_policies, list_in_shape, list_out_shape, OP_READS, RAISES_NOTHING),
    OP("DeletePolicy", delete_policy, arn_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_INVALID_INPUT, IAM_DELETE_CONFLICT),
       .resource = managed_resource),
    OP_END,
};
/* clang-format on */
