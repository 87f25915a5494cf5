/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/ssm/compliance/compliance.h"

/* clang-format off */
#define COMPLIANCE \
    "resource, type, hash, content, execution_id, execution_type, executed_at, status," \
    " severity, compliant, non_compliant"
/* clang-format on */

static const struct column columns[] = {
    COL_STR(struct compliance, resource),      COL_STR(struct compliance, type),
    COL_STR(struct compliance, hash),          COL_STR(struct compliance, content),
    COL_STR(struct compliance, execution_id),  COL_STR(struct compliance, execution_type),
    COL_I64(struct compliance, executed_at),   COL_STR(struct compliance, status),
    COL_STR(struct compliance, severity),      COL_STR(struct compliance, compliant),
    COL_STR(struct compliance, non_compliant),
};
static const struct mapping mapping = MAPPING(struct compliance, columns);

int compliance_get(struct op *op, struct str resource, struct str type, struct compliance *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret,
                "SELECT " COMPLIANCE " FROM ssm_compliance"
                " WHERE account = $1 AND region = $2 AND resource = $3 AND type = $4",
                ARGS(V(op->account), V(op->region), V(resource), V(type))));
    return 0;
}

int compliance_put(struct op *op, const struct compliance *c)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_compliance"
                " WHERE account = $1 AND region = $2 AND resource = $3 AND type = $4",
                ARGS(V(op->account), V(op->region), V(c->resource), V(c->type))));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_compliance (account, region, " COMPLIANCE ")"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
                ARGS(V(op->account), V(op->region), V(c->resource), V(c->type), V(c->hash),
                     V(c->content), V(c->execution_id), V(c->execution_type), V(c->executed_at),
                     V(c->status), V(c->severity), V(c->compliant), V(c->non_compliant))));
    return 0;
}

int compliance_list(struct op *op, struct str resource, struct str after_resource,
                    struct str after_type, int64_t limit, struct compliance **ret,
                    size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT resource, type, hash, NULL AS content, execution_id, execution_type,"
               " executed_at, status, severity, compliant, non_compliant FROM ssm_compliance"
               " WHERE account = $1 AND region = $2 AND ($3 IS NULL OR resource = $3)"
               " AND (resource > $4 OR (resource = $4 AND type > $5))"
               " ORDER BY resource, type LIMIT $6",
               ARGS(V(op->account), V(op->region), V(resource), V(after_resource), V(after_type),
                    V(limit))));
    *ret = items;
    return 0;
}

int compliance_count_custom(struct op *op, struct str resource, struct str except, int64_t *ret)
{
    TRY(db_int(op->db, ret,
               "SELECT COUNT(*) FROM ssm_compliance"
               " WHERE account = $1 AND region = $2 AND resource = $3"
               " AND type >= 'Custom:' AND type < 'Custom;' AND type <> $4",
               ARGS(V(op->account), V(op->region), V(resource), V(except))));
    return 0;
}

static const struct column tally_columns[] = {
    COL_STR(struct compliance_tally, type),
    COL_STR(struct compliance_tally, status),
    COL_STR(struct compliance_tally, severity),
    COL_I64(struct compliance_tally, n),
};
static const struct mapping tally_mapping = MAPPING(struct compliance_tally, tally_columns);

/* Types are few, and each has at most seven groups. */
int compliance_tallies(struct op *op, struct compliance_tally **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &tally_mapping, &items, ret_count,
               "SELECT type, status, severity, COUNT(*) AS n FROM ssm_compliance"
               " WHERE account = $1 AND region = $2 GROUP BY type, status, severity"
               " ORDER BY type, status, severity LIMIT 10000",
               ARGS(V(op->account), V(op->region))));
    *ret = items;
    return 0;
}
