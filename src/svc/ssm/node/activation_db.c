/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/node/activation.h"

static const struct column activation_columns[] = {
    COL_STR(struct activation, id),
    COL_STR(struct activation, account),
    COL_STR(struct activation, region),
    COL_STR(struct activation, code_hash),
    COL_STR(struct activation, description),
    COL_STR(struct activation, default_name),
    COL_STR(struct activation, role),
    COL_I64(struct activation, registration_limit),
    COL_I64(struct activation, registrations),
    COL_I64(struct activation, expires_at),
    COL_I64(struct activation, created_at),
    COL_STR(struct activation, tags),
};
static const struct mapping activation_mapping = MAPPING(struct activation, activation_columns);

#define COLUMNS                                                                                    \
    "id, account, region, code_hash, description, default_name, role, registration_limit,"         \
    " registrations, expires_at, created_at, tags"

int activation_insert(struct op *op, const struct activation *r)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_activation (" COLUMNS
                ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                ARGS(V(r->id), V(r->account), V(r->region), V(r->code_hash), V(r->description),
                     V(r->default_name), V(r->role), V(r->registration_limit), V(r->registrations),
                     V(r->expires_at), V(r->created_at), V(r->tags))));
    return 0;
}

int activation_get(struct op *op, struct str id, struct activation *ret)
{
    return db_one(op->db, op->arena, &activation_mapping, ret,
                  "SELECT " COLUMNS " FROM ssm_activation WHERE id = $1", ARGS(V(id)));
}

int activation_list(struct op *op, struct str after, int64_t limit, struct activation **ret,
                    size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &activation_mapping, &items, ret_count,
               "SELECT " COLUMNS " FROM ssm_activation"
               " WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id LIMIT $4",
               ARGS(V(op->account), V(op->region), V(str_or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}

int activation_delete(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_activation WHERE id = $1", ARGS(V(id))));
    return 0;
}

int activation_count_registration(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_activation SET registrations = registrations + 1 WHERE id = $1",
                ARGS(V(id))));
    return 0;
}
