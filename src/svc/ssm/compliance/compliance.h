/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compliance: of each resource and type a list of items, kept as flat maps (Id,
 * Title, Severity, Status, and whatever else the type has), and what they come to.
 */
#pragma once

#include "api/op.h"
#include "base/value.h"
#include "engine/baseline.h"

#define COMPLIANCE_PATCH      "Patch"
#define COMPLIANCE_RESOURCE   "ManagedInstance" /* the only resource type there is */
#define COMPLIANCE_LEVELS     (COMPLIANCE_CRITICAL + 1)
#define COMPLIANCE_MAX_CUSTOM 10 /* Custom: types of a resource */

struct severity_counts {
    int64_t all, by_level[COMPLIANCE_LEVELS];
};

struct compliance {
    struct str resource, type, hash;
    struct str content; /* JSON; absent for Patch, whose items are in the inventory, and in lists */
    struct str execution_id, execution_type;
    msec executed_at;
    struct str status, severity;         /* of the whole: COMPLIANT or not, the worst that is not */
    struct str compliant, non_compliant; /* as the table has the counts */
};

/* Fills status, severity and the counts. The items have valid Status and Severity. */
void compliance_sum_up(struct op *op, const struct value *items, struct compliance *c);

struct severity_counts compliance_counts(struct str text);

/* The items of one, from wherever they are kept. */
MUST_CHECK int compliance_items(struct op *op, const struct compliance *c, struct value **ret);

/* --- store: compliance_db.c; outcomes DB_NO_ROW ------------------------------------------------
 */

MUST_CHECK int compliance_get(struct op *op, struct str resource, struct str type,
                              struct compliance *ret);
MUST_CHECK int compliance_put(struct op *op, const struct compliance *c); /* replaces */
/* Of a resource, or of all (absent), in order, behind (resource, type); without content. */
MUST_CHECK int compliance_list(struct op *op, struct str resource, struct str after_resource,
                               struct str after_type, int64_t limit, struct compliance **ret,
                               size_t *ret_count);
MUST_CHECK int compliance_count_custom(struct op *op, struct str resource, struct str except,
                                       int64_t *ret);

/* Numbers of resources by type, status and severity. */
struct compliance_tally {
    struct str type, status, severity;
    int64_t n;
};
MUST_CHECK int compliance_tallies(struct op *op, struct compliance_tally **ret, size_t *ret_count);
