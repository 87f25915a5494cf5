/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/access_key.h"

#include "svc/iam/names.h"

#define ACCESS_KEY                                                                                 \
    "k.id, k.account, k.owner, k.status, k.created_at, u.name AS user_name"                        \
    " FROM iam_access_key k LEFT JOIN iam_user u ON u.id = k.owner"

static const struct column columns[] = {
    COL_STR(struct access_key, id),         COL_STR(struct access_key, account),
    COL_STR(struct access_key, owner),      COL_STR(struct access_key, status),
    COL_I64(struct access_key, created_at), COL_STR(struct access_key, user_name),
};
static const struct mapping mapping = MAPPING(struct access_key, columns);

int access_key_get(struct db *db, struct arena *a, struct str id, struct access_key *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " ACCESS_KEY " WHERE k.id = $1", ARGS(V(id))));
    return 0;
}

static const struct column use_columns[] = {
    COL_STR(struct access_key_use, account),   COL_STR(struct access_key_use, owner),
    COL_STR(struct access_key_use, status),    COL_STR(struct access_key_use, sealed),
    COL_STR(struct access_key_use, user_name), COL_STR(struct access_key_use, user_arn),
};
static const struct mapping use_mapping = MAPPING(struct access_key_use, use_columns);

int access_key_use(struct db *db, struct arena *a, const uint8_t *master_key, struct str id,
                   struct access_key_use *ret)
{
    PASS(db_one(db, a, &use_mapping, ret,
                "SELECT k.account, k.owner, k.status, k.sealed, u.name AS user_name,"
                " 'arn:aws:iam::' || u.account || ':user' || u.path || u.name AS user_arn"
                " FROM iam_access_key k LEFT JOIN iam_user u ON u.id = k.owner"
                " WHERE k.id = $1",
                ARGS(V(id))));
    return unseal(a, master_key, id, ret->sealed, &ret->secret) ? 0 : DB_NO_ROW;
}

int access_key_list(struct db *db, struct arena *a, struct str owner, struct access_key **ret,
                    size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &mapping, &items, ret_count,
               "SELECT " ACCESS_KEY " WHERE k.owner = $1 ORDER BY k.created_at, k.id LIMIT 100",
               ARGS(V(owner))));
    *ret = items;
    return 0;
}

int access_key_count(struct db *db, struct str owner, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM iam_access_key WHERE owner = $1", ARGS(V(owner))));
    return 0;
}

int access_key_set_status(struct db *db, struct str id, struct str status)
{
    TRY(db_exec(db, NULL, "UPDATE iam_access_key SET status = $2 WHERE id = $1",
                ARGS(V(id), V(status))));
    return 0;
}

int access_key_delete(struct db *db, struct str id)
{
    TRY(db_exec(db, NULL, "DELETE FROM iam_access_key WHERE id = $1", ARGS(V(id))));
    return 0;
}

int access_key_new(struct op *op, struct access_key *key)
{
    key->id = new_access_key_id(op->arena);
    key->secret = new_secret(op->arena);
    key->status = S("Active");
    key->created_at = op->now;

    struct str sealed = seal(op->arena, op->plane->master_key, key->id, key->secret);
    TRY(db_exec(op->db, NULL,
                "INSERT INTO iam_access_key (id, account, owner, sealed, status, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                ARGS(V(key->id), V(key->account), V(key->owner), B(sealed), V(key->status),
                     V(key->created_at))));
    return 0;
}
