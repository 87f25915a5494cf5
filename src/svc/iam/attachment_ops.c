/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/attachment.h"

#include "svc/iam/authorize.h"
#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/managed.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"

struct attach_in {
    struct str entity, policy;
};

struct list_in {
    struct str entity, prefix;
    struct paging paging;
};

struct attached {
    struct str name, arn;
};

/* clang-format off */
#define USER_NAME(T) STRING(T, entity, "UserName", REQUIRED, LENGTH(1, 64), IAM_NAME)
#define ROLE_NAME(T) STRING(T, entity, "RoleName", REQUIRED, LENGTH(1, 64), IAM_NAME)
#define POLICY_ARN   STRING(struct attach_in, policy, "PolicyArn", REQUIRED, LENGTH(20, 2048))

static const struct field attach_user_fields[] = { USER_NAME(struct attach_in), POLICY_ARN };
static const struct shape attach_user_shape =
    SHAPE("AttachUserPolicyRequest", struct attach_in, attach_user_fields);

static const struct field attach_role_fields[] = { ROLE_NAME(struct attach_in), POLICY_ARN };
static const struct shape attach_role_shape =
    SHAPE("AttachRolePolicyRequest", struct attach_in, attach_role_fields);

#define PREFIX STRING(struct list_in, prefix, "PathPrefix", OPTIONAL, IAM_PREFIX)

static const struct field list_user_fields[] = {
    USER_NAME(struct list_in), PREFIX, PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_user_shape =
    SHAPE("ListAttachedUserPoliciesRequest", struct list_in, list_user_fields);

static const struct field list_role_fields[] = {
    ROLE_NAME(struct list_in), PREFIX, PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_role_shape =
    SHAPE("ListAttachedRolePoliciesRequest", struct list_in, list_role_fields);

static const struct field attached_fields[] = {
    STRING(struct attached, name, "PolicyName", OPTIONAL),
    STRING(struct attached, arn,  "PolicyArn",  OPTIONAL),
};
static const struct shape attached_shape =
    SHAPE("AttachedPolicy", struct attached, attached_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "AttachedPolicies", OPTIONAL, attached_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListAttachedRolePoliciesResponse", struct listing, list_out_fields);
/* clang-format on */

/* Authorized with iam:PolicyARN, so that who may attach what can be limited. */
static int enter(struct op *op, enum entity_kind kind, const struct attach_in *in,
                 struct entity *ret)
{
    struct str arn = kind == ENTITY_USER ? user_resource(op, in) : role_resource(op, in);

    PASS(authorize_with(op, arn, &(struct iam_keys){ .policy_arn = in->policy }));
    PASS(entity_get(op, kind, in->entity, ret));
    return 0;
}

static int attach_policy(struct op *op, enum entity_kind kind, const struct attach_in *in,
                         struct nothing *out)
{
    struct entity entity;
    struct managed policy;
    struct strs attached;
    (void)out;

    PASS(enter(op, kind, in, &entity));
    PASS(managed_must_get(op, in->policy, &policy));
    TRY(attachment_arns(op->db, op->arena, entity.id, &attached));
    if (attached.count >= ATTACHMENTS_PER_ENTITY && !strs_have(attached, policy.arn))
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for PoliciesPer%s: %d",
                       kind == ENTITY_USER ? "User" : "Role", ATTACHMENTS_PER_ENTITY);
    TRY(attachment_put(op->db, op->account, entity.id, policy.arn));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(attach_policy)

static int detach_policy(struct op *op, enum entity_kind kind, const struct attach_in *in,
                         struct nothing *out)
{
    struct entity entity;
    (void)out;

    PASS(enter(op, kind, in, &entity));
    int deleted = attachment_delete(op->db, entity.id, in->policy);
    if (deleted == DB_NO_ROW)
        return op_fail(op, IAM_NO_SUCH_ENTITY, "Policy %.*s was not found.", STR(in->policy));
    TRY(deleted);
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(detach_policy)

static int list_attached(struct op *op, enum entity_kind kind, const struct list_in *in,
                         struct listing *out)
{
    struct entity entity;
    struct strs arns;
    size_t index;

    PASS(paging_start_index(op, &in->paging, &index));
    PASS(entity_get(op, kind, in->entity, &entity));
    TRY(attachment_arns(op->db, op->arena, entity.id, &arns));

    struct attached *items = arena_array(op->arena, struct attached, arns.count + 1);
    for (size_t i = 0; i < arns.count; i++) {
        struct managed_name name = managed_name(arns.items[i]);
        if (!str_is_set(in->prefix) || str_starts(name.path, in->prefix))
            items[out->items.count++] = (struct attached){ name.name, arns.items[i] };
    }
    out->items.items = items;
    listing_slice(op, &in->paging, index, sizeof(*items), out);
    return 0;
}
ENTITY_HANDLERS(list_attached)

/* clang-format off */
#define WRITES OP_WRITES | OP_OWN_AUTH

const struct operation attachment_operations[] = {
    OP("AttachUserPolicy", user_attach_policy, attach_user_shape, shape_nothing, WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_LIMIT_EXCEEDED)),
    OP("AttachRolePolicy", role_attach_policy, attach_role_shape, shape_nothing, WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_LIMIT_EXCEEDED)),
    OP("DetachUserPolicy", user_detach_policy, attach_user_shape, shape_nothing, WRITES,
       RAISES(IAM_NO_SUCH_ENTITY)),
    OP("DetachRolePolicy", role_detach_policy, attach_role_shape, shape_nothing, WRITES,
       RAISES(IAM_NO_SUCH_ENTITY)),
    OP("ListAttachedUserPolicies", user_list_attached, list_user_shape, list_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = user_resource),
    OP("ListAttachedRolePolicies", role_list_attached, list_role_shape, list_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = role_resource),
    OP_END,
};
/* clang-format on */
