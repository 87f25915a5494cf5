/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/organization.h"

static const struct column columns[] = {
    COL_STR(struct organization, id),
    COL_STR(struct organization, management_account),
    COL_STR(struct organization, root),
    COL_I64(struct organization, created_at),
};
static const struct mapping mapping = MAPPING(struct organization, columns);

int organization_get(struct db *db, struct arena *a, struct str id, struct organization *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT id, management_account, root, created_at FROM org_organization"
                " WHERE id = $1",
                ARGS(V(id))));
    return 0;
}

int organization_insert(struct db *db, const struct organization *organization)
{
    TRY(db_exec(db, NULL,
                "INSERT INTO org_organization (id, management_account, root, created_at)"
                " VALUES ($1, $2, $3, $4)",
                ARGS(V(organization->id), V(organization->management_account),
                     V(organization->root), V(organization->created_at))));
    return 0;
}
