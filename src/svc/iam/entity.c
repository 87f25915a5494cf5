/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/entity.h"

#include "svc/iam/attachment.h"
#include "svc/iam/errors.h"
#include "svc/iam/inline.h"

const char *entity_word(enum entity_kind kind)
{
    switch (kind) {
    case ENTITY_USER:
        return "user";
    case ENTITY_ROLE:
        return "role";
    }
    return "entity";
}

int entity_missing(struct op *op, enum entity_kind kind, struct str name)
{
    return op_fail(op, IAM_NO_SUCH_ENTITY, "The %s with name %.*s cannot be found.",
                   entity_word(kind), STR(name));
}

int entity_get(struct op *op, enum entity_kind kind, struct str name, struct entity *ret)
{
    int found = entity_find(op->db, op->arena, kind, op->account, name, ret);
    if (found == DB_NO_ROW)
        return entity_missing(op, kind, name);
    TRY(found);
    return 0;
}

int entity_may_go(struct op *op, const struct entity *entity)
{
    int64_t n_attached, n_inline;

    TRY(attachment_count(op->db, entity->id, &n_attached));
    if (n_attached > 0)
        return op_fail(op, IAM_DELETE_CONFLICT,
                       "Cannot delete entity, must detach all policies first.");
    TRY(inline_count(op->db, entity->id, &n_inline));
    if (n_inline > 0)
        return op_fail(op, IAM_DELETE_CONFLICT,
                       "Cannot delete entity, must delete policies first.");
    return 0;
}

/* The ARN of one that is not there has no path: it is refused a step later anyway. */
static struct str resource(struct op *op, enum entity_kind kind, const struct str *name)
{
    struct entity entity;

    if (entity_find(op->db, op->arena, kind, op->account, *name, &entity) == 0)
        return entity.arn;
    return op_global_arn(op, "iam", "%s/%.*s", entity_word(kind), STR(*name));
}

struct str user_resource(struct op *op, const void *in)
{
    return resource(op, ENTITY_USER, in);
}

struct str role_resource(struct op *op, const void *in)
{
    return resource(op, ENTITY_ROLE, in);
}
