/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/ssm/patch/patch_facts.h"

/* --- facts ---------------------------------------------------------------- */

#define FACTS "node, operation, baseline, install_override_list, blob, captured_at, received_at"

#define F struct host_facts
static const struct column facts_columns[] = {
    COL_STR(F, node),        COL_STR(F, operation),
    COL_STR(F, baseline),    COL_STR(F, install_override_list),
    COL_STR(F, blob),        COL_I64(F, captured_at),
    COL_I64(F, received_at),
};
#undef F
static const struct mapping facts_mapping = MAPPING(struct host_facts, facts_columns);

int patch_facts_load(struct op *op, struct str node, struct host_facts *ret)
{
    *ret = (struct host_facts){ 0 };
    PASS(db_one(op->db, op->arena, &facts_mapping, ret,
                "SELECT " FACTS " FROM ssm_patch_facts WHERE node = $1", ARGS(V(node))));
    return 0;
}

int patch_facts_delete(struct op *op, struct str node)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_patch_facts WHERE node = $1", ARGS(V(node))));
    return 0;
}

int patch_facts_save(struct op *op, const struct host_facts *f)
{
    TRY(patch_facts_delete(op, f->node));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_facts (account, region, " FACTS ")"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                ARGS(V(op->account), V(op->region), V(f->node), V(f->operation), V(f->baseline),
                     V(f->install_override_list), V(f->blob), V(f->captured_at),
                     V(f->received_at))));
    return 0;
}

int patch_facts_touch(struct op *op, const struct host_facts *f)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_patch_facts SET operation = $2, baseline = $3,"
                " install_override_list = $4, captured_at = $5, received_at = $6"
                " WHERE node = $1",
                ARGS(V(f->node), V(f->operation), V(f->baseline), V(f->install_override_list),
                     V(f->captured_at), V(f->received_at))));
    return 0;
}

int patch_run_rebooted(struct op *op, const struct host_facts *f)
{
    if (f->rebooted == TRISTATE_UNSET)
        return 0;
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_patch_run SET rebooted = $3 WHERE serial ="
                " (SELECT MAX(serial) FROM ssm_patch_run WHERE node = $1 AND ended_at = $2)",
                ARGS(V(f->node), V(f->captured_at), V(f->rebooted == TRISTATE_TRUE ? 1 : 0))));
    return 0;
}

/* --- offers --------------------------------------------------------------- */

int patch_offer_add(struct op *op, const struct patch_offer *o, const struct patch_version *v)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_offer (account, region, id, os, product, name, arch,"
                " version, priority, classification, severity, nodes)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 1)"
                " ON CONFLICT (account, region, id)"
                " DO UPDATE SET nodes = ssm_patch_offer.nodes + 1",
                ARGS(V(op->account), V(op->region), V(o->id), V(o->os), V(o->product), V(o->name),
                     V(o->arch), V(o->version), V(v->priority), V(v->classification),
                     V(v->severity))));
    return 0;
}

int patch_offer_drop(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE ssm_patch_offer SET nodes = nodes - 1"
                " WHERE account = $1 AND region = $2 AND id = $3",
                ARGS(V(op->account), V(op->region), V(id))));
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_patch_offer"
                " WHERE account = $1 AND region = $2 AND id = $3 AND nodes <= 0",
                ARGS(V(op->account), V(op->region), V(id))));
    return 0;
}

static const struct column offer_columns[] = {
    COL_STR(struct patch_offer, id),      COL_STR(struct patch_offer, os),
    COL_STR(struct patch_offer, product), COL_STR(struct patch_offer, name),
    COL_STR(struct patch_offer, arch),    COL_STR(struct patch_offer, version),
};
static const struct mapping offer_mapping = MAPPING(struct patch_offer, offer_columns);

int patch_offer_list(struct op *op, struct str os, struct str product,
                     const struct patch_offer_place *p, int64_t limit, struct patch_offer **ret,
                     size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &offer_mapping, &items, ret_count,
               "SELECT id, os, product, name, arch, version FROM ssm_patch_offer"
               " WHERE account = $1 AND region = $2 AND ($3 IS NULL OR os = $3)"
               " AND ($4 IS NULL OR product = $4)"
               " AND (os, product, name, arch, id) > ($5, $6, $7, $8, $9)"
               " ORDER BY os, product, name, arch, id LIMIT $10",
               ARGS(V(op->account), V(op->region), V(os), V(product), V(p->os), V(p->product),
                    V(p->name), V(p->arch), V(p->id), V(limit))));
    *ret = items;
    return 0;
}

#define VALUES(column)                                                                             \
    "SELECT DISTINCT " column " FROM ssm_patch_offer WHERE account = $1 AND region = $2"           \
    " AND os = $3 AND " column " > $4 ORDER BY " column " LIMIT $5"

int patch_offer_values(struct op *op, struct str os, enum patch_key property, struct str after,
                       int64_t limit, struct strs *ret)
{
    static const char *const sql[] = {
        [PATCH_KEY_PRODUCT] = VALUES("product"),
        [PATCH_KEY_PRIORITY] = VALUES("priority"),
        [PATCH_KEY_CLASSIFICATION] = VALUES("classification"),
        [PATCH_KEY_SEVERITY] = VALUES("severity"),
    };

    assert((size_t)property < ARRAY_LEN(sql) && sql[property]);
    TRY(db_strs(op->db, op->arena, ret, sql[property],
                ARGS(V(op->account), V(op->region), V(os), V(after), V(limit))));
    return 0;
}
