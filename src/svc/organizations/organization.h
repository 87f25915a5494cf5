/* SPDX-License-Identifier: Apache-2.0 */
/* The organization itself, and who may ask about it. */
#pragma once

#include "api/op.h"

struct organization {
    struct str id, management_account, root;
    msec created_at;
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int organization_get(struct db *db, struct arena *a, struct str id,
                                struct organization *ret);
MUST_CHECK int organization_insert(struct db *db, const struct organization *organization);

/* --- rules ---------------------------------------------------------------- */

/* The caller's organization. Outcome: ORG_NOT_IN_USE. */
MUST_CHECK int organization_of_caller(struct op *op, struct organization *ret);

/* The same where only the management account may ask. Also OP_DENIED. */
MUST_CHECK int organization_managed(struct op *op, struct organization *ret);

/* "arn:aws:organizations::MANAGEMENT:KIND/o-.../ID". */
struct str organization_arn(struct arena *a, const struct organization *organization,
                            const char *kind, struct str id);
