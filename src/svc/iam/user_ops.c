/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/user.h"

#include "api/tags.h"

#include "svc/iam/access_key.h"
#include "svc/iam/authorize.h"
#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/managed.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"

struct create_in {
    struct str name, path, boundary;
    struct list tags;
};

struct update_in {
    struct str name, new_name, new_path;
};

struct user_name {
    struct str name;
};

struct list_in {
    struct str prefix;
    struct paging paging;
};

struct user_out {
    struct user *user;
};

/* clang-format off */
static const struct field user_fields[] = {
    STRING(struct user,    path,          "Path",                OPTIONAL),
    STRING(struct user,    name,          "UserName",            OPTIONAL),
    STRING(struct user,    id,            "UserId",              OPTIONAL),
    STRING(struct user,    arn,           "Arn",                 OPTIONAL),
    TIMESTAMP(struct user, created_at,    "CreateDate",          OPTIONAL),
    STRUCT(struct user,    boundary_view, "PermissionsBoundary", OPTIONAL, boundary_shape),
    LIST(struct user,      tags,          "Tags",                OPTIONAL, tag_shape),
};
static const struct shape user_shape = SHAPE("User", struct user, user_fields);

static const struct field create_in_fields[] = {
    STRING(struct create_in, name,     "UserName",            REQUIRED, LENGTH(1, 64), IAM_NAME),
    STRING(struct create_in, path,     "Path",                OPTIONAL, IAM_PATH),
    STRING(struct create_in, boundary, "PermissionsBoundary", OPTIONAL, LENGTH(20, 2048)),
    LIST(struct create_in,   tags,     "Tags",                OPTIONAL, tag_shape, LENGTH(0, 50)),
};
static const struct shape create_in_shape =
    SHAPE("CreateUserRequest", struct create_in, create_in_fields);

static const struct field update_in_fields[] = {
    STRING(struct update_in, name,     "UserName",    REQUIRED, LENGTH(1, 128), IAM_NAME),
    STRING(struct update_in, new_name, "NewUserName", OPTIONAL, LENGTH(1, 64), IAM_NAME),
    STRING(struct update_in, new_path, "NewPath",     OPTIONAL, IAM_PATH),
};
static const struct shape update_in_shape =
    SHAPE("UpdateUserRequest", struct update_in, update_in_fields);

static const struct field get_in_fields[] = {
    STRING(struct user_name, name, "UserName", OPTIONAL, LENGTH(1, 128), IAM_NAME),
};
static const struct shape get_in_shape = SHAPE("GetUserRequest", struct user_name, get_in_fields);

static const struct field delete_in_fields[] = {
    STRING(struct user_name, name, "UserName", REQUIRED, LENGTH(1, 128), IAM_NAME),
};
static const struct shape delete_in_shape =
    SHAPE("DeleteUserRequest", struct user_name, delete_in_fields);

static const struct field list_in_fields[] = {
    STRING(struct list_in, prefix, "PathPrefix", OPTIONAL, IAM_PREFIX),
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape = SHAPE("ListUsersRequest", struct list_in, list_in_fields);

static const struct field user_out_fields[] = {
    STRUCT(struct user_out, user, "User", OPTIONAL, user_shape),
};
static const struct shape user_out_shape =
    SHAPE("GetUserResponse", struct user_out, user_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "Users", OPTIONAL, user_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListUsersResponse", struct listing, list_out_fields);
/* clang-format on */

static struct str arn_of(struct op *op, struct str path, struct str name)
{
    return op_global_arn(op, "iam", "user%.*s%.*s", STR(path), STR(name));
}

static int name_taken(struct op *op, struct str name)
{
    return op_fail(op, IAM_ENTITY_ALREADY_EXISTS, "User with name %.*s already exists.", STR(name));
}

static int put_tags(struct op *op, const struct user *user, const struct list *tags)
{
    struct tagged who = {
        .arn = user->arn, .account = op->account, .region = S(""), .type = S("AWS::IAM::User")
    };

    PASS(tags_put(op, &who, tags->items, tags->count));
    return 0;
}

static int create_user(struct op *op, const struct create_in *in, struct user_out *out)
{
    struct user *user = arena_new(op->arena, struct user);
    int64_t n_users;

    *user = (struct user){
        .name = in->name,
        .path = str_is_set(in->path) ? in->path : S("/"),
        .id = unique_id(op->arena, "AIDA"),
        .boundary = in->boundary,
        .created_at = op->now,
        .boundary_view = boundary_view(op->arena, in->boundary),
        .tags = in->tags,
    };
    user->arn = arn_of(op, user->path, user->name);
    PASS(authorize_with(op, user->arn,
                        &(struct iam_keys){ .boundary = in->boundary, .request_tags = &in->tags }));
    if (str_is_set(in->boundary))
        PASS(managed_must_exist(op, in->boundary));
    TRY(user_count(op->db, op->account, &n_users));
    if (n_users >= USERS_PER_ACCOUNT)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for UsersPerAccount: %d",
                       USERS_PER_ACCOUNT);

    int inserted = user_insert(op->db, op->account, user);
    if (inserted == DB_CONFLICT)
        return name_taken(op, in->name);
    TRY(inserted);
    PASS(put_tags(op, user, &in->tags));
    TRY(epoch_bump(op->db, op->account));
    out->user = user;
    return 0;
}
OP_HANDLER(create_user)

/* The root user has no row, and no name. */
static void root_user(struct op *op, struct user *ret)
{
    *ret = (struct user){
        .id = op->account,
        .arn = op_global_arn(op, "iam", "root"),
        .created_at = UNSET,
    };
}

static int get_user(struct op *op, const struct user_name *in, struct user_out *out)
{
    struct user *user = arena_new(op->arena, struct user);
    struct str name = in->name;

    out->user = user;
    if (!str_is_set(name)) {
        if (op->principal->kind == PRINCIPAL_ROOT) {
            root_user(op, user);
            return 0;
        }
        if (op->principal->kind != PRINCIPAL_USER)
            return op_invalid(op, "Must specify userName when calling with non-User credentials");
        name = op->principal->name;
    }
    int found = user_get(op->db, op->arena, op->account, name, user);
    if (found == DB_NO_ROW)
        return entity_missing(op, ENTITY_USER, name);
    TRY(found);
    user->boundary_view = boundary_view(op->arena, user->boundary);
    TRY(tags_view(op, user->arn, &user->tags));
    return 0;
}
OP_HANDLER(get_user)

static struct str get_user_resource(struct op *op, const void *in)
{
    const struct user_name *named = in;

    return str_is_set(named->name) ? user_resource(op, in) : op->principal->arn;
}

static int list_users(struct op *op, const struct list_in *in, struct listing *out)
{
    struct str after;

    PASS(paging_start(op, &in->paging, &after));
    TRY(user_list(op->db, op->arena, op->account, str_is_set(in->prefix) ? in->prefix : S("/"),
                  str_or_empty(after), in->paging.max_items + 1, &out->items));
    size_t count = paging_cut(&in->paging, out->items.count);
    out->is_truncated = count < out->items.count;
    out->items.count = count;
    if (out->is_truncated)
        out->marker = page_token(op, LIST_ITEM(struct user, out->items, count - 1)->name);
    return 0;
}
OP_HANDLER(list_users)

/* Tags belong to an ARN, which a rename changes. */
static int move_tags(struct op *op, const struct user *user, struct str new_arn)
{
    struct list tags;
    struct user renamed = { .arn = new_arn };

    TRY(tags_view(op, user->arn, &tags));
    TRY(tags_remove_all(op, user->arn));
    PASS(put_tags(op, &renamed, &tags));
    return 0;
}

static int update_user(struct op *op, const struct update_in *in, struct nothing *out)
{
    struct user user;
    (void)out;

    int found = user_get(op->db, op->arena, op->account, in->name, &user);
    if (found == DB_NO_ROW)
        return entity_missing(op, ENTITY_USER, in->name);
    TRY(found);

    struct str name = str_is_set(in->new_name) ? in->new_name : user.name;
    struct str path = str_is_set(in->new_path) ? in->new_path : user.path;
    struct str arn = arn_of(op, path, name);
    PASS(op_may(op, S("iam:UpdateUser"), user.arn));
    if (!str_eq(arn, user.arn)) /* "permissions on both the source and the target object" */
        PASS(op_may(op, S("iam:UpdateUser"), arn));
    int renamed = user_rename(op->db, user.id, name, path);
    if (renamed == DB_CONFLICT)
        return name_taken(op, name);
    TRY(renamed);
    if (!str_eq(arn, user.arn))
        PASS(move_tags(op, &user, arn));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(update_user)

static int delete_user(struct op *op, const struct user_name *in, struct nothing *out)
{
    struct entity user;
    int64_t n_keys;
    (void)out;

    PASS(entity_get(op, ENTITY_USER, in->name, &user));
    TRY(access_key_count(op->db, user.id, &n_keys));
    if (n_keys > 0)
        return op_fail(op, IAM_DELETE_CONFLICT,
                       "Cannot delete entity, must delete access keys first.");
    PASS(entity_may_go(op, &user));
    TRY(user_delete(op->db, user.id));
    TRY(tags_remove_all(op, user.arn));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(delete_user)

/* clang-format off */
const struct operation user_operations[] = {
    OP("CreateUser", create_user, create_in_shape, user_out_shape, OP_WRITES | OP_OWN_AUTH,
       RAISES(IAM_ENTITY_ALREADY_EXISTS, IAM_LIMIT_EXCEEDED, IAM_INVALID_INPUT)),
    OP("GetUser", get_user, get_in_shape, user_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = get_user_resource),
    OP("ListUsers", list_users, list_in_shape, list_out_shape, OP_READS, RAISES_NOTHING),
    OP("UpdateUser", update_user, update_in_shape, shape_nothing, OP_WRITES | OP_OWN_AUTH,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_ENTITY_ALREADY_EXISTS)),
    OP("DeleteUser", delete_user, delete_in_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_DELETE_CONFLICT), .resource = user_resource),
    OP_END,
};
/* clang-format on */
