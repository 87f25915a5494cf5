/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The generation of an account's policies. Every write of IAM bumps it in its own
 * transaction, so whoever compiled policies of an older one knows it at once.
 */
#pragma once

#include "store/db.h"

MUST_CHECK int epoch_bump(struct db *db, struct str account);
MUST_CHECK int epoch_get(struct db *db, struct str account, int64_t *ret); /* 0: never written */
