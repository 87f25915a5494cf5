/* SPDX-License-Identifier: Apache-2.0 */
/* ListPatchRuns: the patch runs of a node, where AWS keeps the last one only. */
#include "api/ports.h"
#include "svc/patchbay/operations.h"

#define PAGE_MAX 50

struct list_in {
    struct str node, next_token;
    int64_t max_results;
};

struct list_out {
    struct list runs;
    struct str next_token;
};

/* clang-format off */
static const struct field list_in_fields[] = {
    STRING(struct list_in,  node,        "InstanceId", REQUIRED, LENGTH(1, 100)),
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, PAGE_MAX), DEFAULT(PAGE_MAX)),
    STRING(struct list_in,  next_token,  "NextToken",  OPTIONAL, LENGTH(1, 4096)),
};
static const struct shape list_in = SHAPE("ListPatchRunsRequest", struct list_in, list_in_fields);

#define R struct patch_run_facts
static const struct field run_fields[] = {
    STRING(R,    operation,         "Operation",                   REQUIRED),
    TIMESTAMP(R, started_at,        "OperationStartTime",          REQUIRED),
    TIMESTAMP(R, ended_at,          "OperationEndTime",            REQUIRED),
    STRING(R,    baseline,          "BaselineId",                  REQUIRED),
    STRING(R,    snapshot,          "SnapshotId",                  OPTIONAL),
    STRING(R,    execution,         "ExecutionId",                 OPTIONAL),
    INTEGER(R,   installed,         "InstalledCount",              REQUIRED),
    INTEGER(R,   installed_pending, "InstalledPendingRebootCount", REQUIRED),
    INTEGER(R,   missing,           "MissingCount",                REQUIRED),
    INTEGER(R,   failed,            "FailedCount",                 REQUIRED),
    INTEGER(R,   security,          "SecurityNonCompliantCount",   REQUIRED),
};
#undef R
static const struct shape run_shape = SHAPE("PatchRun", struct patch_run_facts, run_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out,   runs,       "PatchRuns", REQUIRED, run_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out =
    SHAPE("ListPatchRunsResponse", struct list_out, list_out_fields);
/* clang-format on */

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
    int found = op->plane->nodes->node(op->db, op->arena, in->node, &node);
    if (found == PORT_NONE ||
        (found == 0 && (!str_eq(node.account, op->account) || !str_eq(node.region, op->region))))
        return op_invalid(op, "%.*s is no managed node of this account and Region.", STR(in->node));
    TRY(found);
    TRY(op->plane->nodes->patch_runs(op->db, op->arena, in->node, before, in->max_results + 1,
                                     &runs, &count));
    if (count > max)
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%lld", (long long)runs[max - 1].ended_at));
    out->runs = (struct list){ runs, count > max ? max : count };
    return 0;
}
OP_HANDLER(list_runs)

/* clang-format off */
const struct operation patch_run_operations[] = {
    OP("ListPatchRuns", list_runs, list_in, list_out, OP_READS | OP_OURS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
