/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/user.h"

#define USER                                                                                       \
    "name, path, id, boundary, created_at,"                                                        \
    " 'arn:aws:iam::' || account || ':user' || path || name AS arn"

static const struct column columns[] = {
    COL_STR(struct user, name),     COL_STR(struct user, path),       COL_STR(struct user, id),
    COL_STR(struct user, boundary), COL_I64(struct user, created_at), COL_STR(struct user, arn),
};
static const struct mapping mapping = MAPPING(struct user, columns);

int user_get(struct db *db, struct arena *a, struct str account, struct str name, struct user *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT " USER " FROM iam_user WHERE account = $1 AND name = $2",
                ARGS(V(account), V(name))));
    return 0;
}

int user_get_by_id(struct db *db, struct arena *a, struct str id, struct user *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " USER " FROM iam_user WHERE id = $1", ARGS(V(id))));
    return 0;
}

int user_list(struct db *db, struct arena *a, struct str account, struct str prefix,
              struct str after, int64_t limit, struct list *ret)
{
    TRY(db_all(db, a, &mapping, &ret->items, &ret->count,
               "SELECT " USER " FROM iam_user"
               " WHERE account = $1 AND substr(path, 1, length($2)) = $2 AND name > $3"
               " ORDER BY name LIMIT $4",
               ARGS(V(account), V(prefix), V(after), V(limit))));
    return 0;
}

int user_count(struct db *db, struct str account, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM iam_user WHERE account = $1", ARGS(V(account))));
    return 0;
}

int user_insert(struct db *db, struct str account, const struct user *user)
{
    PASS(db_exec(db, NULL,
                 "INSERT INTO iam_user (account, name, folded, path, id, boundary, created_at)"
                 " VALUES ($1, $2, lower($2), $3, $4, $5, $6)",
                 ARGS(V(account), V(user->name), V(user->path), V(user->id), V(user->boundary),
                      V(user->created_at))));
    return 0;
}

int user_rename(struct db *db, struct str id, struct str name, struct str path)
{
    PASS(db_exec(db, NULL,
                 "UPDATE iam_user SET name = $2, folded = lower($2), path = $3 WHERE id = $1",
                 ARGS(V(id), V(name), V(path))));
    return 0;
}

int user_delete(struct db *db, struct str id)
{
    TRY(db_exec(db, NULL, "DELETE FROM iam_user WHERE id = $1", ARGS(V(id))));
    return 0;
}
