/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts: members of an organization, and those that stand alone. */
#pragma once

#include "store/db.h"

#define ACCOUNTS_PER_ORGANIZATION 10000

struct account {
    struct str id, name, email, status;
    struct str organization, parent; /* absent: stand-alone */
    struct str joined_method;
    msec joined_at;
    /* Of answers only: */
    struct str arn;
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int account_get(struct db *db, struct arena *a, struct str id, struct account *ret);

/* Members in the order of their ids, after `after`; of one parent, or of any if absent. */
MUST_CHECK int account_list(struct db *db, struct arena *a, struct str organization,
                            struct str parent, struct str after, int64_t limit,
                            struct account **ret, size_t *ret_count);

/* Of an organization, those being made included; of all if absent. */
MUST_CHECK int account_count(struct db *db, struct str organization, int64_t *ret);
MUST_CHECK int account_has_email(struct db *db, struct str email, bool *ret);
MUST_CHECK int account_first(struct db *db, struct arena *a, struct str *ret);

/* Outcome: DB_CONFLICT where the id or the e-mail address is taken. */
MUST_CHECK int account_insert(struct db *db, const struct account *account);
MUST_CHECK int account_join(struct db *db, struct str id, struct str organization,
                            struct str parent, msec now);
MUST_CHECK int account_move(struct db *db, struct str id, struct str parent);
MUST_CHECK int account_set_status(struct db *db, struct str id, struct str status);
MUST_CHECK int account_delete(struct db *db, struct str id);
