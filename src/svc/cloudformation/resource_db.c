/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/stack.h"

#define RESOURCE                                                                                   \
    "stack, id, position, type, token, needs, policy, physical, attributes, status, reason, made," \
    " updated_at FROM cfn_resource"
#define EVENT                                                                                      \
    "number, id, stack, logical, physical, type, happened_at, status, reason, properties, token"   \
    " FROM cfn_event"

static const struct column columns[] = {
    COL_STR(struct resource, stack),      COL_STR(struct resource, id),
    COL_I64(struct resource, position),   COL_STR(struct resource, type),
    COL_STR(struct resource, token),      COL_STR(struct resource, needs),
    COL_INT(struct resource, policy),     COL_STR(struct resource, physical),
    COL_STR(struct resource, attributes), COL_STR(struct resource, status),
    COL_STR(struct resource, reason),     COL_INT(struct resource, made),
    COL_I64(struct resource, updated_at),
};
static const struct mapping mapping = MAPPING(struct resource, columns);

static const struct column event_columns[] = {
    COL_I64(struct stack_event, number),      COL_STR(struct stack_event, id),
    COL_STR(struct stack_event, stack),       COL_STR(struct stack_event, logical),
    COL_STR(struct stack_event, physical),    COL_STR(struct stack_event, type),
    COL_I64(struct stack_event, happened_at), COL_STR(struct stack_event, status),
    COL_STR(struct stack_event, reason),      COL_STR(struct stack_event, properties),
    COL_STR(struct stack_event, token),
};
static const struct mapping event_mapping = MAPPING(struct stack_event, event_columns);

int resource_list(struct db *db, struct arena *a, struct str stack, struct resource **ret,
                  size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &mapping, &items, ret_count,
               "SELECT " RESOURCE " WHERE stack = $1 ORDER BY position", ARGS(V(stack))));
    *ret = items;
    return 0;
}

int resource_insert(struct op *op, const struct resource *r)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_resource (stack, id, position, type, token, needs, policy,"
                " status, made, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, $8)",
                ARGS(V(r->stack), V(r->id), V(r->position), V(r->type), V(r->token), V(r->needs),
                     V((int64_t)r->policy), V(r->updated_at))));
    return 0;
}

int resource_update(struct op *op, const struct resource *r)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE cfn_resource SET physical = $3, attributes = $4, status = $5, reason = $6,"
                " made = $7, updated_at = $8 WHERE stack = $1 AND id = $2",
                ARGS(V(r->stack), V(r->id), V(r->physical), V(r->attributes), V(r->status),
                     V(r->reason), V((int64_t)r->made), V(r->updated_at))));
    return 0;
}

int resource_stack_of(struct op *op, struct str physical, struct str *ret)
{
    PASS(db_str(op->db, op->arena, ret,
                "SELECT r.stack FROM cfn_resource r JOIN cfn_stack s ON s.id = r.stack"
                " WHERE s.account = $1 AND s.region = $2 AND s.live IS NOT NULL"
                " AND r.physical = $3 ORDER BY s.created_at DESC LIMIT 1",
                ARGS(V(op->account), V(op->region), V(physical))));
    return 0;
}

int event_insert(struct op *op, const struct stack_event *e)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_event (id, stack, logical, physical, type, happened_at, status,"
                " reason, properties, token) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                ARGS(V(e->id), V(e->stack), V(e->logical), V(e->physical), V(e->type),
                     V(e->happened_at), V(e->status), V(e->reason), V(e->properties),
                     V(e->token))));
    return 0;
}

int event_list(struct op *op, struct str stack, int64_t before, int64_t limit,
               struct stack_event **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &event_mapping, &items, ret_count,
               "SELECT " EVENT " WHERE stack = $1 AND number < $2 ORDER BY number DESC LIMIT $3",
               ARGS(V(stack), V(before), V(limit))));
    *ret = items;
    return 0;
}
