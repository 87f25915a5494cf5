/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/lambda/invocation.h"

static const struct column columns[] = {
    COL_STR(struct invocation, id),       COL_STR(struct invocation, function),
    COL_STR(struct invocation, payload),  COL_BOOL(struct invocation, is_event),
    COL_I64(struct invocation, tries),    COL_I64(struct invocation, created_at),
    COL_I64(struct invocation, ended_at), COL_STR(struct invocation, result),
    COL_STR(struct invocation, error),    COL_STR(struct invocation, log),
};
static const struct mapping mapping = MAPPING(struct invocation, columns);

int invocation_get(struct db *db, struct arena *a, struct str id, struct invocation *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT id, function, payload, is_event, tries, created_at, ended_at, result,"
                " error, log FROM lambda_invocation WHERE id = $1",
                ARGS(V(id))));
    return 0;
}

int invocation_insert(struct op *op, const struct invocation *i)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO lambda_invocation (id, account, region, function, payload, is_event,"
                " tries, created_at) VALUES ($1, $2, $3, $4, $5, $6, 0, $7)",
                ARGS(V(i->id), V(op->account), V(op->region), V(i->function), V(i->payload),
                     V(i->is_event), V(op->now))));
    return 0;
}

int invocation_end(struct op *op, struct str id, struct str result, struct str error,
                   struct str log)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE lambda_invocation SET ended_at = $2, result = $3, error = $4, log = $5"
                " WHERE id = $1",
                ARGS(V(id), V(op->now), V(result), V(error), V(log))));
    return 0;
}

int invocation_retry(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "UPDATE lambda_invocation SET tries = tries + 1 WHERE id = $1",
                ARGS(V(id))));
    return 0;
}

int invocation_delete(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM lambda_invocation WHERE id = $1", ARGS(V(id))));
    return 0;
}
