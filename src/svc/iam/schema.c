/* SPDX-License-Identifier: Apache-2.0 */
/*
 * IAM's tables. Names are unique whatever their case, hence `folded`. Policies,
 * attachments and access keys belong to the unique id of a user or role (AIDA...,
 * AROA...), or to the account for its root user: a rename moves nothing, and
 * somebody new of the same name inherits nothing.
 */
#include "svc/iam/schema.h"

/* One row an account: bumped by every write, it names a generation of policies. */
static const char epoch_sql[] = "CREATE TABLE iam_epoch ("
                                "  account TEXT NOT NULL PRIMARY KEY,"
                                "  epoch INTEGER NOT NULL"
                                ");";

static const char entity_sql[] = "CREATE TABLE iam_user ("
                                 "  account TEXT NOT NULL,"
                                 "  name TEXT NOT NULL,"
                                 "  folded TEXT NOT NULL,"
                                 "  path TEXT NOT NULL,"
                                 "  id TEXT NOT NULL UNIQUE,"
                                 "  boundary TEXT,"
                                 "  created_at INTEGER NOT NULL,"
                                 "  PRIMARY KEY (account, name),"
                                 "  UNIQUE (account, folded)"
                                 ");"
                                 "CREATE TABLE iam_role ("
                                 "  account TEXT NOT NULL,"
                                 "  name TEXT NOT NULL,"
                                 "  folded TEXT NOT NULL,"
                                 "  path TEXT NOT NULL,"
                                 "  id TEXT NOT NULL UNIQUE,"
                                 "  boundary TEXT,"
                                 "  created_at INTEGER NOT NULL,"
                                 "  trust TEXT NOT NULL,"
                                 "  description TEXT,"
                                 "  max_session INTEGER NOT NULL,"
                                 "  PRIMARY KEY (account, name),"
                                 "  UNIQUE (account, folded)"
                                 ");"
                                 "CREATE TABLE iam_access_key ("
                                 "  id TEXT NOT NULL PRIMARY KEY,"
                                 "  account TEXT NOT NULL,"
                                 "  owner TEXT NOT NULL,"
                                 "  sealed BLOB NOT NULL,"
                                 "  status TEXT NOT NULL,"
                                 "  created_at INTEGER NOT NULL"
                                 ");"
                                 "CREATE INDEX iam_access_key_owner ON iam_access_key (owner);";

static const char policy_sql[] =
    "CREATE TABLE iam_inline_policy ("
    "  owner TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  document TEXT NOT NULL,"
    "  PRIMARY KEY (owner, name)"
    ");"
    "CREATE TABLE iam_attachment ("
    "  account TEXT NOT NULL,"
    "  owner TEXT NOT NULL,"
    "  policy TEXT NOT NULL," /* its ARN */
    "  PRIMARY KEY (owner, policy)"
    ");"
    "CREATE INDEX iam_attachment_policy ON iam_attachment (policy, account);"
    "CREATE TABLE iam_policy ("
    "  arn TEXT NOT NULL PRIMARY KEY,"
    "  account TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  folded TEXT NOT NULL,"
    "  path TEXT NOT NULL,"
    "  id TEXT NOT NULL,"
    "  description TEXT,"
    "  default_version INTEGER NOT NULL,"
    "  last_version INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  updated_at INTEGER NOT NULL,"
    "  UNIQUE (account, folded)"
    ");"
    "CREATE TABLE iam_policy_version ("
    "  policy TEXT NOT NULL,"
    "  version INTEGER NOT NULL,"
    "  document TEXT NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  PRIMARY KEY (policy, version)"
    ");";

static const struct migration migrations[] = {
    { epoch_sql },
    { entity_sql },
    { policy_sql },
};

const struct schema iam_schema = { "iam", migrations, ARRAY_LEN(migrations) };
