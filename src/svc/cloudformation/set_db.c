/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/set.h"

#include "svc/cloudformation/errors.h"

#define SET                                                                                        \
    "id, account, region, name, description, body, parameters, capabilities, tags, admin_role,"    \
    " execution_role, status, token, created_at FROM cfn_set"
#define INSTANCE                                                                                   \
    "stack_set, account, region, stack, status, detail, reason, overrides, operation"              \
    " FROM cfn_instance"

static const struct column set_columns[] = {
    COL_STR(struct stack_set, id),
    COL_STR(struct stack_set, account),
    COL_STR(struct stack_set, region),
    COL_STR(struct stack_set, name),
    COL_STR(struct stack_set, description),
    COL_STR(struct stack_set, body),
    COL_STR(struct stack_set, parameters),
    COL_STR(struct stack_set, capabilities),
    COL_STR(struct stack_set, tags),
    COL_STR(struct stack_set, admin_role),
    COL_STR(struct stack_set, execution_role),
    COL_STR(struct stack_set, status),
    COL_STR(struct stack_set, token),
    COL_I64(struct stack_set, created_at),
};
static const struct mapping set_mapping = MAPPING(struct stack_set, set_columns);

static const struct column instance_columns[] = {
    COL_STR(struct instance, stack_set), COL_STR(struct instance, account),
    COL_STR(struct instance, region),    COL_STR(struct instance, stack),
    COL_STR(struct instance, status),    COL_STR(struct instance, detail),
    COL_STR(struct instance, reason),    COL_STR(struct instance, overrides),
    COL_STR(struct instance, operation),
};
static const struct mapping instance_mapping = MAPPING(struct instance, instance_columns);

int set_get(struct db *db, struct arena *a, struct str id, struct stack_set *ret)
{
    PASS(db_one(db, a, &set_mapping, ret, "SELECT " SET " WHERE id = $1", ARGS(V(id))));
    return 0;
}

int set_get_live(struct op *op, struct str name, struct stack_set *ret)
{
    PASS(db_one(op->db, op->arena, &set_mapping, ret,
                "SELECT " SET " WHERE account = $1 AND region = $2 AND live = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int set_must(struct op *op, struct str name_or_id, struct stack_set *ret)
{
    bool is_id = str_find(name_or_id, ':') >= 0;
    int found =
        is_id ? set_get(op->db, op->arena, name_or_id, ret) : set_get_live(op, name_or_id, ret);

    if (found == 0 && str_eq(ret->account, op->account) && str_eq(ret->region, op->region))
        return 0;
    if (found == 0 || found == DB_NO_ROW)
        return op_fail(op, CFN_SET_NOT_FOUND, "StackSet %.*s not found", STR(name_or_id));
    TRY(found);
    return 0;
}

int set_insert(struct op *op, const struct stack_set *s)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_set (id, account, region, name, live, description, body,"
                " parameters, capabilities, tags, admin_role, execution_role, status, token,"
                " created_at) VALUES ($1, $2, $3, $4, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
                " $14)",
                ARGS(V(s->id), V(s->account), V(s->region), V(s->name), V(s->description),
                     V(s->body), V(s->parameters), V(s->capabilities), V(s->tags), V(s->admin_role),
                     V(s->execution_role), V(s->status), V(s->token), V(s->created_at))));
    return 0;
}

int set_delete(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "UPDATE cfn_set SET status = 'DELETED', live = NULL WHERE id = $1",
                ARGS(V(id))));
    return 0;
}

int set_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(live) FROM cfn_set WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

int set_list(struct op *op, struct str status, struct str after, int64_t limit,
             struct stack_set **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &set_mapping, &items, ret_count,
               "SELECT " SET " WHERE account = $1 AND region = $2 AND id > $3"
               " AND ($4 IS NULL OR status = $4) ORDER BY id LIMIT $5",
               ARGS(V(op->account), V(op->region), V(after), V(status), V(limit))));
    *ret = items;
    return 0;
}

/* --- instances ------------------------------------------------------------ */

int instance_get(struct db *db, struct arena *a, struct str set, struct str account,
                 struct str region, struct instance *ret)
{
    PASS(db_one(db, a, &instance_mapping, ret,
                "SELECT " INSTANCE " WHERE stack_set = $1 AND account = $2 AND region = $3",
                ARGS(V(set), V(account), V(region))));
    return 0;
}

int instance_put(struct op *op, const struct instance *i)
{
    TRY(instance_delete(op, i));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO cfn_instance (stack_set, account, region, stack, status, detail,"
                " reason, overrides, operation) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                ARGS(V(i->stack_set), V(i->account), V(i->region), V(i->stack), V(i->status),
                     V(i->detail), V(i->reason), V(i->overrides), V(i->operation))));
    return 0;
}

int instance_delete(struct op *op, const struct instance *i)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM cfn_instance WHERE stack_set = $1 AND account = $2 AND region = $3",
                ARGS(V(i->stack_set), V(i->account), V(i->region))));
    return 0;
}

int instance_count(struct op *op, struct str set, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(*) FROM cfn_instance WHERE stack_set = $1",
               ARGS(V(set))));
    return 0;
}

int instance_list(struct op *op, struct str set, struct str after, int64_t limit,
                  struct instance **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &instance_mapping, &items, ret_count,
               "SELECT " INSTANCE " WHERE stack_set = $1 AND account || ' ' || region > $2"
               " ORDER BY account, region LIMIT $3",
               ARGS(V(set), V(after), V(limit))));
    *ret = items;
    return 0;
}
