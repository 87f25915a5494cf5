/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/group.h"

#define GROUP "name, description, query_type, query, created_at"

static const struct column columns[] = {
    COL_STR(struct group, name),       COL_STR(struct group, description),
    COL_STR(struct group, query_type), COL_STR(struct group, query),
    COL_I64(struct group, created_at),
};
static const struct mapping mapping = MAPPING(struct group, columns);

int group_get(struct op *op, struct str name, struct group *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret,
                "SELECT " GROUP " FROM resource_group"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int group_insert(struct op *op, const struct group *group)
{
    PASS(db_exec(op->db, NULL,
                 "INSERT INTO resource_group"
                 " (account, region, name, description, query_type, query, created_at)"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7)",
                 ARGS(V(op->account), V(op->region), V(group->name), V(group->description),
                      V(group->query_type), V(group->query), V(group->created_at))));
    return 0;
}

int group_update_query(struct op *op, const struct group *group)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE resource_group SET query_type = $4, query = $5"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(group->name), V(group->query_type),
                     V(group->query))));
    return 0;
}

int group_delete(struct op *op, struct str name)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM resource_group WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int group_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret,
               "SELECT COUNT(*) FROM resource_group WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

int group_list(struct op *op, struct str after, int64_t limit, struct group **ret,
               size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " GROUP " FROM resource_group"
               " WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4",
               ARGS(V(op->account), V(op->region), V(str_or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}
