/* SPDX-License-Identifier: Apache-2.0 */
/* Tags of users and roles. */
#include "api/tags.h"

#include "svc/iam/authorize.h"
#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"
#include "svc/iam/view.h"

struct tag_in {
    struct str entity;
    struct list tags;
};

struct untag_in {
    struct str entity;
    struct strs keys;
};

struct list_in {
    struct str entity;
    struct paging paging;
};

/* clang-format off */
#define USER_NAME(T, MAX) STRING(T, entity, "UserName", REQUIRED, LENGTH(1, MAX), IAM_NAME)
#define ROLE_NAME(T)      STRING(T, entity, "RoleName", REQUIRED, LENGTH(1, 64), IAM_NAME)
#define TAGS LIST(struct tag_in, tags, "Tags", REQUIRED, tag_shape, LENGTH(0, 50))
#define TAG_KEYS \
    STRINGS(struct untag_in, keys, "TagKeys", REQUIRED, LENGTH(0, 50), .item_min = 1, .item_max = 128)

static const struct field tag_user_fields[] = { USER_NAME(struct tag_in, 128), TAGS };
static const struct shape tag_user_shape = SHAPE("TagUserRequest", struct tag_in, tag_user_fields);

static const struct field tag_role_fields[] = { ROLE_NAME(struct tag_in), TAGS };
static const struct shape tag_role_shape = SHAPE("TagRoleRequest", struct tag_in, tag_role_fields);

static const struct field untag_user_fields[] = { USER_NAME(struct untag_in, 128), TAG_KEYS };
static const struct shape untag_user_shape =
    SHAPE("UntagUserRequest", struct untag_in, untag_user_fields);

static const struct field untag_role_fields[] = { ROLE_NAME(struct untag_in), TAG_KEYS };
static const struct shape untag_role_shape =
    SHAPE("UntagRoleRequest", struct untag_in, untag_role_fields);

static const struct field list_user_fields[] = {
    USER_NAME(struct list_in, 128), PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_user_shape =
    SHAPE("ListUserTagsRequest", struct list_in, list_user_fields);

static const struct field list_role_fields[] = {
    ROLE_NAME(struct list_in), PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_role_shape =
    SHAPE("ListRoleTagsRequest", struct list_in, list_role_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "Tags", OPTIONAL, tag_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListRoleTagsResponse", struct listing, list_out_fields);
/* clang-format on */

static int tag(struct op *op, enum entity_kind kind, const struct tag_in *in, struct nothing *out)
{
    struct str arn = kind == ENTITY_USER ? user_resource(op, in) : role_resource(op, in);
    struct entity entity;
    (void)out;

    PASS(authorize_with(op, arn, &(struct iam_keys){ .request_tags = &in->tags }));
    PASS(entity_get(op, kind, in->entity, &entity));
    struct tagged what = {
        .arn = entity.arn,
        .account = op->account,
        .region = S(""),
        .type = kind == ENTITY_USER ? S("AWS::IAM::User") : S("AWS::IAM::Role"),
    };
    PASS(tags_put(op, &what, in->tags.items, in->tags.count));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(tag)

static int untag(struct op *op, enum entity_kind kind, const struct untag_in *in,
                 struct nothing *out)
{
    struct str arn = kind == ENTITY_USER ? user_resource(op, in) : role_resource(op, in);
    struct entity entity;
    (void)out;

    PASS(authorize_with(op, arn, &(struct iam_keys){ .tag_keys = &in->keys }));
    PASS(entity_get(op, kind, in->entity, &entity));
    TRY(tags_remove(op, entity.arn, in->keys));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
ENTITY_HANDLERS(untag)

static int list_tags(struct op *op, enum entity_kind kind, const struct list_in *in,
                     struct listing *out)
{
    struct entity entity;
    size_t index;

    PASS(paging_start_index(op, &in->paging, &index));
    PASS(entity_get(op, kind, in->entity, &entity));
    TRY(tags_view(op, entity.arn, &out->items));
    if (out->items.count > 0)
        listing_slice(op, &in->paging, index, sizeof(struct tag), out);
    else
        out->items.items =
            arena_new(op->arena, struct tag); /* there is a list, with nothing in it */
    return 0;
}
ENTITY_HANDLERS(list_tags)

/* clang-format off */
#define WRITES OP_WRITES | OP_OWN_AUTH
#define ERRORS RAISES(IAM_NO_SUCH_ENTITY)

const struct operation tag_operations[] = {
    OP("TagUser", user_tag, tag_user_shape, shape_nothing, WRITES, ERRORS),
    OP("TagRole", role_tag, tag_role_shape, shape_nothing, WRITES, ERRORS),
    OP("UntagUser", user_untag, untag_user_shape, shape_nothing, WRITES, ERRORS),
    OP("UntagRole", role_untag, untag_role_shape, shape_nothing, WRITES, ERRORS),
    OP("ListUserTags", user_list_tags, list_user_shape, list_out_shape, OP_READS, ERRORS,
       .resource = user_resource),
    OP("ListRoleTags", role_list_tags, list_role_shape, list_out_shape, OP_READS, ERRORS,
       .resource = role_resource),
    OP_END,
};
/* clang-format on */
