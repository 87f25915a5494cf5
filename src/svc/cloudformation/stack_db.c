/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/stack.h"

#define STACK                                                                                      \
    "id, account, region, name, description, template, parameters, principal, role_arn, status,"   \
    " reason, on_failure, capabilities, tags, outputs, token, is_protected, timeout_minutes,"      \
    " created_at, deleted_at FROM cfn_stack"

static const struct column columns[] = {
    COL_STR(struct stack, id),
    COL_STR(struct stack, account),
    COL_STR(struct stack, region),
    COL_STR(struct stack, name),
    COL_STR(struct stack, description),
    COL_STR(struct stack, template),
    COL_STR(struct stack, parameters),
    COL_STR(struct stack, principal),
    COL_STR(struct stack, role_arn),
    COL_STR(struct stack, status),
    COL_STR(struct stack, reason),
    COL_STR(struct stack, on_failure),
    COL_STR(struct stack, capabilities),
    COL_STR(struct stack, tags),
    COL_STR(struct stack, outputs),
    COL_STR(struct stack, token),
    COL_BOOL(struct stack, is_protected),
    COL_I64(struct stack, timeout_minutes),
    COL_I64(struct stack, created_at),
    COL_I64(struct stack, deleted_at),
};
static const struct mapping mapping = MAPPING(struct stack, columns);

int stack_get(struct db *db, struct arena *a, struct str id, struct stack *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " STACK " WHERE id = $1", ARGS(V(id))));
    return 0;
}

int stack_get_live(struct op *op, struct str name, struct stack *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret,
                "SELECT " STACK " WHERE account = $1 AND region = $2 AND live = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int stack_find(struct op *op, struct str name_or_id, struct stack *ret)
{
    if (!str_starts(name_or_id, S("arn:")))
        return stack_get_live(op, name_or_id, ret);
    PASS(stack_get(op->db, op->arena, name_or_id, ret));
    bool is_here = str_eq(ret->account, op->account) && str_eq(ret->region, op->region);
    return is_here ? 0 : DB_NO_ROW;
}

int stack_insert(struct op *op, const struct stack *s)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_stack (id, account, region, name, live, description, template,"
                " parameters, principal, role_arn, status, reason, on_failure, capabilities, tags,"
                " outputs, token, is_protected, timeout_minutes, created_at, deleted_at)"
                " VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL,"
                " $15, $16, $17, $18, 0)",
                ARGS(V(s->id), V(s->account), V(s->region), V(s->name), V(s->description),
                     V(s->template), V(s->parameters), V(s->principal), V(s->role_arn),
                     V(s->status), V(s->reason), V(s->on_failure), V(s->capabilities), V(s->tags),
                     V(s->token), V((int64_t)s->is_protected), V(s->timeout_minutes),
                     V(s->created_at))));
    return 0;
}

int stack_update(struct op *op, const struct stack *s)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE cfn_stack SET status = $2, reason = $3, principal = $4, role_arn = $5,"
                " outputs = $6, is_protected = $7, deleted_at = $8,"
                " live = CASE WHEN $8 = 0 THEN name ELSE NULL END WHERE id = $1",
                ARGS(V(s->id), V(s->status), V(s->reason), V(s->principal), V(s->role_arn),
                     V(s->outputs), V((int64_t)s->is_protected), V(s->deleted_at))));
    return 0;
}

int stack_forget(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM cfn_event WHERE stack = $1", ARGS(V(id))));
    TRY(db_exec(op->db, NULL, "DELETE FROM cfn_resource WHERE stack = $1", ARGS(V(id))));
    TRY(db_exec(op->db, NULL, "DELETE FROM cfn_stack WHERE id = $1", ARGS(V(id))));
    return 0;
}

int stack_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(live) FROM cfn_stack WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

int stack_list(struct op *op, const struct stack_page *page, struct stack **ret, size_t *ret_count)
{
    void *items;
    msec before = page->before ? page->before : INT64_MAX;
    struct str before_id = str_or_empty(page->before_id);

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " STACK " WHERE account = $1 AND region = $2"
               " AND ($3 = 1 OR live IS NOT NULL)"
               " AND (created_at < $4 OR (created_at = $4 AND id < $5))"
               " ORDER BY created_at DESC, id DESC LIMIT $6",
               ARGS(V(op->account), V(op->region), V((int64_t)page->with_deleted), V(before),
                    V(before_id), V(page->limit))));
    *ret = items;
    return 0;
}
