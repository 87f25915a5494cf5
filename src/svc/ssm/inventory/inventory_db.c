/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/ssm/inventory/inventory.h"

static const struct column columns[] = {
    COL_STR(struct inventory_item, node),           COL_STR(struct inventory_item, type),
    COL_STR(struct inventory_item, schema_version), COL_STR(struct inventory_item, captured_at),
    COL_STR(struct inventory_item, hash),           COL_STR(struct inventory_item, context),
    COL_STR(struct inventory_item, content),
};
static const struct mapping mapping = MAPPING(struct inventory_item, columns);

#define ITEM "node, type, schema_version, captured_at, hash, context, content"

int inventory_get(struct op *op, struct str node, struct str type, struct inventory_item *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret,
                "SELECT " ITEM " FROM ssm_inventory"
                " WHERE node = $1 AND type = $2 AND account = $3 AND region = $4",
                ARGS(V(node), V(type), V(op->account), V(op->region))));
    return 0;
}

int inventory_put(struct op *op, const struct inventory_item *item)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_inventory WHERE node = $1 AND type = $2",
                ARGS(V(item->node), V(item->type))));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_inventory (account, region, " ITEM ")"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                ARGS(V(op->account), V(op->region), V(item->node), V(item->type),
                     V(item->schema_version), V(item->captured_at), V(item->hash), V(item->context),
                     V(item->content))));
    return 0;
}

int inventory_touch(struct op *op, const struct inventory_item *item)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_inventory SET schema_version = $3, captured_at = $4, context = $5"
                " WHERE node = $1 AND type = $2",
                ARGS(V(item->node), V(item->type), V(item->schema_version), V(item->captured_at),
                     V(item->context))));
    return 0;
}

int inventory_count_custom(struct op *op, struct str except, int64_t *ret)
{
    TRY(db_int(op->db, ret,
               "SELECT COUNT(DISTINCT type) FROM ssm_inventory"
               " WHERE account = $1 AND region = $2 AND type >= 'Custom:' AND type < 'Custom;'"
               " AND type <> $3",
               ARGS(V(op->account), V(op->region), V(except))));
    return 0;
}

int inventory_forget(struct op *op, struct str node)
{
    static const char *const sql[] = {
        "DELETE FROM ssm_inventory WHERE node = $1",
        "DELETE FROM ssm_patch_state WHERE node = $1",
        "DELETE FROM ssm_patch_run WHERE node = $1",
    };

    for (size_t i = 0; i < ARRAY_LEN(sql); i++)
        TRY(db_exec(op->db, NULL, sql[i], ARGS(V(node))));
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_compliance WHERE account = $1 AND region = $2"
                " AND resource = $3",
                ARGS(V(op->account), V(op->region), V(node))));
    return 0;
}
