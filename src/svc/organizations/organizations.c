/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/organizations/organizations.h"

#include "svc/organizations/account.h"
#include "svc/organizations/creation.h"
#include "svc/organizations/errors.h"
#include "svc/organizations/operations.h"
#include "svc/organizations/schema.h"

static const struct operation *const nouns[] = {
    organization_operations, account_operations, creation_operations,
    unit_operations,         tree_operations,    NULL,
};

static const struct task_kind tasks[] = {
    { .name = CREATION_TASK,
      .perform = creation_perform,
      .settle = creation_settle,
      .max_attempts = 8 },
    { .name = NULL },
};

const struct service organizations_service = {
    .name = "organizations",
    .target_prefix = "AWSOrganizationsV20161128",
    .protocol = PROTOCOL_JSON_1_1,
    .is_global = true,
    .nouns = nouns,
    .errors = organizations_errors,
    .n_errors = ORG_N_ERRORS,
    .tasks = tasks,
    .schema = &organizations_schema,
};

int organizations_create_standalone(struct op *op, struct str account, struct str name)
{
    struct account row = {
        .id = account,
        .name = name,
        .email = arena_fmt(op->arena, "account-%.*s@example.invalid", STR(account)),
        .status = S("ACTIVE"),
        .joined_method = S("INVITED"),
        .joined_at = op->now,
    };

    TRY(account_insert(op->db, &row));
    return 0;
}

int organizations_count(struct op *op, int64_t *ret)
{
    TRY(account_count(op->db, (struct str){ 0 }, ret));
    return 0;
}

int organizations_first_account(struct op *op, struct str *ret)
{
    TRY(account_first(op->db, op->arena, ret));
    return 0;
}
