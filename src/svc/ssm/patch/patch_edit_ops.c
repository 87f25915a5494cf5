/* SPDX-License-Identifier: Apache-2.0 */
/* An account's own baselines: made, changed, deleted. */
#include "api/tags.h"
#include "base/crypto.h"
#include "base/json.h"
#include "engine/baseline_doc.h"
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_view.h"

struct id_out {
    struct str id;
};

static const struct field id_out_fields[] = {
    STRING(struct id_out, id, "BaselineId", OPTIONAL),
};
static const struct shape id_out_shape =
    SHAPE("CreatePatchBaselineResult", struct id_out, id_out_fields);

static int save(struct op *op, const struct baseline *b, struct str token, struct str hash)
{
    const struct baseline_snapshot snapshot = { *b, S("") };
    struct baseline_row row = {
        .id = b->id,
        .name = b->name,
        .os = str_of(patch_os_info(b->os)->name),
        .document = json_format(op->arena, baseline_format(op->arena, &snapshot)),
        .client_token = token,
        .request_hash = hash,
    };

    TRY(patch_baseline_put(op, &row));
    return 0;
}

/* --- CreatePatchBaseline -----------------------------------------------------------------------
 */

/* Not taken: what is Windows' alone. */
struct create_in {
    struct baseline_view v;
    struct str token;
    struct list tags;
};

/* clang-format off */
static const struct field create_in_fields[] = {
    STRING(struct create_in, v.os,   "OperatingSystem", OPTIONAL),
    STRING(struct create_in, v.name, "Name",            REQUIRED, CHECK_BASELINE_NAME),
    BASELINE_MEMBERS(struct create_in, v),
    STRING(struct create_in, token,  "ClientToken",     OPTIONAL, LENGTH(1, 64)),
    LIST(struct create_in,   tags,   "Tags",            OPTIONAL, ssm_tag_shape, .max = 1000),
};
/* clang-format on */
static const struct shape create_in_shape =
    SHAPE("CreatePatchBaselineRequest", struct create_in, create_in_fields);

static int check_os(struct op *op, struct str name, enum patch_os *ret)
{
    PASS(patch_os_of_request(op, name, ret));
    if (patch_os_info(*ret)->family == PATCH_FAMILY_NONE)
        return op_fail(op, OP_UNSUPPORTED, "Nodes with %s are not patched here.",
                       patch_os_info(*ret)->name);
    return 0;
}

/* A retry with the same token gets the baseline that the first request made. */
static int find_retried(struct op *op, const struct create_in *in, struct str hash,
                        struct id_out *out)
{
    struct baseline_row row;

    if (!str_is_set(in->token))
        return 0;
    int found = patch_baseline_by_token(op, in->token, &row);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    if (!str_eq(row.request_hash, hash))
        return op_fail(op, SSM_IDEMPOTENT_PARAMETER_MISMATCH,
                       "The client token was used with other parameters.");
    out->id = row.id;
    return 0;
}

static int create_baseline(struct op *op, const struct create_in *in, struct id_out *out)
{
    struct str hash =
        sha256_hex(op->arena, json_format(op->arena, shape_write(&create_in_shape, in, op->arena)));
    struct baseline b = {
        .id = arena_fmt(op->arena, "pb-%.*s", STR(random_hex(op->arena, 17))),
        .account = op->account,
        .created_at = op->now,
        .modified_at = op->now,
    };
    struct baseline_row *own;
    size_t count;

    PASS(find_retried(op, in, hash, out));
    if (str_is_set(out->id))
        return 0;
    PASS(check_os(op, in->v.os, &b.os));
    PASS(patch_view_apply(op, &in->v, &b));
    TRY(patch_baseline_list(op, &own, &count));
    if (count >= BASELINES_MAX)
        return op_fail(op, SSM_RESOURCE_LIMIT_EXCEEDED,
                       "There are %d patch baselines in this account and Region already.",
                       BASELINES_MAX);
    TRY(save(op, &b, in->token, hash));
    const struct tagged resource = { patch_baseline_arn(op, b.id), op->account, op->region,
                                     S(BASELINE_TYPE) };
    if (in->tags.count > 0)
        PASS(tags_put(op, &resource, in->tags.items, in->tags.count));
    out->id = b.id;
    return 0;
}
OP_HANDLER(create_baseline)

/* --- UpdatePatchBaseline -------------------------------------------------- */

struct update_in {
    struct baseline_view v;
    bool replace;
};

/* clang-format off */
static const struct field update_in_fields[] = {
    STRING(struct update_in,  v.id,    "BaselineId", REQUIRED, CHECK_BASELINE_ID),
    STRING(struct update_in,  v.name,  "Name",       OPTIONAL, CHECK_BASELINE_NAME),
    BASELINE_MEMBERS(struct update_in, v),
    BOOLEAN(struct update_in, replace, "Replace",    OPTIONAL),
};
static const struct shape update_in_shape =
    SHAPE("UpdatePatchBaselineRequest", struct update_in, update_in_fields);

struct update_out {
    struct baseline_view v;
};

static const struct field update_out_fields[] = {
    STRING(struct update_out,    v.id,          "BaselineId",      OPTIONAL),
    STRING(struct update_out,    v.name,        "Name",            OPTIONAL),
    STRING(struct update_out,    v.os,          "OperatingSystem", OPTIONAL),
    BASELINE_MEMBERS(struct update_out, v),
    TIMESTAMP(struct update_out, v.created_at,  "CreatedDate",     OPTIONAL),
    TIMESTAMP(struct update_out, v.modified_at, "ModifiedDate",    OPTIONAL),
};
static const struct shape update_out_shape =
    SHAPE("UpdatePatchBaselineResult", struct update_out, update_out_fields);
/* clang-format on */

static struct str update_resource(struct op *op, const void *in)
{
    return patch_baseline_resource(op, ((const struct update_in *)in)->v.id);
}

static int not_editable(struct op *op, const struct baseline *b)
{
    if (!patch_baseline_is_predefined(b))
        return 0;
    return op_invalid(op, "The predefined patch baseline %.*s cannot be changed or deleted.",
                      STR(b->name));
}

static int update_baseline(struct op *op, const struct update_in *in, struct update_out *out)
{
    struct baseline b;
    struct baseline_row row;

    PASS(patch_baseline_find(op, in->v.id, &b));
    PASS(not_editable(op, &b));
    TRY(patch_baseline_get(op, b.id, &row));
    if (in->replace) {
        if (!str_is_set(in->v.name))
            return op_invalid(op, "With Replace, Name is required.");
        b = (struct baseline){
            .id = b.id, .account = b.account, .os = b.os, .created_at = b.created_at
        };
    }
    PASS(patch_view_apply(op, &in->v, &b));
    b.modified_at = op->now;
    TRY(save(op, &b, row.client_token, row.request_hash));
    patch_view_of(op, &b, &out->v);
    return 0;
}
OP_HANDLER(update_baseline)

/* --- DeletePatchBaseline -------------------------------------------------- */

static const struct field id_in_fields[] = {
    STRING(struct id_out, id, "BaselineId", REQUIRED, CHECK_BASELINE_ID),
};
static const struct shape id_in_shape =
    SHAPE("DeletePatchBaselineRequest", struct id_out, id_in_fields);

static struct str delete_resource(struct op *op, const void *in)
{
    return patch_baseline_resource(op, ((const struct id_out *)in)->id);
}

static int check_unused(struct op *op, const struct baseline *b)
{
    struct patch_group_row *groups;
    struct baseline chosen;
    size_t count;

    TRY(patch_group_list(op, b->id, S(""), S(""), 1, &groups, &count));
    if (count > 0)
        return op_fail(op, SSM_RESOURCE_IN_USE,
                       "The patch baseline is registered for the patch group %.*s.",
                       STR(groups[0].patch_group));
    TRY(patch_baseline_default(op, b->os, &chosen));
    if (str_eq(chosen.id, b->id))
        return op_fail(op, SSM_RESOURCE_IN_USE, "The patch baseline is the default for %s.",
                       patch_os_info(b->os)->name);
    return 0;
}

/* What is not there is deleted already, as AWS has it. */
static int delete_baseline(struct op *op, const struct id_out *in, struct id_out *out)
{
    struct baseline b;

    out->id = in->id;
    int found = patch_baseline_find(op, in->id, &b);
    if (found == SSM_DOES_NOT_EXIST)
        return 0;
    TRY(found);
    PASS(not_editable(op, &b));
    PASS(check_unused(op, &b));
    TRY(tags_remove_all(op, patch_baseline_arn(op, b.id)));
    TRY(patch_baseline_delete(op, b.id));
    return 0;
}
OP_HANDLER(delete_baseline)

/* clang-format off */
const struct operation patch_edit_operations[] = {
    OP("CreatePatchBaseline", create_baseline, create_in_shape, id_out_shape, OP_WRITES,
       RAISES(SSM_IDEMPOTENT_PARAMETER_MISMATCH, SSM_RESOURCE_LIMIT_EXCEEDED)),
    OP("UpdatePatchBaseline", update_baseline, update_in_shape, update_out_shape, OP_WRITES,
       RAISES(SSM_DOES_NOT_EXIST), .resource = update_resource),
    OP("DeletePatchBaseline", delete_baseline, id_in_shape, id_out_shape, OP_WRITES,
       RAISES(SSM_RESOURCE_IN_USE), .resource = delete_resource),
    OP_END,
};
/* clang-format on */
