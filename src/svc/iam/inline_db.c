/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/inline.h"

int inline_get(struct db *db, struct arena *a, struct str owner, struct str name,
               struct str *ret_document)
{
    PASS(db_str(db, a, ret_document,
                "SELECT document FROM iam_inline_policy WHERE owner = $1 AND name = $2",
                ARGS(V(owner), V(name))));
    return 0;
}

int inline_names(struct db *db, struct arena *a, struct str owner, struct str after, int64_t limit,
                 struct strs *ret)
{
    TRY(db_strs(db, a, ret,
                "SELECT name FROM iam_inline_policy WHERE owner = $1 AND name > $2"
                " ORDER BY name LIMIT $3",
                ARGS(V(owner), V(after), V(limit))));
    return 0;
}

/* As many as fit into the quota of one entity: bounded by inline_put()'s caller. */
int inline_documents(struct db *db, struct arena *a, struct str owner, struct strs *ret)
{
    TRY(db_strs(db, a, ret, "SELECT document FROM iam_inline_policy WHERE owner = $1",
                ARGS(V(owner))));
    return 0;
}

int inline_documents_but(struct db *db, struct arena *a, struct str owner, struct str but,
                         struct strs *ret)
{
    TRY(db_strs(db, a, ret,
                "SELECT document FROM iam_inline_policy WHERE owner = $1 AND name <> $2",
                ARGS(V(owner), V(but))));
    return 0;
}

int inline_count(struct db *db, struct str owner, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM iam_inline_policy WHERE owner = $1", ARGS(V(owner))));
    return 0;
}

int inline_put(struct db *db, struct str owner, struct str name, struct str document)
{
    TRY(db_exec(db, NULL,
                "INSERT INTO iam_inline_policy (owner, name, document) VALUES ($1, $2, $3)"
                " ON CONFLICT (owner, name) DO UPDATE SET document = excluded.document",
                ARGS(V(owner), V(name), V(document))));
    return 0;
}

int inline_delete(struct db *db, struct str owner, struct str name)
{
    int64_t changed;

    TRY(db_exec(db, &changed, "DELETE FROM iam_inline_policy WHERE owner = $1 AND name = $2",
                ARGS(V(owner), V(name))));
    return changed > 0 ? 0 : DB_NO_ROW;
}
