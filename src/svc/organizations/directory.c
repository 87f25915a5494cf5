/* SPDX-License-Identifier: Apache-2.0 */
/* What the API layer and other services ask about accounts. */
#include "svc/organizations/account.h"
#include "svc/organizations/organization.h"
#include "svc/organizations/organizations.h"

static int get_account(struct db *db, struct arena *a, struct str id, struct account_facts *ret)
{
    struct account account;
    struct organization organization = { 0 };

    int found = account_get(db, a, id, &account);
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    if (str_is_set(account.organization))
        TRY(organization_get(db, a, account.organization, &organization));
    *ret = (struct account_facts){
        .id = account.id,
        .name = account.name,
        .status = account.status,
        .organization = account.organization,
        .management_account = organization.management_account,
    };
    return 0;
}

const struct directory_port organizations_directory = { .account = get_account };
