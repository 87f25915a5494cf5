/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Managed policies: an account's own, with up to five versions, and AWS's
 * predefined ones, which every account has and nobody can change.
 */
#pragma once

#include "store/db.h"
#include "svc/iam/view.h"

#define POLICIES_PER_ACCOUNT 1500
#define VERSIONS_PER_POLICY  5

struct managed {
    struct str name, path, id, arn, description;
    int64_t default_version, last_version;
    int64_t n_attached, n_boundaries; /* in the account that asks */
    msec created_at, updated_at;
    /* Of answers only: */
    struct str default_id; /* "v1" */
    bool is_attachable;
    struct list tags;
};

struct managed_version {
    int64_t version;
    struct str document;
    msec created_at;
    bool is_default;
    /* Of answers only: */
    struct str id, encoded;
};

/* --- rules ---------------------------------------------------------------- */

struct managed_name {
    struct str path, name;
};

/* Of an ARN: "/service-role/" and what follows. */
struct managed_name managed_name(struct str arn);

/* AWS's or the account's own of that ARN. Outcome: DB_NO_ROW. */
MUST_CHECK int managed_get(struct db *db, struct arena *a, struct str account, struct str arn,
                           struct managed *ret);

/* Version 0 is the default one. Outcome: DB_NO_ROW. */
MUST_CHECK int managed_document(struct db *db, struct arena *a, struct str arn, int64_t version,
                                struct managed_version *ret);

/* managed_get() for handlers. Outcome: IAM_NO_SUCH_ENTITY, with the sentence. */
MUST_CHECK int managed_must_get(struct op *op, struct str arn, struct managed *ret);

/* Of a permissions boundary. Outcome: IAM_INVALID_INPUT, with the sentence. */
MUST_CHECK int managed_must_exist(struct op *op, struct str arn);

/* One that the account may change. Outcomes: IAM_NO_SUCH_ENTITY, IAM_INVALID_INPUT. */
MUST_CHECK int managed_must_own(struct op *op, struct str arn, struct managed *ret);

/* Of requests that start with the ARN of a policy. */
struct str managed_resource(struct op *op, const void *in);

/* --- rows of an account's own --------------------------------------------- */

MUST_CHECK int policy_row_get(struct db *db, struct arena *a, struct str account, struct str arn,
                              struct managed *ret); /* DB_NO_ROW */
MUST_CHECK int policy_row_list(struct db *db, struct arena *a, struct str account,
                               struct managed **ret, size_t *ret_count); /* by name */
MUST_CHECK int policy_row_count(struct db *db, struct str account, int64_t *ret);
MUST_CHECK int policy_row_insert(struct db *db, struct str account,
                                 const struct managed *policy);                /* DB_CONFLICT */
MUST_CHECK int policy_row_update(struct db *db, const struct managed *policy); /* versions */
MUST_CHECK int policy_row_delete(struct db *db, struct str arn); /* with its versions */

/* How often an account uses a policy, its own or AWS's. */
MUST_CHECK int policy_usage(struct db *db, struct str account, struct str arn,
                            int64_t *ret_attached, int64_t *ret_boundaries);

MUST_CHECK int version_row_list(struct db *db, struct arena *a, struct str policy,
                                struct managed_version **ret, size_t *ret_count);
MUST_CHECK int version_row_get(struct db *db, struct arena *a, struct str policy, int64_t version,
                               struct managed_version *ret); /* 0: default; DB_NO_ROW */
MUST_CHECK int version_row_insert(struct db *db, struct str policy,
                                  const struct managed_version *version);
MUST_CHECK int version_row_delete(struct db *db, struct str policy, int64_t version);
