/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/ssm/patch/patch_baseline.h"

static const struct column baseline_columns[] = {
    COL_STR(struct baseline_row, id),           COL_STR(struct baseline_row, name),
    COL_STR(struct baseline_row, os),           COL_STR(struct baseline_row, document),
    COL_STR(struct baseline_row, client_token), COL_STR(struct baseline_row, request_hash),
};
static const struct mapping baseline_mapping = MAPPING(struct baseline_row, baseline_columns);

#define BASELINE "id, name, os, document, client_token, request_hash"

static struct str os_name(enum patch_os os)
{
    return str_of(patch_os_info(os)->name);
}

/* --- baselines ------------------------------------------------------------ */

int patch_baseline_get(struct op *op, struct str id, struct baseline_row *ret)
{
    PASS(db_one(op->db, op->arena, &baseline_mapping, ret,
                "SELECT " BASELINE " FROM ssm_patch_baseline"
                " WHERE account = $1 AND region = $2 AND id = $3",
                ARGS(V(op->account), V(op->region), V(id))));
    return 0;
}

int patch_baseline_by_token(struct op *op, struct str token, struct baseline_row *ret)
{
    PASS(db_one(op->db, op->arena, &baseline_mapping, ret,
                "SELECT " BASELINE " FROM ssm_patch_baseline"
                " WHERE account = $1 AND region = $2 AND client_token = $3 LIMIT 1",
                ARGS(V(op->account), V(op->region), V(token))));
    return 0;
}

int patch_baseline_list(struct op *op, struct baseline_row **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &baseline_mapping, &items, ret_count,
               "SELECT " BASELINE " FROM ssm_patch_baseline"
               " WHERE account = $1 AND region = $2 ORDER BY id LIMIT $3",
               ARGS(V(op->account), V(op->region), V(BASELINES_MAX))));
    *ret = items;
    return 0;
}

int patch_baseline_put(struct op *op, const struct baseline_row *row)
{
    TRY(patch_baseline_delete(op, row->id));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_baseline (account, region, " BASELINE ")"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                ARGS(V(op->account), V(op->region), V(row->id), V(row->name), V(row->os),
                     V(row->document), V(row->client_token), V(row->request_hash))));
    return 0;
}

int patch_baseline_delete(struct op *op, struct str id)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_patch_baseline"
                " WHERE account = $1 AND region = $2 AND id = $3",
                ARGS(V(op->account), V(op->region), V(id))));
    return 0;
}

/* --- defaults -----------------------------------------------------------------------------------
 */

int patch_default_get(struct op *op, enum patch_os os, struct str *ret_id)
{
    PASS(db_str(op->db, op->arena, ret_id,
                "SELECT baseline FROM ssm_patch_default"
                " WHERE account = $1 AND region = $2 AND os = $3",
                ARGS(V(op->account), V(op->region), V(os_name(os)))));
    return 0;
}

int patch_default_delete(struct op *op, enum patch_os os)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_patch_default WHERE account = $1 AND region = $2 AND os = $3",
                ARGS(V(op->account), V(op->region), V(os_name(os)))));
    return 0;
}

int patch_default_put(struct op *op, enum patch_os os, struct str id)
{
    TRY(patch_default_delete(op, os));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_default (account, region, os, baseline)"
                " VALUES ($1, $2, $3, $4)",
                ARGS(V(op->account), V(op->region), V(os_name(os)), V(id))));
    return 0;
}

/* --- patch groups --------------------------------------------------------- */

static const struct column group_columns[] = {
    COL_STR(struct patch_group_row, patch_group),
    COL_STR(struct patch_group_row, os),
    COL_STR(struct patch_group_row, baseline),
};
static const struct mapping group_mapping = MAPPING(struct patch_group_row, group_columns);

int patch_group_get(struct op *op, struct str group, enum patch_os os, struct str *ret_id)
{
    PASS(db_str(op->db, op->arena, ret_id,
                "SELECT baseline FROM ssm_patch_group"
                " WHERE account = $1 AND region = $2 AND patch_group = $3 AND os = $4",
                ARGS(V(op->account), V(op->region), V(group), V(os_name(os)))));
    return 0;
}

int patch_group_put(struct op *op, struct str group, enum patch_os os, struct str id)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_group (account, region, patch_group, os, baseline)"
                " VALUES ($1, $2, $3, $4, $5)",
                ARGS(V(op->account), V(op->region), V(group), V(os_name(os)), V(id))));
    return 0;
}

int patch_group_delete(struct op *op, struct str group, enum patch_os os)
{
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_patch_group"
                " WHERE account = $1 AND region = $2 AND patch_group = $3 AND os = $4",
                ARGS(V(op->account), V(op->region), V(group), V(os_name(os)))));
    return 0;
}

int patch_group_list(struct op *op, struct str baseline, struct str after_group,
                     struct str after_os, int64_t limit, struct patch_group_row **ret,
                     size_t *ret_count)
{
    void *items;

    TRY(db_all(
        op->db, op->arena, &group_mapping, &items, ret_count,
        "SELECT patch_group, os, baseline FROM ssm_patch_group"
        " WHERE account = $1 AND region = $2 AND ($3 IS NULL OR baseline = $3)"
        " AND (patch_group > $4 OR (patch_group = $4 AND os > $5))"
        " ORDER BY patch_group, os LIMIT $6",
        ARGS(V(op->account), V(op->region), V(baseline), V(after_group), V(after_os), V(limit))));
    *ret = items;
    return 0;
}
