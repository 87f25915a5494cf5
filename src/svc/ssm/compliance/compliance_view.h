/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations on compliance share: filters, and how counts and runs are shown. */
#pragma once

#include "svc/ssm/compliance/compliance.h"
#include "wire/shape.h"

struct compliance_filter {
    struct str key, type; /* type absent: EQUAL */
    struct strs values;
};
extern const struct shape compliance_filter_shape;

/* A fact that is not there equals nothing. */
bool compliance_filter_passes(const struct compliance_filter *f, struct str fact);

/* A member of the whole that filters may name; absent for other keys. */
struct str compliance_fact(const struct compliance *c, struct str key);

struct compliance_execution {
    msec executed_at;
    struct str id, type;
};
extern const struct shape compliance_execution_shape;
struct compliance_execution *compliance_execution_of(struct op *op, const struct compliance *c);

struct levels_view {
    int64_t critical, high, medium, low, informational, unspecified;
};

struct summary_view {
    int64_t count;
    struct levels_view *levels;
};
extern const struct shape compliant_view_shape, non_compliant_view_shape;
struct summary_view *summary_view_of(struct op *op, const struct severity_counts *counts);
