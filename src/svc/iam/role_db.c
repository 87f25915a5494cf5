/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/role.h"

#define ROLE                                                                                       \
    "name, path, id, boundary, created_at, trust, description, max_session,"                       \
    " 'arn:aws:iam::' || account || ':role' || path || name AS arn"

static const struct column columns[] = {
    COL_STR(struct role, name),        COL_STR(struct role, path),
    COL_STR(struct role, id),          COL_STR(struct role, boundary),
    COL_I64(struct role, created_at),  COL_STR(struct role, trust),
    COL_STR(struct role, description), COL_I64(struct role, max_session),
    COL_STR(struct role, arn),
};
static const struct mapping mapping = MAPPING(struct role, columns);

int role_get(struct db *db, struct arena *a, struct str account, struct str name, struct role *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT " ROLE " FROM iam_role WHERE account = $1 AND name = $2",
                ARGS(V(account), V(name))));
    return 0;
}

int role_get_by_id(struct db *db, struct arena *a, struct str id, struct role *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " ROLE " FROM iam_role WHERE id = $1", ARGS(V(id))));
    return 0;
}

int role_list(struct db *db, struct arena *a, struct str account, struct str prefix,
              struct str after, int64_t limit, struct list *ret)
{
    TRY(db_all(db, a, &mapping, &ret->items, &ret->count,
               "SELECT " ROLE " FROM iam_role"
               " WHERE account = $1 AND substr(path, 1, length($2)) = $2 AND name > $3"
               " ORDER BY name LIMIT $4",
               ARGS(V(account), V(prefix), V(after), V(limit))));
    return 0;
}

int role_count(struct db *db, struct str account, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM iam_role WHERE account = $1", ARGS(V(account))));
    return 0;
}

int role_insert(struct db *db, struct str account, const struct role *role)
{
    PASS(db_exec(db, NULL,
                 "INSERT INTO iam_role (account, name, folded, path, id, boundary, created_at,"
                 " trust, description, max_session)"
                 " VALUES ($1, $2, lower($2), $3, $4, $5, $6, $7, $8, $9)",
                 ARGS(V(account), V(role->name), V(role->path), V(role->id), V(role->boundary),
                      V(role->created_at), V(role->trust), V(role->description),
                      V(role->max_session))));
    return 0;
}

int role_update(struct db *db, const struct role *role)
{
    TRY(db_exec(db, NULL,
                "UPDATE iam_role SET trust = $2, description = $3, max_session = $4 WHERE id = $1",
                ARGS(V(role->id), V(role->trust), V(role->description), V(role->max_session))));
    return 0;
}

int role_delete(struct db *db, struct str id)
{
    TRY(db_exec(db, NULL, "DELETE FROM iam_role WHERE id = $1", ARGS(V(id))));
    return 0;
}
