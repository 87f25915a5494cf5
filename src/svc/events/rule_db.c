/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/rule.h"
#include "store/db.h"

#define RULE "name, description, schedule, role_arn, enabled, phase_at"

static const struct column columns[] = {
    COL_STR(struct rule, name),     COL_STR(struct rule, description),
    COL_STR(struct rule, schedule), COL_STR(struct rule, role_arn),
    COL_BOOL(struct rule, enabled), COL_I64(struct rule, phase_at),
};
static const struct mapping mapping = MAPPING(struct rule, columns);

int rule_get(struct op *op, struct str name, struct rule *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret,
                "SELECT " RULE " FROM events_rule"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int rule_put(struct op *op, const struct rule *rule)
{
    int64_t changed;

    TRY(db_exec(op->db, &changed,
                "UPDATE events_rule SET description = $4, schedule = $5, role_arn = $6,"
                " enabled = $7, phase_at = $8"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(rule->name), V(rule->description),
                     V(rule->schedule), V(rule->role_arn), V(rule->enabled), V(rule->phase_at))));
    if (changed > 0)
        return 0;
    TRY(db_exec(op->db, NULL,
                "INSERT INTO events_rule (account, region, name, description, schedule,"
                " role_arn, enabled, phase_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                ARGS(V(op->account), V(op->region), V(rule->name), V(rule->description),
                     V(rule->schedule), V(rule->role_arn), V(rule->enabled), V(rule->phase_at))));
    return 0;
}

int rule_delete(struct op *op, struct str name)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM events_rule WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int rule_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(*) FROM events_rule WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

int rule_list(struct op *op, struct str prefix, struct str after, int64_t limit, struct rule **ret,
              size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " RULE " FROM events_rule WHERE account = $1 AND region = $2"
               " AND substr(name, 1, length($3)) = $3 AND name > $4 ORDER BY name LIMIT $5",
               ARGS(V(op->account), V(op->region), V(str_or_empty(prefix)), V(str_or_empty(after)),
                    V(limit))));
    *ret = items;
    return 0;
}
