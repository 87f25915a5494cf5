/* SPDX-License-Identifier: Apache-2.0 */
/* How nodes stand, by the counts of their last reports. */
#include "store/db.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_report.h"
#include "svc/ssm/patch/patch_view.h"

#define PAGE_MAX 100

/* clang-format off */
#define S_ struct patch_state_row
static const struct field state_fields[] = {
    STRING(S_,    node,                  "InstanceId",                       OPTIONAL),
    STRING(S_,    patch_group,           "PatchGroup",                       OPTIONAL),
    STRING(S_,    baseline,              "BaselineId",                       OPTIONAL),
    STRING(S_,    snapshot,              "SnapshotId",                       OPTIONAL),
    STRING(S_,    install_override_list, "InstallOverrideList",              OPTIONAL),
    STRING(S_,    owner_information,     "OwnerInformation",                 OPTIONAL),
    INTEGER(S_,   installed,             "InstalledCount",                   OPTIONAL),
    INTEGER(S_,   installed_other,       "InstalledOtherCount",              OPTIONAL),
    INTEGER(S_,   installed_pending,     "InstalledPendingRebootCount",      OPTIONAL),
    INTEGER(S_,   installed_rejected,    "InstalledRejectedCount",           OPTIONAL),
    INTEGER(S_,   missing,               "MissingCount",                     OPTIONAL),
    INTEGER(S_,   failed,                "FailedCount",                      OPTIONAL),
    INTEGER(S_,   unreported,            "UnreportedNotApplicableCount",     OPTIONAL),
    INTEGER(S_,   not_applicable,        "NotApplicableCount",               OPTIONAL),
    TIMESTAMP(S_, started_at,            "OperationStartTime",               OPTIONAL),
    TIMESTAMP(S_, ended_at,              "OperationEndTime",                 OPTIONAL),
    STRING(S_,    operation,             "Operation",                        OPTIONAL),
    TIMESTAMP(S_, no_reboot_at,          "LastNoRebootInstallOperationTime", OPTIONAL),
    STRING(S_,    reboot_option,         "RebootOption",                     OPTIONAL),
    INTEGER(S_,   critical,              "CriticalNonCompliantCount",        OPTIONAL),
    INTEGER(S_,   security,              "SecurityNonCompliantCount",        OPTIONAL),
    INTEGER(S_,   other,                 "OtherNonCompliantCount",           OPTIONAL),
};
#undef S_
/* clang-format on */
static const struct shape state_shape =
    SHAPE("InstancePatchState", struct patch_state_row, state_fields);

struct states_out {
    struct list states;
    struct str next_token;
};

static const struct field states_out_fields[] = {
    LIST(struct states_out, states, "InstancePatchStates", OPTIONAL, state_shape),
    STRING(struct states_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape states_out_shape =
    SHAPE("DescribeInstancePatchStatesResult", struct states_out, states_out_fields);

static int open_token(struct op *op, struct str token, struct str *ret)
{
    if (page_open(op, token, ret) != 0)
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    if (!str_is_set(*ret))
        *ret = S("");
    return 0;
}

static void show(const struct patch_state_row *row, struct patch_state_row *ret)
{
    *ret = *row;
    if (row->no_reboot_at == 0)
        ret->no_reboot_at = UNSET;
}

/* --- DescribeInstancePatchStates ---------------------------------------------------------------
 */

struct states_in {
    struct strs nodes;
    int64_t max_results;
    struct str next_token;
};

/* clang-format off */
#define PAGE_FIELDS(T) \
    INTEGER(T, max_results, "MaxResults", OPTIONAL, RANGE(10, PAGE_MAX), DEFAULT(PAGE_MAX)), \
    STRING(T,  next_token,  "NextToken",  OPTIONAL)

static const struct field states_in_fields[] = {
    STRINGS(struct states_in, nodes, "InstanceIds", REQUIRED, .min = 0, .max = 50, CHECK_INSTANCE_ID),
    PAGE_FIELDS(struct states_in),
};
/* clang-format on */
static const struct shape states_in_shape =
    SHAPE("DescribeInstancePatchStatesRequest", struct states_in, states_in_fields);

/* The next of the ids in order, behind `after`; absent if there is none. */
static struct str next_node(struct strs nodes, struct str after)
{
    struct str best = { 0 };

    for (size_t i = 0; i < nodes.count; i++)
        if (str_cmp(nodes.items[i], after) > 0 &&
            (!str_is_set(best) || str_cmp(nodes.items[i], best) < 0))
            best = nodes.items[i];
    return best;
}

static int describe_states(struct op *op, const struct states_in *in, struct states_out *out)
{
    struct patch_state_row row, *items;
    struct str node, after;
    size_t max = (size_t)in->max_results;

    PASS(open_token(op, in->next_token, &after));
    items = arena_array(op->arena, struct patch_state_row, in->nodes.count);
    out->states.items = items;
    while (str_is_set(node = next_node(in->nodes, after))) {
        if (out->states.count == max) {
            out->next_token = page_token(op, after);
            return 0;
        }
        after = node;
        int found = patch_state_get(op, node, &row);
        if (found == DB_NO_ROW)
            continue; /* never reported: absent, as AWS has it */
        TRY(found);
        show(&row, &items[out->states.count++]);
    }
    return 0;
}
OP_HANDLER(describe_states)

/* --- DescribeInstancePatchStatesForPatchGroup ----------------------------------------------------
 */

struct filter {
    struct str key, type;
    struct strs values;
};

struct group_in {
    struct str group;
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

static const char *const filter_types[] = { "Equal", "NotEqual", "LessThan", "GreaterThan", NULL };

/* clang-format off */
static const struct field filter_fields[] = {
    STRING(struct filter,  key,    "Key",    REQUIRED, LENGTH(1, 200)),
    STRINGS(struct filter, values, "Values", REQUIRED, .min = 1, .max = 1),
    STRING(struct filter,  type,   "Type",   REQUIRED, .values = filter_types),
};
static const struct shape filter_shape =
    SHAPE("InstancePatchStateFilter", struct filter, filter_fields);

static const struct field group_in_fields[] = {
    STRING(struct group_in, group,   "PatchGroup", REQUIRED, CHECK_PATCH_GROUP),
    LIST(struct group_in,   filters, "Filters",    OPTIONAL, filter_shape, .min = 0, .max = 4),
    PAGE_FIELDS(struct group_in),
};
/* clang-format on */
static const struct shape group_in_shape =
    SHAPE("DescribeInstancePatchStatesForPatchGroupRequest", struct group_in, group_in_fields);

/* One of the counts, by the name it has in the answer. */
static const int64_t *count_of(const struct patch_state_row *row, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(state_fields); i++)
        if (state_fields[i].type == FIELD_INTEGER && str_eq(name, str_of(state_fields[i].name)))
            return (const int64_t *)(const void *)((const char *)row + state_fields[i].offset);
    return NULL;
}

static int check_filters(struct op *op, const struct list *filters)
{
    static const struct patch_state_row none = { .node = S_INIT("") };
    int64_t n;

    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        if (!count_of(&none, f->key) || !str_to_int(f->values.items[0], &n))
            return op_fail(op, SSM_INVALID_FILTER,
                           "The filter %.*s is not one of the counts, or its value no number.",
                           STR(f->key));
    }
    return 0;
}

static bool passes(const struct list *filters, const struct patch_state_row *row)
{
    for (size_t i = 0; i < filters->count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, *filters, i);
        int64_t is = *count_of(row, f->key), wanted = 0;
        (void)str_to_int(f->values.items[0], &wanted);
        bool ok = str_eq(f->type, S("Equal"))      ? is == wanted
                  : str_eq(f->type, S("NotEqual")) ? is != wanted
                  : str_eq(f->type, S("LessThan")) ? is < wanted
                                                   : is > wanted;
        if (!ok)
            return false;
    }
    return true;
}

static int describe_group(struct op *op, const struct group_in *in, struct states_out *out)
{
    struct patch_state_row *rows, *items;
    size_t count = PAGE_MAX, max = (size_t)in->max_results;
    struct str after;

    PASS(check_filters(op, &in->filters));
    PASS(open_token(op, in->next_token, &after));
    items = arena_array(op->arena, struct patch_state_row, max);
    out->states.items = items;
    while (count == PAGE_MAX) {
        TRY(patch_state_of_group(op, in->group, after, PAGE_MAX, &rows, &count));
        for (size_t i = 0; i < count; i++) {
            if (passes(&in->filters, &rows[i])) {
                if (out->states.count == max) {
                    out->next_token = page_token(op, after);
                    return 0;
                }
                show(&rows[i], &items[out->states.count++]);
            }
            after = rows[i].node;
        }
    }
    return 0;
}
OP_HANDLER(describe_group)

/* --- DescribePatchGroupState ---------------------------------------------- */

struct group_state {
    int64_t instances, installed, installed_other, installed_pending, installed_rejected, missing;
    int64_t failed, not_applicable, unreported, critical, security, other;
};

struct group_state_in {
    struct str group;
};

/* clang-format off */
static const struct field group_state_in_fields[] = {
    STRING(struct group_state_in, group, "PatchGroup", REQUIRED, CHECK_PATCH_GROUP),
};
static const struct shape group_state_in_shape =
    SHAPE("DescribePatchGroupStateRequest", struct group_state_in, group_state_in_fields);

#define G struct group_state
static const struct field group_state_fields[] = {
    INTEGER(G, instances,          "Instances",                                   OPTIONAL),
    INTEGER(G, installed,          "InstancesWithInstalledPatches",               OPTIONAL),
    INTEGER(G, installed_other,    "InstancesWithInstalledOtherPatches",          OPTIONAL),
    INTEGER(G, installed_pending,  "InstancesWithInstalledPendingRebootPatches",  OPTIONAL),
    INTEGER(G, installed_rejected, "InstancesWithInstalledRejectedPatches",       OPTIONAL),
    INTEGER(G, missing,            "InstancesWithMissingPatches",                 OPTIONAL),
    INTEGER(G, failed,             "InstancesWithFailedPatches",                  OPTIONAL),
    INTEGER(G, not_applicable,     "InstancesWithNotApplicablePatches",           OPTIONAL),
    INTEGER(G, unreported,         "InstancesWithUnreportedNotApplicablePatches", OPTIONAL),
    INTEGER(G, critical,           "InstancesWithCriticalNonCompliantPatches",    OPTIONAL),
    INTEGER(G, security,           "InstancesWithSecurityNonCompliantPatches",    OPTIONAL),
    INTEGER(G, other,              "InstancesWithOtherNonCompliantPatches",       OPTIONAL),
};
#undef G
/* clang-format on */
static const struct shape group_state_shape =
    SHAPE("DescribePatchGroupStateResult", struct group_state, group_state_fields);

static void tally(const struct patch_state_row *row, struct group_state *g)
{
    g->instances++;
    g->installed += row->installed > 0;
    g->installed_other += row->installed_other > 0;
    g->installed_pending += row->installed_pending > 0;
    g->installed_rejected += row->installed_rejected > 0;
    g->missing += row->missing > 0;
    g->failed += row->failed > 0;
    g->not_applicable += row->not_applicable > 0;
    g->unreported += row->unreported > 0;
    g->critical += row->critical > 0;
    g->security += row->security > 0;
    g->other += row->other > 0;
}

/* Of the nodes that have reported as members of the group. */
static int describe_group_state(struct op *op, const struct group_state_in *in,
                                struct group_state *out)
{
    struct patch_state_row *rows;
    struct str after = S("");
    size_t count = PAGE_MAX;

    *out = (struct group_state){ 0 };
    while (count == PAGE_MAX) {
        TRY(patch_state_of_group(op, in->group, after, PAGE_MAX, &rows, &count));
        for (size_t i = 0; i < count; i++)
            tally(&rows[i], out);
        if (count > 0)
            after = rows[count - 1].node;
    }
    return 0;
}
OP_HANDLER(describe_group_state)

/* clang-format off */
const struct operation patch_state_operations[] = {
    OP("DescribeInstancePatchStates", describe_states, states_in_shape, states_out_shape,
       OP_READS, RAISES(SSM_INVALID_NEXT_TOKEN)),
    OP("DescribeInstancePatchStatesForPatchGroup", describe_group, group_in_shape,
       states_out_shape, OP_READS, RAISES(SSM_INVALID_NEXT_TOKEN, SSM_INVALID_FILTER)),
    OP("DescribePatchGroupState", describe_group_state, group_state_in_shape, group_state_shape,
       OP_READS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
