/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/inline.h"

#include "svc/iam/document.h"
#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"

/* Request and answer: the policy of that name in that user or role. */
struct inline_policy {
    struct str entity, name, document;
};

struct list_in {
    struct str entity;
    struct paging paging;
};

/* clang-format off */
#define ENTITY(T, NAME, MAX) STRING(T, entity, NAME, REQUIRED, LENGTH(1, MAX), IAM_NAME)
#define POLICY_NAME \
    STRING(struct inline_policy, name, "PolicyName", REQUIRED, LENGTH(1, 128), IAM_NAME)
#define DOCUMENT_TEXT \
    STRING(struct inline_policy, document, "PolicyDocument", REQUIRED, LENGTH(1, 131072))

static const struct field put_user_fields[] = {
    ENTITY(struct inline_policy, "UserName", 128), POLICY_NAME, DOCUMENT_TEXT,
};
static const struct shape put_user_shape =
    SHAPE("PutUserPolicyRequest", struct inline_policy, put_user_fields);

static const struct field put_role_fields[] = {
    ENTITY(struct inline_policy, "RoleName", 64), POLICY_NAME, DOCUMENT_TEXT,
};
static const struct shape put_role_shape =
    SHAPE("PutRolePolicyRequest", struct inline_policy, put_role_fields);

static const struct field get_user_fields[] = {
    ENTITY(struct inline_policy, "UserName", 128), POLICY_NAME,
};
static const struct shape get_user_shape =
    SHAPE("GetUserPolicyRequest", struct inline_policy, get_user_fields);

static const struct field get_role_fields[] = {
    ENTITY(struct inline_policy, "RoleName", 64), POLICY_NAME,
};
static const struct shape get_role_shape =
    SHAPE("GetRolePolicyRequest", struct inline_policy, get_role_fields);

static const struct field list_user_fields[] = {
    ENTITY(struct list_in, "UserName", 128), PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_user_shape =
    SHAPE("ListUserPoliciesRequest", struct list_in, list_user_fields);

static const struct field list_role_fields[] = {
    ENTITY(struct list_in, "RoleName", 64), PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_role_shape =
    SHAPE("ListRolePoliciesRequest", struct list_in, list_role_fields);

static const struct field user_out_fields[] = {
    STRING(struct inline_policy, entity,   "UserName",       OPTIONAL),
    STRING(struct inline_policy, name,     "PolicyName",     OPTIONAL),
    STRING(struct inline_policy, document, "PolicyDocument", OPTIONAL),
};
static const struct shape user_out_shape =
    SHAPE("GetUserPolicyResponse", struct inline_policy, user_out_fields);

static const struct field role_out_fields[] = {
    STRING(struct inline_policy, entity,   "RoleName",       OPTIONAL),
    STRING(struct inline_policy, name,     "PolicyName",     OPTIONAL),
    STRING(struct inline_policy, document, "PolicyDocument", OPTIONAL),
};
static const struct shape role_out_shape =
    SHAPE("GetRolePolicyResponse", struct inline_policy, role_out_fields);

static const struct field list_out_fields[] = {
    STRINGS(struct name_listing, names, "PolicyNames", OPTIONAL),
    LISTING_FIELDS(struct name_listing),
};
static const struct shape list_out_shape =
    SHAPE("ListRolePoliciesResponse", struct name_listing, list_out_fields);
/* clang-format on */

/* All inline policies of one entity share a quota. Outcome: IAM_LIMIT_EXCEEDED. */
static int check_quota(struct op *op, enum entity_kind kind, const struct entity *entity,
                       const struct inline_policy *in)
{
    size_t limit = kind == ENTITY_USER ? DOCUMENT_MAX_USER_INLINE : DOCUMENT_MAX_ROLE_INLINE;
    size_t size = document_size(in->document);
    struct strs others;

    TRY(inline_documents_but(op->db, op->arena, entity->id, in->name, &others));
    for (size_t i = 0; i < others.count; i++)
        size += document_size(others.items[i]);
    if (size > limit)
        return op_fail(op, IAM_LIMIT_EXCEEDED,
                       "Maximum policy size of %zu bytes exceeded for %s %.*s", limit,
                       entity_word(kind), STR(entity->name));
    return 0;
}

static int put_policy(struct op *op, enum entity_kind kind, const struct inline_policy *in,
                      struct nothing *out)
{
    struct entity entity;
    (void)out;

    PASS(entity_get(op, kind, in->entity, &entity));
    PASS(document_check(op, in->document, POLICY_IDENTITY));
    PASS(check_quota(op, kind, &entity, in));
    TRY(inline_put(op->db, entity.id, in->name, in->document));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(put_policy)

static int missing(struct op *op, enum entity_kind kind, struct str name)
{
    return op_fail(op, IAM_NO_SUCH_ENTITY, "The %s policy with name %.*s cannot be found.",
                   entity_word(kind), STR(name));
}

static int get_policy(struct op *op, enum entity_kind kind, const struct inline_policy *in,
                      struct inline_policy *out)
{
    struct entity entity;
    struct str document;

    PASS(entity_get(op, kind, in->entity, &entity));
    int found = inline_get(op->db, op->arena, entity.id, in->name, &document);
    if (found == DB_NO_ROW)
        return missing(op, kind, in->name);
    TRY(found);
    *out = (struct inline_policy){ entity.name, in->name, document_encode(op->arena, document) };
    return 0;
}
ENTITY_HANDLERS(get_policy)

static int list_policies(struct op *op, enum entity_kind kind, const struct list_in *in,
                         struct name_listing *out)
{
    struct entity entity;
    struct str after;

    PASS(paging_start(op, &in->paging, &after));
    PASS(entity_get(op, kind, in->entity, &entity));
    TRY(inline_names(op->db, op->arena, entity.id, str_or_empty(after), in->paging.max_items + 1,
                     &out->names));
    size_t count = paging_cut(&in->paging, out->names.count);
    out->is_truncated = count < out->names.count;
    out->names.count = count;
    if (out->is_truncated)
        out->marker = page_token(op, out->names.items[count - 1]);
    return 0;
}
ENTITY_HANDLERS(list_policies)

static int delete_policy(struct op *op, enum entity_kind kind, const struct inline_policy *in,
                         struct nothing *out)
{
    struct entity entity;
    (void)out;

    PASS(entity_get(op, kind, in->entity, &entity));
    int deleted = inline_delete(op->db, entity.id, in->name);
    if (deleted == DB_NO_ROW)
        return missing(op, kind, in->name);
    TRY(deleted);
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(delete_policy)

/* clang-format off */
#define PUT_ERRORS RAISES(IAM_NO_SUCH_ENTITY, IAM_MALFORMED_POLICY_DOCUMENT, IAM_LIMIT_EXCEEDED)
#define ERRORS     RAISES(IAM_NO_SUCH_ENTITY)

const struct operation inline_operations[] = {
    OP("PutUserPolicy", user_put_policy, put_user_shape, shape_nothing, OP_WRITES, PUT_ERRORS,
       .resource = user_resource),
    OP("PutRolePolicy", role_put_policy, put_role_shape, shape_nothing, OP_WRITES, PUT_ERRORS,
       .resource = role_resource),
    OP("GetUserPolicy", user_get_policy, get_user_shape, user_out_shape, OP_READS, ERRORS,
       .resource = user_resource),
    OP("GetRolePolicy", role_get_policy, get_role_shape, role_out_shape, OP_READS, ERRORS,
       .resource = role_resource),
    OP("ListUserPolicies", user_list_policies, list_user_shape, list_out_shape, OP_READS, ERRORS,
       .resource = user_resource),
    OP("ListRolePolicies", role_list_policies, list_role_shape, list_out_shape, OP_READS, ERRORS,
       .resource = role_resource),
    OP("DeleteUserPolicy", user_delete_policy, get_user_shape, shape_nothing, OP_WRITES, ERRORS,
       .resource = user_resource),
    OP("DeleteRolePolicy", role_delete_policy, get_role_shape, shape_nothing, OP_WRITES, ERRORS,
       .resource = role_resource),
    OP_END,
};
/* clang-format on */
