/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/creation.h"

#define CREATION                                                                                   \
    "id, organization, account_name, account, role_name, state, failure, requested_at,"            \
    " completed_at FROM org_creation"

static const struct column columns[] = {
    COL_STR(struct creation, id),           COL_STR(struct creation, organization),
    COL_STR(struct creation, account_name), COL_STR(struct creation, account),
    COL_STR(struct creation, role_name),    COL_STR(struct creation, state),
    COL_STR(struct creation, failure),      COL_I64(struct creation, requested_at),
    COL_I64(struct creation, completed_at),
};
static const struct mapping mapping = MAPPING(struct creation, columns);

int creation_get(struct db *db, struct arena *a, struct str id, struct creation *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " CREATION " WHERE id = $1", ARGS(V(id))));
    return 0;
}

int creation_list(struct db *db, struct arena *a, struct str organization, const bool states[3],
                  struct str after, int64_t limit, struct creation **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &mapping, &items, ret_count,
               "SELECT " CREATION " WHERE organization = $1 AND id > $2"
               " AND ((state = 'IN_PROGRESS' AND $4 = 1) OR (state = 'SUCCEEDED' AND $5 = 1)"
               " OR (state = 'FAILED' AND $6 = 1)) ORDER BY id LIMIT $3",
               ARGS(V(organization), V(after), V(limit), V((int64_t)states[0]),
                    V((int64_t)states[1]), V((int64_t)states[2]))));
    *ret = items;
    return 0;
}

int creation_insert(struct db *db, const struct creation *creation)
{
    TRY(db_exec(db, NULL,
                "INSERT INTO org_creation (id, organization, account_name, account, role_name,"
                " state, failure, requested_at, completed_at)"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                ARGS(V(creation->id), V(creation->organization), V(creation->account_name),
                     V(creation->account), V(creation->role_name), V(creation->state),
                     V(creation->failure), V(creation->requested_at), V(creation->completed_at))));
    return 0;
}

int creation_complete(struct db *db, struct str id, struct str state, struct str failure, msec now)
{
    TRY(db_exec(db, NULL,
                "UPDATE org_creation SET state = $2, failure = $3, completed_at = $4"
                " WHERE id = $1",
                ARGS(V(id), V(state), V(failure), V(now))));
    return 0;
}
