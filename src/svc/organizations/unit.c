/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/unit.h"

#include "svc/organizations/errors.h"

int unit_find(struct op *op, const struct organization *organization, struct str id,
              struct unit *ret)
{
    int found = unit_get(op->db, op->arena, id, ret);
    if (found == DB_NO_ROW || (found == 0 && !str_eq(ret->organization, organization->id)))
        return op_fail(op, ORG_UNIT_NOT_FOUND,
                       "You specified an organizational unit that doesn't exist.");
    TRY(found);
    ret->arn = organization_arn(op->arena, organization, "ou", ret->id);
    return 0;
}

int unit_check_parent(struct op *op, const struct organization *organization, struct str id,
                      int outcome)
{
    struct unit unit;

    if (str_eq(id, organization->root))
        return 0;
    int found = unit_find(op, organization, id, &unit);
    if (found == ORG_UNIT_NOT_FOUND)
        return op_fail(op, outcome, "You specified a parent that doesn't exist.");
    TRY(found);
    return 0;
}

struct str unit_parent_arn(struct arena *a, const struct organization *organization, struct str id)
{
    return organization_arn(a, organization, str_starts(id, S("r-")) ? "root" : "ou", id);
}
