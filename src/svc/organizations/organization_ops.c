/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/organization.h"

#include "base/crypto.h"

#include "svc/organizations/account.h"
#include "svc/organizations/errors.h"
#include "svc/organizations/listing.h"
#include "svc/organizations/operations.h"

struct create_in {
    struct str feature_set;
};

struct policy_type {
    struct str type, status;
};

struct organization_view {
    struct str id, arn, feature_set, account_arn, account, email;
    struct list policy_types;
};

struct organization_out {
    struct organization_view *organization;
};

struct root_view {
    struct str id, arn, name;
    struct list policy_types;
};

struct roots_in {
    struct paging paging;
};

static const char *const feature_sets[] = { "ALL", "CONSOLIDATED_BILLING", NULL };

/* clang-format off */
static const struct field create_in_fields[] = {
    STRING(struct create_in, feature_set, "FeatureSet", OPTIONAL, .values = feature_sets),
};
static const struct shape create_in_shape =
    SHAPE("CreateOrganizationRequest", struct create_in, create_in_fields);

static const struct field policy_type_fields[] = {
    STRING(struct policy_type, type,   "Type",   OPTIONAL),
    STRING(struct policy_type, status, "Status", OPTIONAL),
};
static const struct shape policy_type_shape =
    SHAPE("PolicyTypeSummary", struct policy_type, policy_type_fields);

static const struct field organization_fields[] = {
    STRING(struct organization_view, id,           "Id",                   OPTIONAL),
    STRING(struct organization_view, arn,          "Arn",                  OPTIONAL),
    STRING(struct organization_view, feature_set,  "FeatureSet",           OPTIONAL),
    STRING(struct organization_view, account_arn,  "MasterAccountArn",     OPTIONAL),
    STRING(struct organization_view, account,      "MasterAccountId",      OPTIONAL),
    STRING(struct organization_view, email,        "MasterAccountEmail",   OPTIONAL),
    LIST(struct organization_view,   policy_types, "AvailablePolicyTypes", OPTIONAL, policy_type_shape),
};
static const struct shape organization_shape =
    SHAPE("Organization", struct organization_view, organization_fields);

static const struct field organization_out_fields[] = {
    STRUCT(struct organization_out, organization, "Organization", OPTIONAL, organization_shape),
};
static const struct shape organization_out_shape =
    SHAPE("DescribeOrganizationResponse", struct organization_out, organization_out_fields);

static const struct field roots_in_fields[] = {
    PAGING_FIELDS(struct roots_in, paging),
};
static const struct shape roots_in_shape =
    SHAPE("ListRootsRequest", struct roots_in, roots_in_fields);

static const struct field root_fields[] = {
    STRING(struct root_view, id,           "Id",          OPTIONAL),
    STRING(struct root_view, arn,          "Arn",         OPTIONAL),
    STRING(struct root_view, name,         "Name",        OPTIONAL),
    LIST(struct root_view,   policy_types, "PolicyTypes", OPTIONAL, policy_type_shape),
};
static const struct shape root_shape = SHAPE("Root", struct root_view, root_fields);

static const struct field roots_out_fields[] = {
    LIST(struct listing,   items,      "Roots",     OPTIONAL, root_shape),
    STRING(struct listing, next_token, "NextToken", OPTIONAL),
};
static const struct shape roots_out_shape =
    SHAPE("ListRootsResponse", struct listing, roots_out_fields);
/* clang-format on */

/* There is a list, and nothing in it: no kind of policy is enabled. */
static struct list no_policy_types(struct op *op)
{
    return (struct list){ arena_new(op->arena, struct policy_type), 0 };
}

static int view(struct op *op, const struct organization *organization,
                struct organization_out *out)
{
    struct organization_view *v = arena_new(op->arena, struct organization_view);
    struct account account;

    TRY(account_get(op->db, op->arena, organization->management_account, &account));
    *v = (struct organization_view){
        .id = organization->id,
        .arn = arena_fmt(op->arena, "arn:aws:organizations::%.*s:organization/%.*s",
                         STR(organization->management_account), STR(organization->id)),
        .feature_set = S("ALL"),
        .account_arn = organization_arn(op->arena, organization, "account", account.id),
        .account = account.id,
        .email = account.email,
        .policy_types = no_policy_types(op),
    };
    out->organization = v;
    return 0;
}

static const char lower_alphabet[] = "abcdefghijklmnopqrstuvwxyz0123456789";

static int create_organization(struct op *op, const struct create_in *in,
                               struct organization_out *out)
{
    struct account account;

    if (str_eq(in->feature_set, S("CONSOLIDATED_BILLING")))
        return op_fail(op, OP_UNSUPPORTED, "Only the feature set ALL is supported.");
    TRY(account_get(op->db, op->arena, op->account, &account));
    if (str_is_set(account.organization))
        return op_fail(op, ORG_ALREADY_IN_ORGANIZATION,
                       "The AWS account is already a member of an organization.");

    struct organization organization = {
        .id = arena_fmt(op->arena, "o-%.*s", STR(random_text(op->arena, 10, lower_alphabet))),
        .management_account = op->account,
        .root = arena_fmt(op->arena, "r-%.*s", STR(random_text(op->arena, 4, lower_alphabet))),
        .created_at = op->now,
    };
    TRY(organization_insert(op->db, &organization));
    TRY(account_join(op->db, op->account, organization.id, organization.root, op->now));
    TRY(view(op, &organization, out));
    return 0;
}
OP_HANDLER(create_organization)

/* Any member may know which organization it is in. */
static int describe_organization(struct op *op, const struct nothing *in,
                                 struct organization_out *out)
{
    struct organization organization;
    (void)in;

    PASS(organization_of_caller(op, &organization));
    TRY(view(op, &organization, out));
    return 0;
}
OP_HANDLER(describe_organization)

static int list_roots(struct op *op, const struct roots_in *in, struct listing *out)
{
    struct organization organization;
    struct root_view *root = arena_new(op->arena, struct root_view);
    struct str after;

    PASS(page_open(op, in->paging.next_token, &after));
    PASS(organization_managed(op, &organization));
    *root = (struct root_view){
        .id = organization.root,
        .arn = organization_arn(op->arena, &organization, "root", organization.root),
        .name = S("Root"),
        .policy_types = no_policy_types(op),
    };
    out->items = (struct list){ root, 1 };
    return 0;
}
OP_HANDLER(list_roots)

/* clang-format off */
const struct operation organization_operations[] = {
    OP("CreateOrganization", create_organization, create_in_shape, organization_out_shape,
       OP_WRITES, RAISES(ORG_ALREADY_IN_ORGANIZATION)),
    OP("DescribeOrganization", describe_organization, shape_nothing, organization_out_shape,
       OP_READS, RAISES(ORG_NOT_IN_USE)),
    OP("ListRoots", list_roots, roots_in_shape, roots_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE)),
    OP_END,
};
/* clang-format on */
