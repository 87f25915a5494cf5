/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/target.h"
#include "store/db.h"

static const struct column columns[] = {
    COL_STR(struct target, id),           COL_STR(struct target, arn),
    COL_STR(struct target, role_arn),     COL_STR(struct target, input),
    COL_I64(struct target, max_attempts), COL_I64(struct target, max_age),
};
static const struct mapping mapping = MAPPING(struct target, columns);

int target_put(struct op *op, struct str rule, const struct target *target)
{
    TRY(target_remove(op, rule, target->id));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO events_target (account, region, rule, id, arn, role_arn, input,"
                " max_attempts, max_age) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                ARGS(V(op->account), V(op->region), V(rule), V(target->id), V(target->arn),
                     V(target->role_arn), V(target->input), V(target->max_attempts),
                     V(target->max_age))));
    return 0;
}

int target_remove(struct op *op, struct str rule, struct str id)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM events_target"
                " WHERE account = $1 AND region = $2 AND rule = $3 AND id = $4",
                ARGS(V(op->account), V(op->region), V(rule), V(id))));
    return 0;
}

int target_list(struct op *op, struct str rule, struct target **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT id, arn, role_arn, input, max_attempts, max_age FROM events_target"
               " WHERE account = $1 AND region = $2 AND rule = $3 ORDER BY id",
               ARGS(V(op->account), V(op->region), V(rule))));
    *ret = items;
    return 0;
}

int target_rules(struct op *op, struct str arn, struct str after, int64_t limit, struct strs *ret)
{
    TRY(db_strs(op->db, op->arena, ret,
                "SELECT DISTINCT rule FROM events_target"
                " WHERE account = $1 AND region = $2 AND arn = $3 AND rule > $4"
                " ORDER BY rule LIMIT $5",
                ARGS(V(op->account), V(op->region), V(arn), V(str_or_empty(after)), V(limit))));
    return 0;
}
