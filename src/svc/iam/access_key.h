/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Long-lived access keys of users and of an account's root user. The secret is
 * sealed with the plane's master key and tied to the key's id; it is told once.
 */
#pragma once

#include "api/ports.h"

#define ACCESS_KEYS_PER_OWNER 2

struct access_key {
    struct str id, account;
    struct str owner; /* the user's unique id; the account for root */
    struct str status;
    struct str user_name; /* absent for root */
    msec created_at;
    struct str secret; /* only in the answer to CreateAccessKey */
};

/* Outcome: DB_NO_ROW. */
MUST_CHECK int access_key_get(struct db *db, struct arena *a, struct str id,
                              struct access_key *ret);

/* What a signature is checked with, in one look. */
struct access_key_use {
    struct str account, owner, status, sealed;
    struct str user_name, user_arn; /* absent for root, and where the user is gone */
    struct str secret;
};

/* Outcome: DB_NO_ROW, also where the secret was not sealed with this master key. */
MUST_CHECK int access_key_use(struct db *db, struct arena *a, const uint8_t *master_key,
                              struct str id, struct access_key_use *ret);

/* All of an owner's, by id. */
MUST_CHECK int access_key_list(struct db *db, struct arena *a, struct str owner,
                               struct access_key **ret, size_t *ret_count);
MUST_CHECK int access_key_count(struct db *db, struct str owner, int64_t *ret);
MUST_CHECK int access_key_set_status(struct db *db, struct str id, struct str status);
MUST_CHECK int access_key_delete(struct db *db, struct str id);

/* Makes id and secret of *key (which names account and owner) and stores it. */
MUST_CHECK int access_key_new(struct op *op, struct access_key *key);
