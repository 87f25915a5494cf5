/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/role.h"

#include "api/tags.h"

#include "svc/iam/authorize.h"
#include "svc/iam/document.h"
#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/managed.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"

struct create_in {
    struct str name, path, trust, description, boundary;
    int64_t max_session;
    struct list tags;
};

struct role_name {
    struct str name;
};

struct list_in {
    struct str prefix;
    struct paging paging;
};

struct update_in {
    struct str name, description;
    int64_t max_session;
};

struct trust_in {
    struct str name, trust;
};

struct role_out {
    struct role *role;
};

/* clang-format off */
static const struct field role_fields[] = {
    STRING(struct role,    path,          "Path",                     OPTIONAL),
    STRING(struct role,    name,          "RoleName",                 OPTIONAL),
    STRING(struct role,    id,            "RoleId",                   OPTIONAL),
    STRING(struct role,    arn,           "Arn",                      OPTIONAL),
    TIMESTAMP(struct role, created_at,    "CreateDate",               OPTIONAL),
    STRING(struct role,    trust_encoded, "AssumeRolePolicyDocument", OPTIONAL),
    STRING(struct role,    description,   "Description",              OPTIONAL),
    INTEGER(struct role,   max_session,   "MaxSessionDuration",       OPTIONAL),
    STRUCT(struct role,    boundary_view, "PermissionsBoundary",      OPTIONAL, boundary_shape),
    LIST(struct role,      tags,          "Tags",                     OPTIONAL, tag_shape),
};
static const struct shape role_shape = SHAPE("Role", struct role, role_fields);

static const struct field create_in_fields[] = {
    STRING(struct create_in,  name,        "RoleName",                 REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct create_in,  path,        "Path",                     OPTIONAL, IAM_PATH),
    STRING(struct create_in,  trust,       "AssumeRolePolicyDocument", REQUIRED, LENGTH(1, 131072)),
    STRING(struct create_in,  description, "Description",              OPTIONAL, LENGTH(0, 1000)),
    INTEGER(struct create_in, max_session, "MaxSessionDuration",       OPTIONAL, RANGE(3600, 43200),
            DEFAULT(3600)),
    STRING(struct create_in,  boundary,    "PermissionsBoundary",      OPTIONAL, LENGTH(20, 2048)),
    LIST(struct create_in,    tags,        "Tags",                     OPTIONAL, tag_shape, LENGTH(0, 50)),
};
static const struct shape create_in_shape =
    SHAPE("CreateRoleRequest", struct create_in, create_in_fields);

static const struct field name_in_fields[] = {
    STRING(struct role_name, name, "RoleName", REQUIRED, LENGTH(1, 64), IAM_NAME),
};
static const struct shape name_in_shape = SHAPE("GetRoleRequest", struct role_name, name_in_fields);

static const struct field list_in_fields[] = {
    STRING(struct list_in, prefix, "PathPrefix", OPTIONAL, IAM_PREFIX),
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape = SHAPE("ListRolesRequest", struct list_in, list_in_fields);

static const struct field update_in_fields[] = {
    STRING(struct update_in,  name,        "RoleName",           REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct update_in,  description, "Description",        OPTIONAL, LENGTH(0, 1000)),
    INTEGER(struct update_in, max_session, "MaxSessionDuration", OPTIONAL, RANGE(3600, 43200)),
};
static const struct shape update_in_shape =
    SHAPE("UpdateRoleRequest", struct update_in, update_in_fields);

static const struct field describe_in_fields[] = {
    STRING(struct update_in, name,        "RoleName",    REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct update_in, description, "Description", REQUIRED, LENGTH(0, 1000)),
};
static const struct shape describe_in_shape =
    SHAPE("UpdateRoleDescriptionRequest", struct update_in, describe_in_fields);

static const struct field trust_in_fields[] = {
    STRING(struct trust_in, name,  "RoleName",       REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct trust_in, trust, "PolicyDocument", REQUIRED, LENGTH(1, 131072)),
};
static const struct shape trust_in_shape =
    SHAPE("UpdateAssumeRolePolicyRequest", struct trust_in, trust_in_fields);

static const struct field role_out_fields[] = {
    STRUCT(struct role_out, role, "Role", OPTIONAL, role_shape),
};
static const struct shape role_out_shape =
    SHAPE("GetRoleResponse", struct role_out, role_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "Roles", OPTIONAL, role_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListRolesResponse", struct listing, list_out_fields);
/* clang-format on */

static int find(struct op *op, struct str name, struct role *ret)
{
    int found = role_get(op->db, op->arena, op->account, name, ret);
    if (found == DB_NO_ROW)
        return entity_missing(op, ENTITY_ROLE, name);
    TRY(found);
    return 0;
}

static void dress(struct op *op, struct role *role)
{
    role->trust_encoded = document_encode(op->arena, role->trust);
    role->boundary_view = boundary_view(op->arena, role->boundary);
}

/* Outcomes: IAM_MALFORMED_POLICY_DOCUMENT, IAM_LIMIT_EXCEEDED. */
static int check_trust(struct op *op, struct str trust)
{
    PASS(document_check(op, trust, POLICY_TRUST));
    if (document_size(trust) > DOCUMENT_MAX_TRUST)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for ACLSizePerRole: %d",
                       DOCUMENT_MAX_TRUST);
    return 0;
}

static int check_new(struct op *op, const struct create_in *in)
{
    int64_t n_roles;

    PASS(check_trust(op, in->trust));
    if (str_is_set(in->boundary))
        PASS(managed_must_exist(op, in->boundary));
    TRY(role_count(op->db, op->account, &n_roles));
    if (n_roles >= ROLES_PER_ACCOUNT)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for RolesPerAccount: %d",
                       ROLES_PER_ACCOUNT);
    return 0;
}

static int create_role(struct op *op, const struct create_in *in, struct role_out *out)
{
    struct role *role = arena_new(op->arena, struct role);
    struct str path = str_is_set(in->path) ? in->path : S("/");

    *role = (struct role){
        .name = in->name,
        .path = path,
        .id = unique_id(op->arena, "AROA"),
        .arn = op_global_arn(op, "iam", "role%.*s%.*s", STR(path), STR(in->name)),
        .boundary = in->boundary,
        .trust = in->trust,
        .description = in->description,
        .max_session = in->max_session,
        .created_at = op->now,
        .tags = in->tags,
    };
    PASS(authorize_with(op, role->arn,
                        &(struct iam_keys){ .boundary = in->boundary, .request_tags = &in->tags }));
    PASS(check_new(op, in));
    int inserted = role_insert(op->db, op->account, role);
    if (inserted == DB_CONFLICT)
        return op_fail(op, IAM_ENTITY_ALREADY_EXISTS, "Role with name %.*s already exists.",
                       STR(in->name));
    TRY(inserted);

    struct tagged what = {
        .arn = role->arn, .account = op->account, .region = S(""), .type = S("AWS::IAM::Role")
    };
    PASS(tags_put(op, &what, in->tags.items, in->tags.count));
    TRY(epoch_bump(op->db, op->account));
    dress(op, role);
    out->role = role;
    return 0;
}
OP_HANDLER(create_role)

static int get_role(struct op *op, const struct role_name *in, struct role_out *out)
{
    struct role *role = arena_new(op->arena, struct role);

    PASS(find(op, in->name, role));
    dress(op, role);
    TRY(tags_view(op, role->arn, &role->tags));
    out->role = role;
    return 0;
}
OP_HANDLER(get_role)

static int list_roles(struct op *op, const struct list_in *in, struct listing *out)
{
    struct str after;

    PASS(paging_start(op, &in->paging, &after));
    TRY(role_list(op->db, op->arena, op->account, str_is_set(in->prefix) ? in->prefix : S("/"),
                  str_or_empty(after), in->paging.max_items + 1, &out->items));
    size_t count = paging_cut(&in->paging, out->items.count);
    out->is_truncated = count < out->items.count;
    out->items.count = count;
    for (size_t i = 0; i < count; i++) {
        struct role *role = LIST_ITEM(struct role, out->items, i);
        role->trust_encoded = document_encode(op->arena, role->trust);
    }
    if (out->is_truncated)
        out->marker = page_token(op, LIST_ITEM(struct role, out->items, count - 1)->name);
    return 0;
}
OP_HANDLER(list_roles)

static int change(struct op *op, const struct update_in *in, struct role *role)
{
    PASS(find(op, in->name, role));
    if (str_is_set(in->description))
        role->description = in->description;
    if (in->max_session != UNSET)
        role->max_session = in->max_session;
    TRY(role_update(op->db, role));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}

static int update_role(struct op *op, const struct update_in *in, struct nothing *out)
{
    struct role role;
    (void)out;

    PASS(change(op, in, &role));
    return 0;
}
OP_HANDLER(update_role)

static int update_role_description(struct op *op, const struct update_in *in, struct role_out *out)
{
    struct update_in only = { in->name, in->description, UNSET };
    struct role *role = arena_new(op->arena, struct role);

    PASS(change(op, &only, role));
    dress(op, role);
    out->role = role;
    return 0;
}
OP_HANDLER(update_role_description)

static int update_assume_role_policy(struct op *op, const struct trust_in *in, struct nothing *out)
{
    struct role role;
    (void)out;

    PASS(check_trust(op, in->trust));
    PASS(find(op, in->name, &role));
    role.trust = in->trust;
    TRY(role_update(op->db, &role));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(update_assume_role_policy)

static int delete_role(struct op *op, const struct role_name *in, struct nothing *out)
{
    struct entity role;
    (void)out;

    PASS(entity_get(op, ENTITY_ROLE, in->name, &role));
    PASS(entity_may_go(op, &role));
    TRY(role_delete(op->db, role.id));
    TRY(tags_remove_all(op, role.arn));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(delete_role)

/* clang-format off */
const struct operation role_operations[] = {
    OP("CreateRole", create_role, create_in_shape, role_out_shape, OP_WRITES | OP_OWN_AUTH,
       RAISES(IAM_ENTITY_ALREADY_EXISTS, IAM_MALFORMED_POLICY_DOCUMENT, IAM_LIMIT_EXCEEDED,
              IAM_INVALID_INPUT)),
    OP("GetRole", get_role, name_in_shape, role_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = role_resource),
    OP("ListRoles", list_roles, list_in_shape, list_out_shape, OP_READS, RAISES_NOTHING),
    OP("UpdateRole", update_role, update_in_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = role_resource),
    OP("UpdateRoleDescription", update_role_description, describe_in_shape, role_out_shape,
       OP_WRITES, RAISES(IAM_NO_SUCH_ENTITY), .resource = role_resource),
    OP("UpdateAssumeRolePolicy", update_assume_role_policy, trust_in_shape, shape_nothing,
       OP_WRITES, RAISES(IAM_NO_SUCH_ENTITY, IAM_MALFORMED_POLICY_DOCUMENT, IAM_LIMIT_EXCEEDED),
       .resource = role_resource),
    OP("DeleteRole", delete_role, name_in_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_DELETE_CONFLICT), .resource = role_resource),
    OP_END,
};
/* clang-format on */
