/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM: who there is in an account and what each may do. Others reach it through
 * what is named here, never through its tables.
 */
#pragma once

#include "api/ports.h"
#include "api/service.h"

extern const struct service iam_service;
extern const struct identity_port iam_identity;

struct bootstrap_keys {
    struct str root_key, root_secret;   /* the account's root user */
    struct str admin_key, admin_secret; /* an IAM user with AdministratorAccess */
    struct str admin_name;
};

/* The first keys of a new account, or new ones where all were lost: the root user's
 * key and that of the user `admin`, who is made if need be. Needs a write. */
MUST_CHECK int iam_bootstrap(struct op *op, struct str account, struct bootstrap_keys *ret);
