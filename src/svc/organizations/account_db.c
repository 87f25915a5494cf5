/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/account.h"

#define ACCOUNT "id, name, email, status, organization, parent, joined_method, joined_at"

static const struct column columns[] = {
    COL_STR(struct account, id),
    COL_STR(struct account, name),
    COL_STR(struct account, email),
    COL_STR(struct account, status),
    COL_STR(struct account, organization),
    COL_STR(struct account, parent),
    COL_STR(struct account, joined_method),
    COL_I64(struct account, joined_at),
};
static const struct mapping mapping = MAPPING(struct account, columns);

int account_get(struct db *db, struct arena *a, struct str id, struct account *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " ACCOUNT " FROM org_account WHERE id = $1",
                ARGS(V(id))));
    return 0;
}

int account_list(struct db *db, struct arena *a, struct str organization, struct str parent,
                 struct str after, int64_t limit, struct account **ret, size_t *ret_count)
{
    void *items;

    if (str_is_set(parent))
        TRY(db_all(db, a, &mapping, &items, ret_count,
                   "SELECT " ACCOUNT " FROM org_account WHERE organization = $1"
                   " AND status <> 'CREATING' AND id > $2 AND parent = $4 ORDER BY id LIMIT $3",
                   ARGS(V(organization), V(after), V(limit), V(parent))));
    else
        TRY(db_all(db, a, &mapping, &items, ret_count,
                   "SELECT " ACCOUNT " FROM org_account WHERE organization = $1"
                   " AND status <> 'CREATING' AND id > $2 ORDER BY id LIMIT $3",
                   ARGS(V(organization), V(after), V(limit))));
    *ret = items;
    return 0;
}

int account_count(struct db *db, struct str organization, int64_t *ret)
{
    if (str_is_set(organization))
        TRY(db_int(db, ret, "SELECT COUNT(*) FROM org_account WHERE organization = $1",
                   ARGS(V(organization))));
    else
        TRY(db_int(db, ret, "SELECT COUNT(*) FROM org_account", NO_ARGS));
    return 0;
}

int account_has_email(struct db *db, struct str email, bool *ret)
{
    int64_t count;

    TRY(db_int(db, &count, "SELECT COUNT(*) FROM org_account WHERE email = $1", ARGS(V(email))));
    *ret = count > 0;
    return 0;
}

int account_first(struct db *db, struct arena *a, struct str *ret)
{
    TRY(db_str(db, a, ret, "SELECT id FROM org_account ORDER BY created_at, id LIMIT 1", NO_ARGS));
    return 0;
}

int account_insert(struct db *db, const struct account *account)
{
    PASS(db_exec(db, NULL,
                 "INSERT INTO org_account (id, name, email, status, organization, parent,"
                 " joined_method, joined_at, created_at)"
                 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
                 ARGS(V(account->id), V(account->name), V(account->email), V(account->status),
                      V(account->organization), V(account->parent), V(account->joined_method),
                      V(account->joined_at))));
    return 0;
}

int account_join(struct db *db, struct str id, struct str organization, struct str parent, msec now)
{
    TRY(db_exec(db, NULL,
                "UPDATE org_account SET organization = $2, parent = $3, joined_at = $4"
                " WHERE id = $1",
                ARGS(V(id), V(organization), V(parent), V(now))));
    return 0;
}

int account_move(struct db *db, struct str id, struct str parent)
{
    TRY(db_exec(db, NULL, "UPDATE org_account SET parent = $2 WHERE id = $1",
                ARGS(V(id), V(parent))));
    return 0;
}

int account_set_status(struct db *db, struct str id, struct str status)
{
    TRY(db_exec(db, NULL, "UPDATE org_account SET status = $2 WHERE id = $1",
                ARGS(V(id), V(status))));
    return 0;
}

int account_delete(struct db *db, struct str id)
{
    TRY(db_exec(db, NULL, "DELETE FROM org_account WHERE id = $1", ARGS(V(id))));
    return 0;
}
