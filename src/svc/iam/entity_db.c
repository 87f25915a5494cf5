/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/entity.h"

static const struct column columns[] = {
    COL_STR(struct entity, id),
    COL_STR(struct entity, name),
    COL_STR(struct entity, arn),
    COL_STR(struct entity, boundary),
};
static const struct mapping mapping = MAPPING(struct entity, columns);

int entity_find(struct db *db, struct arena *a, enum entity_kind kind, struct str account,
                struct str name, struct entity *ret)
{
    static const char *const sql[] = {
        [ENTITY_USER] = "SELECT id, name, boundary,"
                        " 'arn:aws:iam::' || account || ':user' || path || name AS arn"
                        " FROM iam_user WHERE account = $1 AND name = $2",
        [ENTITY_ROLE] = "SELECT id, name, boundary,"
                        " 'arn:aws:iam::' || account || ':role' || path || name AS arn"
                        " FROM iam_role WHERE account = $1 AND name = $2",
    };

    PASS(db_one(db, a, &mapping, ret, sql[kind], ARGS(V(account), V(name))));
    return 0;
}

int entity_set_boundary(struct db *db, enum entity_kind kind, struct str id, struct str boundary)
{
    static const char *const sql[] = {
        [ENTITY_USER] = "UPDATE iam_user SET boundary = $2 WHERE id = $1",
        [ENTITY_ROLE] = "UPDATE iam_role SET boundary = $2 WHERE id = $1",
    };

    TRY(db_exec(db, NULL, sql[kind], ARGS(V(id), V(boundary))));
    return 0;
}
