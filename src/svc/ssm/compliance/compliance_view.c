/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/compliance/compliance_view.h"

static const char *const filter_types[] = { "EQUAL",     "NOT_EQUAL",    "BEGIN_WITH",
                                            "LESS_THAN", "GREATER_THAN", NULL };

/* clang-format off */
static const struct field filter_fields[] = {
    STRING(struct compliance_filter,  key,    "Key",    OPTIONAL, LENGTH(1, 200)),
    STRINGS(struct compliance_filter, values, "Values", OPTIONAL, .min = 1, .max = 20),
    STRING(struct compliance_filter,  type,   "Type",   OPTIONAL, .values = filter_types),
};
const struct shape compliance_filter_shape =
    SHAPE("ComplianceStringFilter", struct compliance_filter, filter_fields);

static const struct field execution_fields[] = {
    TIMESTAMP(struct compliance_execution, executed_at, "ExecutionTime", REQUIRED),
    STRING(struct compliance_execution,    id,          "ExecutionId",   OPTIONAL, .max = 100),
    STRING(struct compliance_execution,    type,        "ExecutionType", OPTIONAL, .max = 50),
};
const struct shape compliance_execution_shape =
    SHAPE("ComplianceExecutionSummary", struct compliance_execution, execution_fields);

static const struct field levels_fields[] = {
    INTEGER(struct levels_view, critical,      "CriticalCount",      OPTIONAL),
    INTEGER(struct levels_view, high,          "HighCount",          OPTIONAL),
    INTEGER(struct levels_view, medium,        "MediumCount",        OPTIONAL),
    INTEGER(struct levels_view, low,           "LowCount",           OPTIONAL),
    INTEGER(struct levels_view, informational, "InformationalCount", OPTIONAL),
    INTEGER(struct levels_view, unspecified,   "UnspecifiedCount",   OPTIONAL),
};
static const struct shape levels_shape = SHAPE("SeveritySummary", struct levels_view, levels_fields);

static const struct field compliant_fields[] = {
    INTEGER(struct summary_view, count,  "CompliantCount",  OPTIONAL),
    STRUCT(struct summary_view,  levels, "SeveritySummary", OPTIONAL, levels_shape),
};
const struct shape compliant_view_shape =
    SHAPE("CompliantSummary", struct summary_view, compliant_fields);

static const struct field non_compliant_fields[] = {
    INTEGER(struct summary_view, count,  "NonCompliantCount", OPTIONAL),
    STRUCT(struct summary_view,  levels, "SeveritySummary",   OPTIONAL, levels_shape),
};
const struct shape non_compliant_view_shape =
    SHAPE("NonCompliantSummary", struct summary_view, non_compliant_fields);
/* clang-format on */

/* Numbers as such; everything else, times among it, by bytes. */
static int compare(struct str a, struct str b)
{
    int64_t x, y;

    if (str_to_int(a, &x) && str_to_int(b, &y))
        return (x > y) - (x < y);
    return str_cmp(a, b);
}

bool compliance_filter_passes(const struct compliance_filter *f, struct str fact)
{
    bool negated = str_eq(f->type, S("NOT_EQUAL"));

    if (!str_is_set(fact))
        return negated;
    for (size_t i = 0; i < f->values.count; i++) {
        struct str v = f->values.items[i];
        bool hit = str_eq(f->type, S("BEGIN_WITH"))     ? str_starts(fact, v)
                   : str_eq(f->type, S("LESS_THAN"))    ? compare(fact, v) < 0
                   : str_eq(f->type, S("GREATER_THAN")) ? compare(fact, v) > 0
                                                        : str_eq(fact, v);
        if (hit)
            return !negated;
    }
    return negated;
}

struct str compliance_fact(const struct compliance *c, struct str key)
{
    if (str_eq(key, S("ComplianceType")))
        return c->type;
    if (str_eq(key, S("ResourceId")))
        return c->resource;
    if (str_eq(key, S("ResourceType")))
        return S(COMPLIANCE_RESOURCE);
    if (str_eq(key, S("Status")))
        return c->status;
    if (str_eq(key, S("OverallSeverity")))
        return c->severity;
    if (str_eq(key, S("ExecutionId")))
        return c->execution_id;
    if (str_eq(key, S("ExecutionType")))
        return c->execution_type;
    return (struct str){ 0 };
}

struct compliance_execution *compliance_execution_of(struct op *op, const struct compliance *c)
{
    struct compliance_execution *v = arena_new(op->arena, struct compliance_execution);

    v->executed_at = c->executed_at;
    v->id = c->execution_id;
    v->type = c->execution_type;
    return v;
}

struct summary_view *summary_view_of(struct op *op, const struct severity_counts *counts)
{
    struct summary_view *v = arena_new(op->arena, struct summary_view);

    v->count = counts->all;
    v->levels = arena_new(op->arena, struct levels_view);
    *v->levels = (struct levels_view){
        .critical = counts->by_level[COMPLIANCE_CRITICAL],
        .high = counts->by_level[COMPLIANCE_HIGH],
        .medium = counts->by_level[COMPLIANCE_MEDIUM],
        .low = counts->by_level[COMPLIANCE_LOW],
        .informational = counts->by_level[COMPLIANCE_INFORMATIONAL],
        .unspecified = counts->by_level[COMPLIANCE_UNSPECIFIED],
    };
    return v;
}
