/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_group.h"

/* clang-format off */
#define GROUP \
    "SELECT name, created_at, 'arn:aws:logs:' || region || ':' || account || ':log-group:' ||" \
    " name || ':*' AS arn, (SELECT COALESCE(SUM(s.stored_bytes), 0) FROM logs_stream s" \
    " WHERE s.account = g.account AND s.region = g.region AND s.log_group = g.name)" \
    " AS stored_bytes FROM logs_group g WHERE account = $1 AND region = $2"
/* clang-format on */

static const struct column columns[] = {
    COL_STR(struct log_group, name),
    COL_STR(struct log_group, arn),
    COL_I64(struct log_group, created_at),
    COL_I64(struct log_group, stored_bytes),
};
static const struct mapping mapping = MAPPING(struct log_group, columns);

int log_group_get(struct op *op, struct str name, struct log_group *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret, GROUP " AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int log_group_insert(struct op *op, struct str name)
{
    PASS(db_exec(op->db, NULL,
                 "INSERT INTO logs_group (account, region, name, created_at)"
                 " VALUES ($1, $2, $3, $4)",
                 ARGS(V(op->account), V(op->region), V(name), V(op->now))));
    return 0;
}

int log_group_list(struct op *op, struct str prefix, struct str after, int64_t limit,
                   struct log_group **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               GROUP " AND substr(name, 1, length($3)) = $3 AND name > $4"
                     " ORDER BY name LIMIT $5",
               ARGS(V(op->account), V(op->region), V(str_or_empty(prefix)), V(str_or_empty(after)),
                    V(limit))));
    *ret = items;
    return 0;
}

int log_group_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(*) FROM logs_group WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}
