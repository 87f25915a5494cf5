/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/organization.h"

#include "svc/organizations/account.h"
#include "svc/organizations/errors.h"

int organization_of_caller(struct op *op, struct organization *ret)
{
    struct account account;

    int found = account_get(op->db, op->arena, op->account, &account);
    if (found == DB_NO_ROW || (found == 0 && !str_is_set(account.organization)))
        return op_fail(op, ORG_NOT_IN_USE, "Your account is not a member of an organization.");
    TRY(found);
    TRY(organization_get(op->db, op->arena, account.organization, ret));
    return 0;
}

/* "Read calls work from the management account or any delegated administrator": there
 * are no delegated administrators here. */
int organization_managed(struct op *op, struct organization *ret)
{
    PASS(organization_of_caller(op, ret));
    if (!str_eq(ret->management_account, op->account))
        return op_fail(op, OP_DENIED, "You don't have permissions to access this resource.");
    return 0;
}

struct str organization_arn(struct arena *a, const struct organization *organization,
                            const char *kind, struct str id)
{
    return arena_fmt(a, "arn:aws:organizations::%.*s:%s/%.*s/%.*s",
                     STR(organization->management_account), kind, STR(organization->id), STR(id));
}
