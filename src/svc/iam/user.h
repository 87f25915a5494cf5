/* SPDX-License-Identifier: Apache-2.0 */
/* IAM users, as answers show them, and their rows. */
#pragma once

#include "store/db.h"
#include "svc/iam/view.h"

#define USERS_PER_ACCOUNT 5000

struct user {
    struct str name, path, id, arn, boundary;
    msec created_at;
    /* Of answers only: */
    struct boundary_view *boundary_view;
    struct list tags;
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int user_get(struct db *db, struct arena *a, struct str account, struct str name,
                        struct user *ret);
MUST_CHECK int user_get_by_id(struct db *db, struct arena *a, struct str id, struct user *ret);

/* By name, after `after`, of paths that start with `prefix`. */
MUST_CHECK int user_list(struct db *db, struct arena *a, struct str account, struct str prefix,
                         struct str after, int64_t limit, struct list *ret);
MUST_CHECK int user_count(struct db *db, struct str account, int64_t *ret);

/* Outcome: DB_CONFLICT where the name is taken, in whatever case. */
MUST_CHECK int user_insert(struct db *db, struct str account, const struct user *user);
MUST_CHECK int user_rename(struct db *db, struct str id, struct str name, struct str path);
MUST_CHECK int user_delete(struct db *db, struct str id);
