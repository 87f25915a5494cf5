/* SPDX-License-Identifier: Apache-2.0 */
/* Organizational units, and the tree they make below the root. */
#pragma once

#include "store/db.h"

#include "svc/organizations/organization.h"

#define UNITS_PER_ORGANIZATION 2000
#define UNIT_DEPTH_MAX         5 /* "OU maximum nesting in a root: five levels" */

struct unit {
    struct str id, organization, parent, name;
    /* Of answers only: */
    struct str arn;
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int unit_get(struct db *db, struct arena *a, struct str id, struct unit *ret);
MUST_CHECK int unit_list(struct db *db, struct arena *a, struct str parent, struct str after,
                         int64_t limit, struct unit **ret, size_t *ret_count); /* by id */
MUST_CHECK int unit_count(struct db *db, struct str organization, int64_t *ret);

/* Units and accounts right below, those being made included. */
MUST_CHECK int unit_count_children(struct db *db, struct str id, int64_t *ret);

/* Outcome: DB_CONFLICT where the parent has one of that name. */
MUST_CHECK int unit_insert(struct db *db, const struct unit *unit);
MUST_CHECK int unit_rename(struct db *db, struct str id, struct str name);
MUST_CHECK int unit_delete(struct db *db, struct str id);

/* --- rules ---------------------------------------------------------------- */

/* The root or a unit of the organization; `outcome` is what the caller calls its lack. */
MUST_CHECK int unit_check_parent(struct op *op, const struct organization *organization,
                                 struct str id, int outcome);

/* A unit of the organization. Outcome: ORG_UNIT_NOT_FOUND. */
MUST_CHECK int unit_find(struct op *op, const struct organization *organization, struct str id,
                         struct unit *ret);

/* Of the root or a unit. */
struct str unit_parent_arn(struct arena *a, const struct organization *organization, struct str id);
