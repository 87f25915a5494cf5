/* SPDX-License-Identifier: Apache-2.0 */
/* IAM roles, as answers show them, and their rows. */
#pragma once

#include "store/db.h"
#include "svc/iam/view.h"

#define ROLES_PER_ACCOUNT 1000

struct role {
    struct str name, path, id, arn, boundary, trust, description;
    int64_t max_session; /* seconds */
    msec created_at;
    /* Of answers only: */
    struct str trust_encoded;
    struct boundary_view *boundary_view;
    struct list tags;
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int role_get(struct db *db, struct arena *a, struct str account, struct str name,
                        struct role *ret);
MUST_CHECK int role_get_by_id(struct db *db, struct arena *a, struct str id, struct role *ret);
MUST_CHECK int role_list(struct db *db, struct arena *a, struct str account, struct str prefix,
                         struct str after, int64_t limit, struct list *ret);
MUST_CHECK int role_count(struct db *db, struct str account, int64_t *ret);

/* Outcome: DB_CONFLICT where the name is taken, in whatever case. */
MUST_CHECK int role_insert(struct db *db, struct str account, const struct role *role);

/* Writes trust, description and max_session. */
MUST_CHECK int role_update(struct db *db, const struct role *role);
MUST_CHECK int role_delete(struct db *db, struct str id);
