/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/ssm/patch/patch_report.h"

/* clang-format off */
#define STATE \
    "node, patch_group, baseline, snapshot, execution, install_override_list," \
    " owner_information, operation, reboot_option, installed, installed_other," \
    " installed_pending, installed_rejected, missing, failed, not_applicable, unreported," \
    " critical, security, other, started_at, ended_at, no_reboot_at"
/* clang-format on */

#define T struct patch_state_row
static const struct column columns[] = {
    COL_STR(T, node),
    COL_STR(T, patch_group),
    COL_STR(T, baseline),
    COL_STR(T, snapshot),
    COL_STR(T, execution),
    COL_STR(T, install_override_list),
    COL_STR(T, owner_information),
    COL_STR(T, operation),
    COL_STR(T, reboot_option),
    COL_I64(T, installed),
    COL_I64(T, installed_other),
    COL_I64(T, installed_pending),
    COL_I64(T, installed_rejected),
    COL_I64(T, missing),
    COL_I64(T, failed),
    COL_I64(T, not_applicable),
    COL_I64(T, unreported),
    COL_I64(T, critical),
    COL_I64(T, security),
    COL_I64(T, other),
    COL_I64(T, started_at),
    COL_I64(T, ended_at),
    COL_I64(T, no_reboot_at),
};
#undef T
static const struct mapping mapping = MAPPING(struct patch_state_row, columns);

int patch_state_get(struct op *op, struct str node, struct patch_state_row *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret,
                "SELECT " STATE " FROM ssm_patch_state"
                " WHERE node = $1 AND account = $2 AND region = $3",
                ARGS(V(node), V(op->account), V(op->region))));
    return 0;
}

int patch_state_put(struct op *op, const struct patch_state_row *r)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_patch_state WHERE node = $1", ARGS(V(r->node))));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_state (account, region, " STATE ")"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,"
                " $17, $18, $19, $20, $21, $22, $23, $24, $25)",
                ARGS(V(op->account), V(op->region), V(r->node), V(r->patch_group), V(r->baseline),
                     V(r->snapshot), V(r->execution), V(r->install_override_list),
                     V(r->owner_information), V(r->operation), V(r->reboot_option), V(r->installed),
                     V(r->installed_other), V(r->installed_pending), V(r->installed_rejected),
                     V(r->missing), V(r->failed), V(r->not_applicable), V(r->unreported),
                     V(r->critical), V(r->security), V(r->other), V(r->started_at), V(r->ended_at),
                     V(r->no_reboot_at))));
    return 0;
}

int patch_state_of_group(struct op *op, struct str group, struct str after, int64_t limit,
                         struct patch_state_row **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " STATE " FROM ssm_patch_state"
               " WHERE account = $1 AND region = $2 AND patch_group = $3 AND node > $4"
               " ORDER BY node LIMIT $5",
               ARGS(V(op->account), V(op->region), V(group), V(after), V(limit))));
    *ret = items;
    return 0;
}

int patch_run_add(struct op *op, const struct patch_state_row *r)
{
    /* The same report again is the same run; times are of seconds, so they alone do not tell. */
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_patch_run WHERE node = $1 AND ended_at = $2 AND operation = $3"
                " AND COALESCE(snapshot, '') = COALESCE($4, '')",
                ARGS(V(r->node), V(r->ended_at), V(r->operation), V(r->snapshot))));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_run (node, ended_at, started_at, operation, baseline,"
                " snapshot, execution, installed, missing, failed, installed_pending, security)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                ARGS(V(r->node), V(r->ended_at), V(r->started_at), V(r->operation), V(r->baseline),
                     V(r->snapshot), V(r->execution), V(r->installed), V(r->missing), V(r->failed),
                     V(r->installed_pending), V(r->security))));
    TRY(db_exec(op->db, NULL,
                "DELETE FROM ssm_patch_run WHERE node = $1 AND serial <"
                " (SELECT MIN(serial) FROM (SELECT serial FROM ssm_patch_run"
                " WHERE node = $1 ORDER BY serial DESC LIMIT $2) AS kept)",
                ARGS(V(r->node), V(PATCH_RUNS_KEPT))));
    return 0;
}

#define R struct patch_run_facts
static const struct column run_columns[] = {
    COL_STR(R, operation), COL_STR(R, baseline),          COL_STR(R, snapshot),
    COL_STR(R, execution), COL_I64(R, started_at),        COL_I64(R, ended_at),
    COL_I64(R, installed), COL_I64(R, installed_pending), COL_I64(R, missing),
    COL_I64(R, failed),    COL_I64(R, security),          COL_I64(R, rebooted),
    COL_I64(R, serial),
};
static const struct mapping run_mapping = MAPPING(R, run_columns);
#undef R

int patch_run_list(struct db *db, struct arena *a, struct str node, int64_t before, int64_t limit,
                   struct patch_run_facts **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &run_mapping, &items, ret_count,
               "SELECT operation, baseline, snapshot, execution, started_at, ended_at, installed,"
               " installed_pending, missing, failed, security, rebooted, serial FROM ssm_patch_run"
               " WHERE node = $1 AND serial < $2 ORDER BY serial DESC LIMIT $3",
               ARGS(V(node), V(before), V(limit))));
    *ret = items;
    return 0;
}
