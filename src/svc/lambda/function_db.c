/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/lambda/function.h"

/* clang-format off */
#define FUNCTION \
    "name, role, runtime, handler, description, environment, code, code_sha256, policy," \
    " revision, code_size, timeout, memory, modified_at"
/* clang-format on */

static const struct column columns[] = {
    COL_STR(struct function, name),        COL_STR(struct function, role),
    COL_STR(struct function, runtime),     COL_STR(struct function, handler),
    COL_STR(struct function, description), COL_STR(struct function, environment),
    COL_STR(struct function, code),        COL_STR(struct function, code_sha256),
    COL_STR(struct function, policy),      COL_STR(struct function, revision),
    COL_I64(struct function, code_size),   COL_I64(struct function, timeout),
    COL_I64(struct function, memory),      COL_I64(struct function, modified_at),
};
static const struct mapping mapping = MAPPING(struct function, columns);

int function_get(struct db *db, struct arena *a, struct str account, struct str region,
                 struct str name, struct function *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT " FUNCTION " FROM lambda_function"
                " WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(account), V(region), V(name))));
    return 0;
}

int function_insert(struct op *op, const struct function *f)
{
    PASS(db_exec(op->db, NULL,
                 "INSERT INTO lambda_function (account, region, " FUNCTION ")"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
                 ARGS(V(op->account), V(op->region), V(f->name), V(f->role), V(f->runtime),
                      V(f->handler), V(f->description), V(f->environment), V(f->code),
                      V(f->code_sha256), V(f->policy), V(f->revision), V(f->code_size),
                      V(f->timeout), V(f->memory), V(f->modified_at))));
    return 0;
}

int function_update(struct op *op, const struct function *f)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE lambda_function SET role = $4, runtime = $5, handler = $6,"
                " description = $7, environment = $8, code = $9, code_sha256 = $10,"
                " policy = $11, revision = $12, code_size = $13, timeout = $14, memory = $15,"
                " modified_at = $16 WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(f->name), V(f->role), V(f->runtime),
                     V(f->handler), V(f->description), V(f->environment), V(f->code),
                     V(f->code_sha256), V(f->policy), V(f->revision), V(f->code_size),
                     V(f->timeout), V(f->memory), V(f->modified_at))));
    return 0;
}

int function_delete(struct op *op, struct str name)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM lambda_function WHERE account = $1 AND region = $2 AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int function_list(struct op *op, struct str after, int64_t limit, struct function **ret,
                  size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " FUNCTION " FROM lambda_function"
               " WHERE account = $1 AND region = $2 AND name > $3 ORDER BY name LIMIT $4",
               ARGS(V(op->account), V(op->region), V(str_or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}
