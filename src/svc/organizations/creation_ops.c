/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/creation.h"

#include "api/tags.h"
#include "base/crypto.h"

#include "svc/organizations/account.h"
#include "svc/organizations/errors.h"
#include "svc/organizations/listing.h"
#include "svc/organizations/operations.h"
#include "svc/organizations/organization.h"

struct create_in {
    struct str email, name, role_name, billing;
    struct list tags;
};

struct status_in {
    struct str id;
};

struct list_in {
    struct strs states;
    struct paging paging;
};

struct status_view {
    struct str id, account_name, state, account, failure;
    msec requested_at, completed_at;
};

struct status_out {
    struct status_view *status;
};

static const char *const billing_access[] = { "ALLOW", "DENY", NULL };
static const char *const states[] = { "IN_PROGRESS", "SUCCEEDED", "FAILED", NULL };

static bool email_is_valid(struct str s)
{
    struct str local, domain;

    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] == ' ' || (s.p[i] >= '\t' && s.p[i] <= '\r'))
            return false;
    if (!str_cut(s, '@', &local, &domain) || local.len == 0 || str_find(domain, '@') >= 0)
        return false;
    ptrdiff_t dot = str_rfind(domain, '.');
    return dot > 0 && (size_t)dot + 1 < domain.len;
}

static bool account_name_is_valid(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7e)
            return false;
    return true;
}

static bool role_name_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, "_+=,.@-");
}

/* clang-format off */
static const struct field create_in_fields[] = {
    STRING(struct create_in, email,     "Email",       REQUIRED | SENSITIVE, LENGTH(6, 64),
           .matches = email_is_valid, .pattern = "[^\\s@]+@[^\\s@]+\\.[^\\s@]+"),
    STRING(struct create_in, name,      "AccountName", REQUIRED | SENSITIVE, LENGTH(1, 50),
           .matches = account_name_is_valid, .pattern = "[\\u0020-\\u007E]+"),
    STRING(struct create_in, role_name, "RoleName",    OPTIONAL, LENGTH(0, 64),
           .matches = role_name_is_valid, .pattern = "[\\w+=,.@-]{1,64}"),
    STRING(struct create_in, billing,   "IamUserAccessToBilling", OPTIONAL, .values = billing_access),
    LIST(struct create_in,   tags,      "Tags",        OPTIONAL, tag_shape),
};
static const struct shape create_in_shape =
    SHAPE("CreateAccountRequest", struct create_in, create_in_fields);

static const struct field status_in_fields[] = {
    STRING(struct status_in, id, "CreateAccountRequestId", REQUIRED, LENGTH(0, 36)),
};
static const struct shape status_in_shape =
    SHAPE("DescribeCreateAccountStatusRequest", struct status_in, status_in_fields);

static const struct field list_in_fields[] = {
    STRINGS(struct list_in, states, "States", OPTIONAL, .values = states),
    PAGING_FIELDS(struct list_in, paging),
};
static const struct shape list_in_shape =
    SHAPE("ListCreateAccountStatusRequest", struct list_in, list_in_fields);

static const struct field status_fields[] = {
    STRING(struct status_view,    id,           "Id",                 OPTIONAL),
    STRING(struct status_view,    account_name, "AccountName",        OPTIONAL),
    STRING(struct status_view,    state,        "State",              OPTIONAL),
    TIMESTAMP(struct status_view, requested_at, "RequestedTimestamp", OPTIONAL),
    TIMESTAMP(struct status_view, completed_at, "CompletedTimestamp", OPTIONAL),
    STRING(struct status_view,    account,      "AccountId",          OPTIONAL),
    STRING(struct status_view,    failure,      "FailureReason",      OPTIONAL),
};
static const struct shape status_shape =
    SHAPE("CreateAccountStatus", struct status_view, status_fields);

static const struct field status_out_fields[] = {
    STRUCT(struct status_out, status, "CreateAccountStatus", OPTIONAL, status_shape),
};
static const struct shape status_out_shape =
    SHAPE("CreateAccountResponse", struct status_out, status_out_fields);

static const struct field list_out_fields[] = {
    LIST(struct listing,   items,      "CreateAccountStatuses", OPTIONAL, status_shape),
    STRING(struct listing, next_token, "NextToken",             OPTIONAL),
};
static const struct shape list_out_shape =
    SHAPE("ListCreateAccountStatusResponse", struct listing, list_out_fields);
/* clang-format on */

/* The account's id is told once the account is there. */
static struct status_view view(const struct creation *c)
{
    bool done = str_eq(c->state, S("SUCCEEDED"));

    return (struct status_view){
        .id = c->id,
        .account_name = c->account_name,
        .state = c->state,
        .account = done ? c->account : (struct str){ 0 },
        .failure = c->failure,
        .requested_at = c->requested_at,
        .completed_at = c->completed_at ? c->completed_at : UNSET,
    };
}

/* Twelve digits that no account has. */
static int new_account_id(struct op *op, struct str *ret)
{
    struct account taken;
    int found;

    do {
        *ret = arena_fmt(op->arena, "%.*s%.*s", STR(random_text(op->arena, 1, "123456789")),
                         STR(random_text(op->arena, 11, "0123456789")));
        found = account_get(op->db, op->arena, *ret, &taken);
    } while (found == 0);
    if (found != DB_NO_ROW)
        TRY(found);
    return 0;
}

/* Outcomes: OP_UNSUPPORTED, ORG_CONSTRAINT_VIOLATION. */
static int check_new(struct op *op, const struct organization *organization,
                     const struct create_in *in)
{
    int64_t n_accounts;

    if (str_eq(in->billing, S("DENY")))
        return op_fail(op, OP_UNSUPPORTED,
                       "There is no billing to deny access to: IamUserAccessToBilling can only "
                       "be ALLOW.");
    TRY(account_count(op->db, organization->id, &n_accounts));
    if (n_accounts >= ACCOUNTS_PER_ORGANIZATION)
        return op_fail(op, ORG_CONSTRAINT_VIOLATION,
                       "You have exceeded the allowed number of AWS accounts (%d).",
                       ACCOUNTS_PER_ORGANIZATION);
    return 0;
}

/* Writes the account down, to be made by the task. */
static int begin(struct op *op, const struct organization *organization, const struct create_in *in,
                 struct creation *creation)
{
    PASS(new_account_id(op, &creation->account));
    struct account account = {
        .id = creation->account,
        .name = in->name,
        .email = in->email,
        .status = S("CREATING"),
        .organization = organization->id,
        .parent = organization->root,
        .joined_method = S("CREATED"),
        .joined_at = op->now,
    };
    TRY(account_insert(op->db, &account));
    struct tagged what = {
        .arn = organization_arn(op->arena, organization, "account", account.id),
        .account = op->account,
        .region = S(""),
        .type = S("AWS::Organizations::Account"),
    };
    PASS(tags_put(op, &what, in->tags.items, in->tags.count));
    TRY(task_add(op, &(struct task){ .kind = S(CREATION_TASK), .key = creation->id }));
    return 0;
}

static int create_account(struct op *op, const struct create_in *in, struct status_out *out)
{
    struct organization organization;
    bool is_taken;

    PASS(organization_managed(op, &organization));
    PASS(check_new(op, &organization, in));

    struct creation creation = {
        .id = arena_fmt(op->arena, "car-%.*s", STR(random_hex(op->arena, 32))),
        .organization = organization.id,
        .account_name = in->name,
        .role_name = str_is_set(in->role_name) ? in->role_name : S("OrganizationAccountAccessRole"),
        .state = S("IN_PROGRESS"),
        .requested_at = op->now,
    };
    TRY(account_has_email(op->db, in->email, &is_taken));
    if (is_taken) { /* as AWS: the request is good, what comes of it is a failure */
        creation.state = S("FAILED");
        creation.failure = S("EMAIL_ALREADY_EXISTS");
        creation.completed_at = op->now;
    } else {
        PASS(begin(op, &organization, in, &creation));
    }
    TRY(creation_insert(op->db, &creation));
    out->status = arena_new(op->arena, struct status_view);
    *out->status = view(&creation);
    return 0;
}
OP_HANDLER(create_account)

static int describe_status(struct op *op, const struct status_in *in, struct status_out *out)
{
    struct organization organization;
    struct creation creation;

    PASS(organization_managed(op, &organization));
    int found = creation_get(op->db, op->arena, in->id, &creation);
    if (found == DB_NO_ROW || (found == 0 && !str_eq(creation.organization, organization.id)))
        return op_fail(op, ORG_CREATION_NOT_FOUND,
                       "We can't find a create account request with the "
                       "CreateAccountRequestId that you specified.");
    TRY(found);
    out->status = arena_new(op->arena, struct status_view);
    *out->status = view(&creation);
    return 0;
}
OP_HANDLER(describe_status)

static int list_statuses(struct op *op, const struct list_in *in, struct listing *out)
{
    struct organization organization;
    struct creation *creations;
    struct str after;
    bool wanted[3];

    PASS(listing_start(op, &in->paging, &after));
    PASS(organization_managed(op, &organization));
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        wanted[i] = in->states.count == 0 || strs_have(in->states, str_of(states[i]));
    TRY(creation_list(op->db, op->arena, organization.id, wanted, after, in->paging.max_results + 1,
                      &creations, &out->items.count));

    struct status_view *views = arena_array(op->arena, struct status_view, out->items.count + 1);
    for (size_t i = 0; i < out->items.count; i++)
        views[i] = view(&creations[i]);
    out->items.items = views;
    listing_end(op, &in->paging, sizeof(*views), offsetof(struct status_view, id), out);
    return 0;
}
OP_HANDLER(list_statuses)

/* clang-format off */
const struct operation creation_operations[] = {
    OP("CreateAccount", create_account, create_in_shape, status_out_shape, OP_WRITES,
       RAISES(ORG_NOT_IN_USE, ORG_CONSTRAINT_VIOLATION)),
    OP("DescribeCreateAccountStatus", describe_status, status_in_shape, status_out_shape,
       OP_READS, RAISES(ORG_NOT_IN_USE, ORG_CREATION_NOT_FOUND)),
    OP("ListCreateAccountStatus", list_statuses, list_in_shape, list_out_shape, OP_READS,
       RAISES(ORG_NOT_IN_USE)),
    OP_END,
};
/* clang-format on */
