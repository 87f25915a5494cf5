/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/attachment.h"

int attachment_arns(struct db *db, struct arena *a, struct str owner, struct strs *ret)
{
    TRY(db_strs(db, a, ret, "SELECT policy FROM iam_attachment WHERE owner = $1 ORDER BY policy",
                ARGS(V(owner))));
    return 0;
}

int attachment_count(struct db *db, struct str owner, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM iam_attachment WHERE owner = $1", ARGS(V(owner))));
    return 0;
}

int attachment_put(struct db *db, struct str account, struct str owner, struct str policy)
{
    TRY(db_exec(db, NULL,
                "INSERT INTO iam_attachment (account, owner, policy) VALUES ($1, $2, $3)"
                " ON CONFLICT (owner, policy) DO NOTHING",
                ARGS(V(account), V(owner), V(policy))));
    return 0;
}

int attachment_delete(struct db *db, struct str owner, struct str policy)
{
    int64_t changed;

    TRY(db_exec(db, &changed, "DELETE FROM iam_attachment WHERE owner = $1 AND policy = $2",
                ARGS(V(owner), V(policy))));
    return changed > 0 ? 0 : DB_NO_ROW;
}
