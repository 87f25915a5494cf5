/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Organizations: which accounts there are, and the tree they hang in. It owns
 * the table of all accounts, stand-alone ones too; others reach it through the
 * API's directory port.
 */
#pragma once

#include "api/ports.h"
#include "api/service.h"

extern const struct service organizations_service;
extern const struct directory_port organizations_directory;

/* --- for the first start and the administration of a data directory --- */

/* An account outside any organization. Needs a write; the account must not exist. */
MUST_CHECK int organizations_create_standalone(struct op *op, struct str account, struct str name);
MUST_CHECK int organizations_count(struct op *op, int64_t *ret);

/* The account that the first start made. */
MUST_CHECK int organizations_first_account(struct op *op, struct str *ret);
