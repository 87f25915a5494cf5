/* SPDX-License-Identifier: Apache-2.0 */
/* Permissions boundaries of users and roles after their creation. */
#include "svc/iam/authorize.h"
#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/managed.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"

struct boundary_in {
    struct str entity, boundary;
};

/* clang-format off */
static const struct field put_user_fields[] = {
    STRING(struct boundary_in, entity,   "UserName",            REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct boundary_in, boundary, "PermissionsBoundary", REQUIRED, LENGTH(20, 2048)),
};
static const struct shape put_user_shape =
    SHAPE("PutUserPermissionsBoundaryRequest", struct boundary_in, put_user_fields);

static const struct field put_role_fields[] = {
    STRING(struct boundary_in, entity,   "RoleName",            REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct boundary_in, boundary, "PermissionsBoundary", REQUIRED, LENGTH(20, 2048)),
};
static const struct shape put_role_shape =
    SHAPE("PutRolePermissionsBoundaryRequest", struct boundary_in, put_role_fields);

static const struct field delete_user_fields[] = {
    STRING(struct boundary_in, entity, "UserName", REQUIRED, LENGTH(1, 64), IAM_NAME),
};
static const struct shape delete_user_shape =
    SHAPE("DeleteUserPermissionsBoundaryRequest", struct boundary_in, delete_user_fields);

static const struct field delete_role_fields[] = {
    STRING(struct boundary_in, entity, "RoleName", REQUIRED, LENGTH(1, 64), IAM_NAME),
};
static const struct shape delete_role_shape =
    SHAPE("DeleteRolePermissionsBoundaryRequest", struct boundary_in, delete_role_fields);
/* clang-format on */

static int put_boundary(struct op *op, enum entity_kind kind, const struct boundary_in *in,
                        struct nothing *out)
{
    struct entity entity;
    (void)out;

    struct str arn = kind == ENTITY_USER ? user_resource(op, in) : role_resource(op, in);
    PASS(authorize_with(op, arn, &(struct iam_keys){ .boundary = in->boundary }));
    PASS(entity_get(op, kind, in->entity, &entity));
    PASS(managed_must_exist(op, in->boundary));
    TRY(entity_set_boundary(op->db, kind, entity.id, in->boundary));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(put_boundary)

static int delete_boundary(struct op *op, enum entity_kind kind, const struct boundary_in *in,
                           struct nothing *out)
{
    struct entity entity;
    (void)out;

    struct str arn = kind == ENTITY_USER ? user_resource(op, in) : role_resource(op, in);
    PASS(entity_find(op->db, op->arena, kind, op->account, in->entity, &entity) == 0
             ? authorize_with(op, arn, &(struct iam_keys){ .boundary = entity.boundary })
             : op_may(op, arena_fmt(op->arena, "iam:%s", op->operation->name), arn));
    PASS(entity_get(op, kind, in->entity, &entity));
    TRY(entity_set_boundary(op->db, kind, entity.id, (struct str){ 0 }));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(delete_boundary)

/* clang-format off */
const struct operation boundary_operations[] = {
    OP("PutUserPermissionsBoundary", user_put_boundary, put_user_shape, shape_nothing,
       OP_WRITES | OP_OWN_AUTH, RAISES(IAM_NO_SUCH_ENTITY, IAM_INVALID_INPUT)),
    OP("PutRolePermissionsBoundary", role_put_boundary, put_role_shape, shape_nothing,
       OP_WRITES | OP_OWN_AUTH, RAISES(IAM_NO_SUCH_ENTITY, IAM_INVALID_INPUT)),
    OP("DeleteUserPermissionsBoundary", user_delete_boundary, delete_user_shape, shape_nothing,
       OP_WRITES | OP_OWN_AUTH, RAISES(IAM_NO_SUCH_ENTITY)),
    OP("DeleteRolePermissionsBoundary", role_delete_boundary, delete_role_shape, shape_nothing,
       OP_WRITES | OP_OWN_AUTH, RAISES(IAM_NO_SUCH_ENTITY)),
    OP_END,
};
/* clang-format on */
