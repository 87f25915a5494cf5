/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/patch/patch_snapshot.h"

#include "api/presign.h"
#include "base/crypto.h"
#include "base/json.h"
#include "engine/baseline_doc.h"
#include "store/db.h"
#include "svc/ssm/ssm.h"

static int find(struct op *op, const struct patch_choice *choice, struct str snapshot_id,
                struct str *ret_key)
{
    PASS(db_str(op->db, op->arena, ret_key,
                "SELECT key FROM ssm_patch_snapshot WHERE account = $1 AND region = $2"
                " AND snapshot = $3 AND patch_group = $4 AND os = $5 AND created_at > $6"
                " ORDER BY created_at DESC LIMIT 1",
                ARGS(V(op->account), V(op->region), V(snapshot_id), V(choice->group),
                     V(str_of(patch_os_info(choice->os)->name)), V(op->now - SNAPSHOT_KEPT))));
    return 0;
}

/* A URL may have been handed out at the last moment, and is good for a day then. */
static int forget_old(struct op *op)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM ssm_patch_snapshot WHERE created_at <= $1",
                ARGS(V(op->now - SNAPSHOT_KEPT - SNAPSHOT_URL_GOOD))));
    return 0;
}

static int make(struct op *op, const struct patch_choice *choice, struct str snapshot_id,
                struct str *ret_key)
{
    const struct baseline_snapshot snapshot = { choice->baseline, choice->group };
    struct str text = json_format(op->arena, baseline_format(op->arena, &snapshot)), blob;
    struct str key = random_hex(op->arena, 32);

    TRY(op->plane->blobs.put(op->plane->blobs.context, text, op->arena, &blob));
    TRY(forget_old(op));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO ssm_patch_snapshot"
                " (key, account, region, patch_group, os, snapshot, blob, size, created_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                ARGS(V(key), V(op->account), V(op->region), V(choice->group),
                     V(str_of(patch_os_info(choice->os)->name)), V(snapshot_id), V(blob),
                     V((int64_t)text.len), V(op->now))));
    *ret_key = key;
    return 0;
}

int patch_snapshot_of(struct op *op, const struct patch_choice *choice, struct str snapshot_id,
                      struct str *ret_key)
{
    int found = find(op, choice, snapshot_id, ret_key);

    if (found == DB_NO_ROW)
        return make(op, choice, snapshot_id, ret_key);
    TRY(found);
    return 0;
}

/* --- for s3, which shows them --------------------------------------------- */

static const struct column facts_columns[] = {
    COL_STR(struct object_facts, account),
    COL_STR(struct object_facts, blob),
    COL_I64(struct object_facts, size),
};
static const struct mapping facts_mapping = MAPPING(struct object_facts, facts_columns);

static int show(struct db *db, struct arena *a, struct str bucket, struct str key,
                struct object_facts *ret)
{
    struct str region = str_from(bucket, strlen(PRESIGN_SNAPSHOT_BUCKETS));

    int found = db_one(db, a, &facts_mapping, ret,
                       "SELECT account, blob, size FROM ssm_patch_snapshot"
                       " WHERE key = $1 AND region = $2",
                       ARGS(V(key), V(region)));
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    return 0;
}

const struct object_port ssm_snapshots = { show };
