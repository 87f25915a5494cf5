/* SPDX-License-Identifier: Apache-2.0 */
/* ListPatchRuns: the patch runs of a node, where AWS keeps the last one only. */
#include "svc/patchbay/errors.h"
#include "svc/patchbay/node.h"
#include "svc/patchbay/operations.h"

#define PAGE_MAX 50

struct list_in {
    struct str node, next_token;
    int64_t max_results;
};

struct run_view {
    struct patch_run_facts f;
    enum tristate rebooted;
};

struct list_out {
    struct list runs; /* run_view */
    struct str next_token;
};

/* clang-format off */
static const struct field list_in_fields[] = {
    STRING(struct list_in,  node,        "InstanceId", REQUIRED, LENGTH(1, 100)),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL, LENGTH(1, 4096)),
};
static const struct shape list_in = SHAPE("ListPatchRunsRequest", struct list_in, list_in_fields);

#define R struct run_view
static const struct field run_fields[] = {
    STRING(R,    f.operation,         "Operation",                   REQUIRED),
    TIMESTAMP(R, f.started_at,        "OperationStartTime",          REQUIRED),
    TIMESTAMP(R, f.ended_at,          "OperationEndTime",            REQUIRED),
    STRING(R,    f.baseline,          "BaselineId",                  REQUIRED),
    STRING(R,    f.snapshot,          "SnapshotId",                  OPTIONAL),
    STRING(R,    f.execution,         "ExecutionId",                 OPTIONAL),
    INTEGER(R,   f.installed,         "InstalledCount",              REQUIRED),
    INTEGER(R,   f.installed_pending, "InstalledPendingRebootCount", REQUIRED),
    INTEGER(R,   f.missing,           "MissingCount",                REQUIRED),
    INTEGER(R,   f.failed,            "FailedCount",                 REQUIRED),
    INTEGER(R,   f.security,          "SecurityNonCompliantCount",   REQUIRED),
    TRISTATE(R,  rebooted,            "Rebooted",                    OPTIONAL),
};
#undef R
static const struct shape run_shape = SHAPE("PatchRun", struct run_view, run_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   runs,       "PatchRuns", REQUIRED, run_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out =
    SHAPE("ListPatchRunsResponse", struct list_out, list_out_fields);
/* clang-format on */

static struct run_view view(const struct patch_run_facts *f)
{
    return (struct run_view){
        .f = *f,
        .rebooted = f->rebooted < 0 ? TRISTATE_UNSET
                    : f->rebooted   ? TRISTATE_TRUE
                                    : TRISTATE_FALSE,
    };
}

/* The newest first. */
static int list_runs(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct node_facts node;
    struct patch_run_facts *runs;
    struct str position;
    int64_t before = INT64_MAX;
    size_t count, max = (size_t)in->max_results;

    PASS(page_open(op, in->next_token, &position));
    if (str_is_set(position) && !str_to_int(position, &before))
        return op_invalid(op, "The specified token is not valid.");
    PASS(patchbay_node(op, in->node, &node));
    TRY(op->plane->nodes->patch_runs(op->db, op->arena, in->node, before, in->max_results + 1,
                                     &runs, &count));
    if (count > max)
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%lld", (long long)runs[max - 1].serial));
    struct run_view *shown = arena_array(op->arena, struct run_view, max);
    out->runs = (struct list){ shown, count > max ? max : count };
    for (size_t i = 0; i < out->runs.count; i++)
        shown[i] = view(&runs[i]);
    return 0;
}
OP_HANDLER(list_runs)

/* clang-format off */
const struct operation patch_run_operations[] = {
    OP("ListPatchRuns", list_runs, list_in, list_out, OP_READS | OP_OURS,
       RAISES(PATCHBAY_NO_NODE)),
    OP_END,
};
/* clang-format on */
