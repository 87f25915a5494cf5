/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/managed.h"

#define POLICY                                                                                     \
    "p.arn, p.name, p.path, p.id, p.description, p.default_version, p.last_version,"               \
    " p.created_at, p.updated_at,"                                                                 \
    " (SELECT COUNT(*) FROM iam_attachment t WHERE t.policy = p.arn) AS n_attached,"               \
    " (SELECT COUNT(*) FROM iam_user u WHERE u.account = p.account AND u.boundary = p.arn)"        \
    " + (SELECT COUNT(*) FROM iam_role r WHERE r.account = p.account AND r.boundary = p.arn)"      \
    " AS n_boundaries"                                                                             \
    " FROM iam_policy p"

static const struct column columns[] = {
    COL_STR(struct managed, arn),          COL_STR(struct managed, name),
    COL_STR(struct managed, path),         COL_STR(struct managed, id),
    COL_STR(struct managed, description),  COL_I64(struct managed, default_version),
    COL_I64(struct managed, last_version), COL_I64(struct managed, created_at),
    COL_I64(struct managed, updated_at),   COL_I64(struct managed, n_attached),
    COL_I64(struct managed, n_boundaries),
};
static const struct mapping mapping = MAPPING(struct managed, columns);

int policy_row_get(struct db *db, struct arena *a, struct str account, struct str arn,
                   struct managed *ret)
{
    PASS(db_one(db, a, &mapping, ret, "SELECT " POLICY " WHERE p.arn = $1 AND p.account = $2",
                ARGS(V(arn), V(account))));
    return 0;
}

int policy_row_list(struct db *db, struct arena *a, struct str account, struct managed **ret,
                    size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &mapping, &items, ret_count,
               "SELECT " POLICY " WHERE p.account = $1 ORDER BY p.name LIMIT $2",
               ARGS(V(account), V(POLICIES_PER_ACCOUNT))));
    *ret = items;
    return 0;
}

int policy_row_count(struct db *db, struct str account, int64_t *ret)
{
    TRY(db_int(db, ret, "SELECT COUNT(*) FROM iam_policy WHERE account = $1", ARGS(V(account))));
    return 0;
}

int policy_row_insert(struct db *db, struct str account, const struct managed *policy)
{
    PASS(db_exec(db, NULL,
                 "INSERT INTO iam_policy (arn, account, name, folded, path, id, description,"
                 " default_version, last_version, created_at, updated_at)"
                 " VALUES ($1, $2, $3, lower($3), $4, $5, $6, $7, $8, $9, $9)",
                 ARGS(V(policy->arn), V(account), V(policy->name), V(policy->path), V(policy->id),
                      V(policy->description), V(policy->default_version), V(policy->last_version),
                      V(policy->created_at))));
    return 0;
}

int policy_row_update(struct db *db, const struct managed *policy)
{
    TRY(db_exec(db, NULL,
                "UPDATE iam_policy SET default_version = $2, last_version = $3, updated_at = $4"
                " WHERE arn = $1",
                ARGS(V(policy->arn), V(policy->default_version), V(policy->last_version),
                     V(policy->updated_at))));
    return 0;
}

int policy_row_delete(struct db *db, struct str arn)
{
    TRY(db_exec(db, NULL, "DELETE FROM iam_policy_version WHERE policy = $1", ARGS(V(arn))));
    TRY(db_exec(db, NULL, "DELETE FROM iam_policy WHERE arn = $1", ARGS(V(arn))));
    return 0;
}

int policy_usage(struct db *db, struct str account, struct str arn, int64_t *ret_attached,
                 int64_t *ret_boundaries)
{
    TRY(db_int(db, ret_attached,
               "SELECT COUNT(*) FROM iam_attachment WHERE policy = $1 AND account = $2",
               ARGS(V(arn), V(account))));
    TRY(db_int(db, ret_boundaries,
               "SELECT (SELECT COUNT(*) FROM iam_user WHERE boundary = $1 AND account = $2)"
               " + (SELECT COUNT(*) FROM iam_role WHERE boundary = $1 AND account = $2)",
               ARGS(V(arn), V(account))));
    return 0;
}

/* --- versions --- */

#define VERSION                                                                                    \
    "v.version, v.document, v.created_at,"                                                         \
    " CASE WHEN v.version = p.default_version THEN 1 ELSE 0 END AS is_default"                     \
    " FROM iam_policy_version v JOIN iam_policy p ON p.arn = v.policy"

static const struct column version_columns[] = {
    COL_I64(struct managed_version, version),
    COL_STR(struct managed_version, document),
    COL_I64(struct managed_version, created_at),
    COL_BOOL(struct managed_version, is_default),
};
static const struct mapping version_mapping = MAPPING(struct managed_version, version_columns);

int version_row_list(struct db *db, struct arena *a, struct str policy,
                     struct managed_version **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(db, a, &version_mapping, &items, ret_count,
               "SELECT " VERSION " WHERE v.policy = $1 ORDER BY v.version DESC LIMIT 100",
               ARGS(V(policy))));
    *ret = items;
    return 0;
}

int version_row_get(struct db *db, struct arena *a, struct str policy, int64_t version,
                    struct managed_version *ret)
{
    PASS(db_one(db, a, &version_mapping, ret,
                "SELECT " VERSION " WHERE v.policy = $1"
                " AND v.version = CASE WHEN $2 = 0 THEN p.default_version ELSE $2 END",
                ARGS(V(policy), V(version))));
    return 0;
}

int version_row_insert(struct db *db, struct str policy, const struct managed_version *version)
{
    TRY(db_exec(
        db, NULL,
        "INSERT INTO iam_policy_version (policy, version, document, created_at)"
        " VALUES ($1, $2, $3, $4)",
        ARGS(V(policy), V(version->version), V(version->document), V(version->created_at))));
    return 0;
}

int version_row_delete(struct db *db, struct str policy, int64_t version)
{
    TRY(db_exec(db, NULL, "DELETE FROM iam_policy_version WHERE policy = $1 AND version = $2",
                ARGS(V(policy), V(version))));
    return 0;
}
