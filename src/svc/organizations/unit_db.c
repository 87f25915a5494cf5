/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/unit.h"

#define UNIT "id, organization, parent, name"

static const struct column columns[] = {
    COL_STR(struct unit, id),
    COL_STR(struct unit, organization),
    COL_STR(struct unit, parent),
    COL_STR(struct unit, name),
};
static const struct mapping mapping = MAPPING(struct unit, columns);

int unit_get(struct db *db, struct arena *a, struct str id, struct unit *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " UNIT " FROM org_unit WHERE id = $1", ARGS(V(id))));
    return 0;
}

int unit_list(struct db *db, struct arena *a, struct str parent, struct str after, int64_t limit,
              struct unit **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &mapping, &items, ret_count,
               "SELECT " UNIT " FROM org_unit WHERE parent = $1 AND id > $2 ORDER BY id LIMIT $3",
               ARGS(V(parent), V(after), V(limit))));
    *ret = items;
    return 0;
}

int unit_count(struct db *db, struct str organization, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM org_unit WHERE organization = $1",
               ARGS(V(organization))));
    return 0;
}

int unit_count_children(struct db *db, struct str id, int64_t *ret)
{
    TRY(db_int(db, ret,
               "SELECT (SELECT COUNT(*) FROM org_unit WHERE parent = $1)"
               " + (SELECT COUNT(*) FROM org_account WHERE parent = $1)",
               ARGS(V(id))));
    return 0;
}

int unit_insert(struct db *db, const struct unit *unit)
{
    PASS(db_exec(db, NULL,
                 "INSERT INTO org_unit (id, organization, parent, name) VALUES ($1, $2, $3, $4)",
                 ARGS(V(unit->id), V(unit->organization), V(unit->parent), V(unit->name))));
    return 0;
}

int unit_rename(struct db *db, struct str id, struct str name)
{
    PASS(db_exec(db, NULL, "UPDATE org_unit SET name = $2 WHERE id = $1", ARGS(V(id), V(name))));
    return 0;
}

int unit_delete(struct db *db, struct str id)
{
    TRY(db_exec(db, NULL, "DELETE FROM org_unit WHERE id = $1", ARGS(V(id))));
    return 0;
}
