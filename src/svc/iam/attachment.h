/* SPDX-License-Identifier: Apache-2.0 */
/* Managed policies attached to a user or role. `owner` is its unique id. */
#pragma once

#include "store/db.h"

#define ATTACHMENTS_PER_ENTITY 10

MUST_CHECK int attachment_arns(struct db *db, struct arena *a, struct str owner,
                               struct strs *ret); /* sorted */
MUST_CHECK int attachment_count(struct db *db, struct str owner, int64_t *ret);
MUST_CHECK int attachment_put(struct db *db, struct str account, struct str owner,
                              struct str policy); /* again: no harm */
MUST_CHECK int attachment_delete(struct db *db, struct str owner,
                                 struct str policy); /* DB_NO_ROW */
