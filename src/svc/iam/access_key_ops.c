/* SPDX-License-Identifier: Apache-2.0 */
/* Without a UserName these act on the caller's own keys, be it a user or root. */
#include "svc/iam/access_key.h"

#include "svc/iam/entity.h"
#include "svc/iam/epoch.h"
#include "svc/iam/errors.h"
#include "svc/iam/listing.h"
#include "svc/iam/names.h"
#include "svc/iam/operations.h"

struct owner_in {
    struct str user_name;
};

struct list_in {
    struct str user_name;
    struct paging paging;
};

struct key_in {
    struct str user_name, id, status;
};

struct key_out {
    struct access_key *key;
};

static const char *const statuses[] = { "Active", "Inactive", NULL };

/* clang-format off */
static const struct field owner_in_fields[] = {
    STRING(struct owner_in, user_name, "UserName", OPTIONAL, LENGTH(1, 128), IAM_NAME),
};
static const struct shape create_in_shape =
    SHAPE("CreateAccessKeyRequest", struct owner_in, owner_in_fields);

static const struct field list_in_fields[] = {
    STRING(struct list_in, user_name, "UserName", OPTIONAL, LENGTH(1, 128), IAM_NAME),
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape =
    SHAPE("ListAccessKeysRequest", struct list_in, list_in_fields);

static const struct field update_in_fields[] = {
    STRING(struct key_in, user_name, "UserName",    OPTIONAL, LENGTH(1, 128), IAM_NAME),
    STRING(struct key_in, id,        "AccessKeyId", REQUIRED, LENGTH(16, 128)),
    STRING(struct key_in, status,    "Status",      REQUIRED, .values = statuses),
};
static const struct shape update_in_shape =
    SHAPE("UpdateAccessKeyRequest", struct key_in, update_in_fields);

static const struct field delete_in_fields[] = {
    STRING(struct key_in, user_name, "UserName",    OPTIONAL, LENGTH(1, 128), IAM_NAME),
    STRING(struct key_in, id,        "AccessKeyId", REQUIRED, LENGTH(16, 128)),
};
static const struct shape delete_in_shape =
    SHAPE("DeleteAccessKeyRequest", struct key_in, delete_in_fields);

static const struct field key_fields[] = {
    STRING(struct access_key,    user_name,  "UserName",        OPTIONAL),
    STRING(struct access_key,    id,         "AccessKeyId",     OPTIONAL),
    STRING(struct access_key,    status,     "Status",          OPTIONAL),
    STRING(struct access_key,    secret,     "SecretAccessKey", SENSITIVE),
    TIMESTAMP(struct access_key, created_at, "CreateDate",      OPTIONAL),
};
static const struct shape key_shape = SHAPE("AccessKey", struct access_key, key_fields);

static const struct field metadata_fields[] = {
    STRING(struct access_key,    user_name,  "UserName",    OPTIONAL),
    STRING(struct access_key,    id,         "AccessKeyId", OPTIONAL),
    STRING(struct access_key,    status,     "Status",      OPTIONAL),
    TIMESTAMP(struct access_key, created_at, "CreateDate",  OPTIONAL),
};
static const struct shape metadata_shape =
    SHAPE("AccessKeyMetadata", struct access_key, metadata_fields);

static const struct field key_out_fields[] = {
    STRUCT(struct key_out, key, "AccessKey", OPTIONAL, key_shape),
};
static const struct shape create_out_shape =
    SHAPE("CreateAccessKeyResponse", struct key_out, key_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing, items, "AccessKeyMetadata", OPTIONAL, metadata_shape),
    LISTING_FIELDS(struct listing),
};
static const struct shape list_out_shape =
    SHAPE("ListAccessKeysResponse", struct listing, list_out_fields);
/* clang-format on */

/* Whose keys: the named user's, else the caller's. Outcomes: IAM_NO_SUCH_ENTITY, OP_INVALID. */
static int owner_of(struct op *op, struct str user_name, struct access_key *ret)
{
    struct entity user;

    *ret = (struct access_key){ .account = op->account };
    if (!str_is_set(user_name)) {
        if (op->principal->kind == PRINCIPAL_ROOT) {
            ret->owner = op->account;
            return 0;
        }
        if (op->principal->kind != PRINCIPAL_USER)
            return op_invalid(op, "Must specify userName when calling with non-User credentials");
        user_name = op->principal->name;
    }
    PASS(entity_get(op, ENTITY_USER, user_name, &user));
    ret->owner = user.id;
    ret->user_name = user.name;
    return 0;
}

static struct str owner_resource(struct op *op, const void *in)
{
    const struct str *user_name = in;

    return str_is_set(*user_name) ? user_resource(op, in) : op->principal->arn;
}

static int create_access_key(struct op *op, const struct owner_in *in, struct key_out *out)
{
    struct access_key *key = arena_new(op->arena, struct access_key);
    int64_t n_keys;

    PASS(owner_of(op, in->user_name, key));
    TRY(access_key_count(op->db, key->owner, &n_keys));
    if (n_keys >= ACCESS_KEYS_PER_OWNER)
        return op_fail(op, IAM_LIMIT_EXCEEDED, "Cannot exceed quota for AccessKeysPerUser: %d",
                       ACCESS_KEYS_PER_OWNER);
    TRY(access_key_new(op, key));
    TRY(epoch_bump(op->db, op->account));
    out->key = key;
    return 0;
}
OP_HANDLER(create_access_key)

static int list_access_keys(struct op *op, const struct list_in *in, struct listing *out)
{
    struct access_key owner, *keys;
    size_t index;

    PASS(paging_start_index(op, &in->paging, &index));
    PASS(owner_of(op, in->user_name, &owner));
    TRY(access_key_list(op->db, op->arena, owner.owner, &keys, &out->items.count));
    out->items.items = keys;
    listing_slice(op, &in->paging, index, sizeof(*keys), out);
    return 0;
}
OP_HANDLER(list_access_keys)

/* The key of that id, if it is the owner's. Outcome: IAM_NO_SUCH_ENTITY. */
static int find_key(struct op *op, const struct key_in *in, struct access_key *ret)
{
    struct access_key owner;

    PASS(owner_of(op, in->user_name, &owner));
    int found = access_key_get(op->db, op->arena, in->id, ret);
    if (found == DB_NO_ROW || (found == 0 && !str_eq(ret->owner, owner.owner)))
        return op_fail(op, IAM_NO_SUCH_ENTITY, "The Access Key with id %.*s cannot be found.",
                       STR(in->id));
    TRY(found);
    return 0;
}

static int update_access_key(struct op *op, const struct key_in *in, struct nothing *out)
{
    struct access_key key;
    (void)out;

    PASS(find_key(op, in, &key));
    TRY(access_key_set_status(op->db, key.id, in->status));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(update_access_key)

static int delete_access_key(struct op *op, const struct key_in *in, struct nothing *out)
{
    struct access_key key;
    (void)out;

    PASS(find_key(op, in, &key));
    TRY(access_key_delete(op->db, key.id));
    TRY(epoch_bump(op->db, op->account));
    return 0;
}
OP_HANDLER(delete_access_key)

/* clang-format off */
const struct operation access_key_operations[] = {
    OP("CreateAccessKey", create_access_key, create_in_shape, create_out_shape, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY, IAM_LIMIT_EXCEEDED), .resource = owner_resource),
    OP("ListAccessKeys", list_access_keys, list_in_shape, list_out_shape, OP_READS,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = owner_resource),
    OP("UpdateAccessKey", update_access_key, update_in_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = owner_resource),
    OP("DeleteAccessKey", delete_access_key, delete_in_shape, shape_nothing, OP_WRITES,
       RAISES(IAM_NO_SUCH_ENTITY), .resource = owner_resource),
    OP_END,
};
/* clang-format on */
