/* SPDX-License-Identifier: Apache-2.0 */
/* Policies written into one user or role. `owner` is its unique id. */
#pragma once

#include "store/db.h"

/* Outcome: DB_NO_ROW. */
MUST_CHECK int inline_get(struct db *db, struct arena *a, struct str owner, struct str name,
                          struct str *ret_document);
MUST_CHECK int inline_names(struct db *db, struct arena *a, struct str owner, struct str after,
                            int64_t limit, struct strs *ret);
MUST_CHECK int inline_documents(struct db *db, struct arena *a, struct str owner, struct strs *ret);

/* All but the one called `but`. */
MUST_CHECK int inline_documents_but(struct db *db, struct arena *a, struct str owner,
                                    struct str but, struct strs *ret);
MUST_CHECK int inline_count(struct db *db, struct str owner, int64_t *ret);

/* Adds or replaces. */
MUST_CHECK int inline_put(struct db *db, struct str owner, struct str name, struct str document);

/* Outcome: DB_NO_ROW. */
MUST_CHECK int inline_delete(struct db *db, struct str owner, struct str name);
