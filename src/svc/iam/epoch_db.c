/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/epoch.h"

int epoch_bump(struct db *db, struct str account)
{
    TRY(db_exec(db, NULL,
                "INSERT INTO iam_epoch (account, epoch) VALUES ($1, 1)"
                " ON CONFLICT (account) DO UPDATE SET epoch = iam_epoch.epoch + 1",
                ARGS(V(account))));
    return 0;
}

int epoch_get(struct db *db, struct str account, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COALESCE(MAX(epoch), 0) FROM iam_epoch WHERE account = $1",
               ARGS(V(account))));
    return 0;
}
