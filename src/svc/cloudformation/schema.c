/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CloudFormation's tables. `live` is the name of what exists and NULL of what is
 * deleted, so that a name is free again while its history is kept. Parameters are
 * sealed with the master key: NoEcho ones are secrets.
 */
#include "svc/cloudformation/schema.h"

static const char stack_sql[] =
    "CREATE TABLE cfn_stack ("
    " id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,"
    " name TEXT NOT NULL, live TEXT, description TEXT, template TEXT NOT NULL,"
    " parameters TEXT NOT NULL, principal TEXT NOT NULL, role_arn TEXT,"
    " status TEXT NOT NULL, reason TEXT, on_failure TEXT NOT NULL,"
    " capabilities TEXT NOT NULL, tags TEXT NOT NULL, outputs TEXT, token TEXT,"
    " is_protected INTEGER NOT NULL, timeout_minutes INTEGER NOT NULL,"
    " created_at INTEGER NOT NULL, deleted_at INTEGER NOT NULL,"
    " UNIQUE (account, region, live));"
    "CREATE INDEX cfn_stack_by_place ON cfn_stack (account, region, created_at, id);"
    "CREATE TABLE cfn_resource ("
    " stack TEXT NOT NULL, id TEXT NOT NULL, position INTEGER NOT NULL, type TEXT NOT NULL,"
    " token TEXT NOT NULL, needs TEXT NOT NULL, policy INTEGER NOT NULL, physical TEXT,"
    " attributes TEXT, status TEXT NOT NULL, reason TEXT, made INTEGER NOT NULL,"
    " updated_at INTEGER NOT NULL, PRIMARY KEY (stack, id));"
    "CREATE TABLE cfn_event ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, stack TEXT NOT NULL,"
    " logical TEXT NOT NULL, physical TEXT, type TEXT NOT NULL, happened_at INTEGER NOT NULL,"
    " status TEXT NOT NULL, reason TEXT, properties TEXT, token TEXT);"
    "CREATE INDEX cfn_event_by_stack ON cfn_event (stack, number);";

static const char set_sql[] =
    "CREATE TABLE cfn_set ("
    " id TEXT NOT NULL PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,"
    " name TEXT NOT NULL, live TEXT, description TEXT, body TEXT NOT NULL,"
    " parameters TEXT NOT NULL, capabilities TEXT NOT NULL, tags TEXT NOT NULL,"
    " admin_role TEXT, execution_role TEXT, status TEXT NOT NULL, token TEXT,"
    " created_at INTEGER NOT NULL, UNIQUE (account, region, live));"
    "CREATE TABLE cfn_instance ("
    " stack_set TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, stack TEXT,"
    " status TEXT NOT NULL, detail TEXT NOT NULL, reason TEXT, overrides TEXT NOT NULL,"
    " operation TEXT NOT NULL, PRIMARY KEY (stack_set, account, region));"
    "CREATE TABLE cfn_operation ("
    " number INTEGER PRIMARY KEY AUTOINCREMENT, stack_set TEXT NOT NULL, id TEXT NOT NULL,"
    " action TEXT NOT NULL, state INTEGER NOT NULL, preferences TEXT NOT NULL,"
    " retain INTEGER NOT NULL, admin_role TEXT NOT NULL, execution_role TEXT NOT NULL,"
    " created_at INTEGER NOT NULL, ended_at INTEGER NOT NULL, UNIQUE (stack_set, id));"
    "CREATE TABLE cfn_result ("
    " operation INTEGER NOT NULL, position INTEGER NOT NULL, account TEXT NOT NULL,"
    " region TEXT NOT NULL, rank INTEGER NOT NULL, result INTEGER NOT NULL, reason TEXT,"
    " PRIMARY KEY (operation, position));";

static const struct migration migrations[] = {
    { stack_sql },
    { set_sql },
};

const struct schema cloudformation_schema = { "cloudformation", migrations, ARRAY_LEN(migrations) };
