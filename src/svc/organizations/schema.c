/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Organizations' tables. An account without an organization stands alone. While an
 * account is being made its status is CREATING, and only the directory knows it.
 */
#include "svc/organizations/schema.h"

static const char tree_sql[] =
    "CREATE TABLE org_organization ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  management_account TEXT NOT NULL UNIQUE,"
    "  root TEXT NOT NULL UNIQUE,"
    "  created_at INTEGER NOT NULL"
    ");"
    "CREATE TABLE org_unit ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  organization TEXT NOT NULL,"
    "  parent TEXT NOT NULL,"
    "  name TEXT NOT NULL,"
    "  UNIQUE (parent, name)"
    ");"
    "CREATE TABLE org_account ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  name TEXT NOT NULL,"
    "  email TEXT NOT NULL UNIQUE,"
    "  status TEXT NOT NULL,"
    "  organization TEXT,"
    "  parent TEXT,"
    "  joined_method TEXT NOT NULL,"
    "  joined_at INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL"
    ");"
    "CREATE INDEX org_account_parent ON org_account (parent, id);"
    "CREATE INDEX org_account_organization ON org_account (organization, id);";

static const char creation_sql[] =
    "CREATE TABLE org_creation ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  organization TEXT NOT NULL,"
    "  account_name TEXT NOT NULL,"
    "  account TEXT,"
    "  role_name TEXT NOT NULL,"
    "  state TEXT NOT NULL,"
    "  failure TEXT,"
    "  requested_at INTEGER NOT NULL,"
    "  completed_at INTEGER"
    ");"
    "CREATE INDEX org_creation_organization ON org_creation (organization, id);";

static const struct migration migrations[] = {
    { tree_sql },
    { creation_sql },
};

const struct schema organizations_schema = { "organizations", migrations, ARRAY_LEN(migrations) };
