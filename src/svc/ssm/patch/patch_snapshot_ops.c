/* SPDX-License-Identifier: Apache-2.0 */
#include "api/presign.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_snapshot.h"
#include "svc/ssm/patch/patch_view.h"

struct snapshot_in {
    struct str node, snapshot;
    struct override_view *override;
};

struct snapshot_out {
    struct str node, snapshot, url, product;
};

/* clang-format off */
static const struct field in_fields[] = {
    STRING(struct snapshot_in, node,     "InstanceId", REQUIRED, CHECK_INSTANCE_ID),
    STRING(struct snapshot_in, snapshot, "SnapshotId", REQUIRED, LENGTH(36, 36), CHECK_SNAPSHOT_ID),
    STRUCT(struct snapshot_in, override, "BaselineOverride", OPTIONAL, override_shape),
};
static const struct shape in_shape =
    SHAPE("GetDeployablePatchSnapshotForInstanceRequest", struct snapshot_in, in_fields);

static const struct field out_fields[] = {
    STRING(struct snapshot_out, node,     "InstanceId",          OPTIONAL),
    STRING(struct snapshot_out, snapshot, "SnapshotId",          OPTIONAL),
    STRING(struct snapshot_out, url,      "SnapshotDownloadUrl", OPTIONAL),
    STRING(struct snapshot_out, product,  "Product",             OPTIONAL),
};
static const struct shape out_shape =
    SHAPE("GetDeployablePatchSnapshotForInstanceResult", struct snapshot_out, out_fields);
/* clang-format on */

static struct str node_resource(struct op *op, const void *in)
{
    return node_arn(op, ((const struct snapshot_in *)in)->node);
}

/* What the node would be patched with otherwise lends its name and its group. */
static int override_with(struct op *op, const struct baseline_view *v, struct baseline *b)
{
    struct baseline rules = {
        .id = b->id,
        .name = b->name,
        .account = b->account,
        .os = b->os,
        .created_at = op->now,
        .modified_at = op->now,
    };

    if (str_is_set(v->os) && !str_eq(v->os, str_of(patch_os_info(b->os)->name)))
        return op_fail(op, SSM_UNSUPPORTED_OPERATING_SYSTEM,
                       "The baseline override is for %.*s, and the node has %s.",
                       STR(str_slice(v->os, 0, 64)), patch_os_info(b->os)->name);
    PASS(patch_view_apply(op, v, &rules));
    *b = rules;
    return 0;
}

static int get_snapshot(struct op *op, const struct snapshot_in *in, struct snapshot_out *out)
{
    struct node n;
    struct patch_choice choice;
    struct str key;

    PASS(node_itself(op, in->node));
    TRY(node_load(op->db, op->arena, in->node, &n));
    PASS(patch_choose(op, &n, &choice));
    if (in->override)
        PASS(override_with(op, &in->override->v, &choice.baseline));
    TRY(patch_snapshot_of(op, &choice, in->snapshot, &key));
    *out = (struct snapshot_out){
        .node = in->node,
        .snapshot = in->snapshot,
        .url = presign_snapshot(op, key, SNAPSHOT_URL_GOOD),
        .product = choice.product,
    };
    return 0;
}
OP_HANDLER(get_snapshot)

/* clang-format off */
const struct operation patch_snapshot_operations[] = {
    OP("GetDeployablePatchSnapshotForInstance", get_snapshot, in_shape, out_shape, OP_WRITES,
       RAISES(SSM_UNSUPPORTED_OPERATING_SYSTEM), .resource = node_resource),
    OP_END,
};
/* clang-format on */
