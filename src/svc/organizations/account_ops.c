/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/account.h"

#include "svc/organizations/errors.h"
#include "svc/organizations/listing.h"
#include "svc/organizations/operations.h"
#include "svc/organizations/organization.h"
#include "svc/organizations/unit.h"

struct list_in {
    struct paging paging;
};

struct children_in {
    struct str parent;
    struct paging paging;
};

struct account_in {
    struct str id;
};

struct account_out {
    struct account *account;
};

struct move_in {
    struct str id, source, destination;
};

/* clang-format off */
static const struct field account_fields[] = {
    STRING(struct account,    id,            "Id",              OPTIONAL),
    STRING(struct account,    arn,           "Arn",             OPTIONAL),
    STRING(struct account,    email,         "Email",           OPTIONAL),
    STRING(struct account,    name,          "Name",            OPTIONAL),
    STRING(struct account,    status,        "Status",          OPTIONAL),
    STRING(struct account,    status,        "State",           NEWER),
    STRING(struct account,    joined_method, "JoinedMethod",    OPTIONAL),
    TIMESTAMP(struct account, joined_at,     "JoinedTimestamp", OPTIONAL),
};
static const struct shape account_shape = SHAPE("Account", struct account, account_fields);

static const struct field list_in_fields[] = {
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape =
    SHAPE("ListAccountsRequest", struct list_in, list_in_fields);

static const struct field children_in_fields[] = {
    STRING(struct children_in, parent, "ParentId", REQUIRED, LENGTH(0, 100)),
    PAGING_FIELDS(struct children_in, paging),
};
static const struct shape children_in_shape =
    SHAPE("ListAccountsForParentRequest", struct children_in, children_in_fields);

static const struct field account_in_fields[] = {
    STRING(struct account_in, id, "AccountId", REQUIRED, LENGTH(0, 12)),
};
static const struct shape account_in_shape =
    SHAPE("DescribeAccountRequest", struct account_in, account_in_fields);

static const struct field move_in_fields[] = {
    STRING(struct move_in, id,          "AccountId",           REQUIRED, LENGTH(0, 12)),
    STRING(struct move_in, source,      "SourceParentId",      REQUIRED, LENGTH(0, 100)),
    STRING(struct move_in, destination, "DestinationParentId", REQUIRED, LENGTH(0, 100)),
};
static const struct shape move_in_shape =
    SHAPE("MoveAccountRequest", struct move_in, move_in_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing,   items,      "Accounts",  OPTIONAL, account_shape),
    STRING(struct listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListAccountsResponse", struct listing, list_out_fields);

static const struct field account_out_fields[] = {
    STRUCT(struct account_out, account, "Account", OPTIONAL, account_shape),
};
static const struct shape account_out_shape =
    SHAPE("DescribeAccountResponse", struct account_out, account_out_fields);
/* clang-format on */

static void account_view(struct arena *a, const struct organization *organization,
                         struct account *account)
{
    account->arn = organization_arn(a, organization, "account", account->id);
}

/* A member of the organization, once it is made. Outcome: ORG_ACCOUNT_NOT_FOUND. */
static int find(struct op *op, const struct organization *organization, struct str id,
                struct account *ret)
{
    int found = account_get(op->db, op->arena, id, ret);
    if (found == DB_NO_ROW || (found == 0 && (!str_eq(ret->organization, organization->id) ||
                                              str_eq(ret->status, S("CREATING")))))
        return op_fail(op, ORG_ACCOUNT_NOT_FOUND, "You specified an account that doesn't exist.");
    TRY(found);
    account_view(op->arena, organization, ret);
    return 0;
}

static int list(struct op *op, const struct organization *organization, struct str parent,
                const struct paging *paging, struct listing *out)
{
    struct account *accounts;
    struct str after;

    PASS(listing_start(op, paging, &after));
    TRY(account_list(op->db, op->arena, organization->id, parent, after, paging->max_results + 1,
                     &accounts, &out->items.count));
    for (size_t i = 0; i < out->items.count; i++)
        account_view(op->arena, organization, &accounts[i]);
    out->items.items = accounts;
    listing_end(op, paging, sizeof(struct account), offsetof(struct account, id), out);
    return 0;
}

static int list_accounts(struct op *op, const struct list_in *in, struct listing *out)
{
    struct organization organization;

    PASS(organization_managed(op, &organization));
    PASS(list(op, &organization, (struct str){ 0 }, &in->paging, out));
    return 0;
}
OP_HANDLER(list_accounts)

/* Direct children only, never those of nested units. */
static int list_accounts_for_parent(struct op *op, const struct children_in *in,
                                    struct listing *out)
{
    struct organization organization;

    PASS(organization_managed(op, &organization));
    PASS(unit_check_parent(op, &organization, in->parent, ORG_PARENT_NOT_FOUND));
    PASS(list(op, &organization, in->parent, &in->paging, out));
    return 0;
}
OP_HANDLER(list_accounts_for_parent)

static int describe_account(struct op *op, const struct account_in *in, struct account_out *out)
{
    struct organization organization;

    PASS(organization_managed(op, &organization));
    out->account = arena_new(op->arena, struct account);
    PASS(find(op, &organization, in->id, out->account));
    return 0;
}
OP_HANDLER(describe_account)

static struct str account_resource(struct op *op, const void *in)
{
    const struct account_in *named = in;
    struct organization organization;

    if (organization_of_caller(op, &organization) != 0)
        return S("*");
    return organization_arn(op->arena, &organization, "account", named->id);
}

/* "organizations:MoveAccount" is asked of the account and of both parents. */
static int authorize_move(struct op *op, const struct organization *organization,
                          const struct move_in *in)
{
    const struct str resources[] = {
        organization_arn(op->arena, organization, "account", in->id),
        unit_parent_arn(op->arena, organization, in->source),
        unit_parent_arn(op->arena, organization, in->destination),
    };

    for (size_t i = 0; i < ARRAY_LEN(resources); i++)
        PASS(op_may(op, S("organizations:MoveAccount"), resources[i]));
    return 0;
}

static int move_account(struct op *op, const struct move_in *in, struct nothing *out)
{
    struct organization organization;
    struct account account;
    (void)out;

    PASS(organization_managed(op, &organization));
    PASS(authorize_move(op, &organization, in));
    PASS(find(op, &organization, in->id, &account));
    PASS(unit_check_parent(op, &organization, in->source, ORG_SOURCE_NOT_FOUND));
    PASS(unit_check_parent(op, &organization, in->destination, ORG_DESTINATION_NOT_FOUND));
    if (str_eq(account.parent, in->destination))
        return op_fail(op, ORG_DUPLICATE_ACCOUNT,
                       "That account is already present in the specified destination.");
    if (!str_eq(account.parent, in->source))
        return op_fail(op, ORG_SOURCE_NOT_FOUND, "The account is not in the specified source.");
    TRY(account_move(op->db, account.id, in->destination));
    return 0;
}
OP_HANDLER(move_account)

/* clang-format off */
const struct operation account_operations[] = {
    OP("ListAccounts", list_accounts, list_in_shape, list_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE)),
    OP("ListAccountsForParent", list_accounts_for_parent, children_in_shape, list_out_shape,
       OP_READS, RAISES(ORG_NOT_IN_USE, ORG_PARENT_NOT_FOUND)),
    OP("DescribeAccount", describe_account, account_in_shape, account_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE, ORG_ACCOUNT_NOT_FOUND), .resource = account_resource),
    OP("MoveAccount", move_account, move_in_shape, shape_nothing, OP_WRITES | OP_OWN_AUTH,
       RAISES(ORG_NOT_IN_USE, ORG_ACCOUNT_NOT_FOUND, ORG_SOURCE_NOT_FOUND,
              ORG_DESTINATION_NOT_FOUND, ORG_DUPLICATE_ACCOUNT)),
    OP_END,
};
/* clang-format on */
