/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/set.h"

#define OPERATION                                                                                  \
    "number, stack_set, id, action, state, preferences, retain, admin_role, execution_role,"       \
    " created_at, ended_at FROM cfn_operation"

static const struct column columns[] = {
    COL_I64(struct set_operation, number),
    COL_STR(struct set_operation, stack_set),
    COL_STR(struct set_operation, id),
    COL_STR(struct set_operation, action),
    COL_INT(struct set_operation, state),
    COL_STR(struct set_operation, preferences),
    COL_BOOL(struct set_operation, retain),
    COL_STR(struct set_operation, admin_role),
    COL_STR(struct set_operation, execution_role),
    COL_I64(struct set_operation, created_at),
    COL_I64(struct set_operation, ended_at),
};
static const struct mapping mapping = MAPPING(struct set_operation, columns);

static const struct column result_columns[] = {
    COL_I64(struct set_result, operation), COL_I64(struct set_result, position),
    COL_STR(struct set_result, account),   COL_STR(struct set_result, region),
    COL_INT(struct set_result, rank),      COL_INT(struct set_result, result),
    COL_STR(struct set_result, reason),
};
static const struct mapping result_mapping = MAPPING(struct set_result, result_columns);

int set_operation_get(struct db *db, struct arena *a, struct str set, struct str id,
                      struct set_operation *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " OPERATION " WHERE stack_set = $1 AND id = $2",
                ARGS(V(set), V(id))));
    return 0;
}

int set_operation_number(struct db *db, struct arena *a, int64_t number, struct set_operation *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " OPERATION " WHERE number = $1", ARGS(V(number))));
    return 0;
}

int set_operation_insert(struct op *op, struct set_operation *o)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_operation (stack_set, id, action, state, preferences, retain,"
                " admin_role, execution_role, created_at, ended_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
                ARGS(V(o->stack_set), V(o->id), V(o->action), V((int64_t)o->state),
                     V(o->preferences), V((int64_t)o->retain), V(o->admin_role),
                     V(o->execution_role), V(o->created_at))));
    TRY(db_int(op->db, &o->number,
               "SELECT number FROM cfn_operation WHERE stack_set = $1 AND id = $2",
               ARGS(V(o->stack_set), V(o->id))));
    return 0;
}

int set_operation_update(struct op *op, const struct set_operation *o)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE cfn_operation SET state = $2, ended_at = $3 WHERE number = $1",
                ARGS(V(o->number), V((int64_t)o->state), V(o->ended_at))));
    return 0;
}

int set_operation_running(struct op *op, struct str set, bool *ret)
{
    int64_t count;

    TRY(db_int(op->db, &count,
               "SELECT COUNT(*) FROM cfn_operation WHERE stack_set = $1 AND ended_at = 0",
               ARGS(V(set))));
    *ret = count > 0;
    return 0;
}

int set_operation_list(struct op *op, struct str set, int64_t before, int64_t limit,
                       struct set_operation **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " OPERATION " WHERE stack_set = $1 AND number < $2"
               " ORDER BY number DESC LIMIT $3",
               ARGS(V(set), V(before), V(limit))));
    *ret = items;
    return 0;
}

int set_result_list(struct db *db, struct arena *a, int64_t operation, struct set_result **ret,
                    size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &result_mapping, &items, ret_count,
               "SELECT operation, position, account, region, rank, result, reason"
               " FROM cfn_result WHERE operation = $1 ORDER BY position",
               ARGS(V(operation))));
    *ret = items;
    return 0;
}

int set_result_insert(struct op *op, const struct set_result *r)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_result (operation, position, account, region, rank, result)"
                " VALUES ($1, $2, $3, $4, $5, $6)",
                ARGS(V(r->operation), V(r->position), V(r->account), V(r->region),
                     V((int64_t)r->rank), V((int64_t)r->result))));
    return 0;
}

int set_result_update(struct op *op, const struct set_result *r)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE cfn_result SET result = $3, reason = $4"
                " WHERE operation = $1 AND position = $2",
                ARGS(V(r->operation), V(r->position), V((int64_t)r->result), V(r->reason))));
    return 0;
}
