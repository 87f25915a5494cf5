/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/patch/patch_schema.h"
#include "svc/ssm/ssm.h"

static const char document_sql[] = "CREATE TABLE ssm_document ("
                                   "  account TEXT NOT NULL,"
                                   "  region TEXT NOT NULL,"
                                   "  name TEXT NOT NULL,"
                                   "  type TEXT NOT NULL,"
                                   "  created_at INTEGER NOT NULL,"
                                   "  latest_version INTEGER NOT NULL,"
                                   "  default_version INTEGER NOT NULL,"
                                   "  PRIMARY KEY (account, region, name)"
                                   ");"
                                   "CREATE TABLE ssm_document_version ("
                                   "  account TEXT NOT NULL,"
                                   "  region TEXT NOT NULL,"
                                   "  name TEXT NOT NULL,"
                                   "  version INTEGER NOT NULL,"
                                   "  version_name TEXT,"
                                   "  display_name TEXT,"
                                   "  target_type TEXT,"
                                   "  format TEXT NOT NULL,"
                                   "  content TEXT NOT NULL,"
                                   "  hash TEXT NOT NULL,"
                                   "  schema_version TEXT NOT NULL,"
                                   "  description TEXT,"
                                   "  platforms TEXT NOT NULL," /* comma-separated */
                                   "  created_at INTEGER NOT NULL,"
                                   "  PRIMARY KEY (account, region, name, version)"
                                   ");";

static const char node_sql[] =
    "CREATE TABLE ssm_activation ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  code_hash TEXT NOT NULL,"
    "  description TEXT,"
    "  default_name TEXT,"
    "  role TEXT NOT NULL," /* as the client wrote it: a name, perhaps with its path */
    "  registration_limit INTEGER NOT NULL,"
    "  registrations INTEGER NOT NULL,"
    "  expires_at INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  tags TEXT NOT NULL" /* JSON, for the nodes to come */
    ");"
    "CREATE INDEX ssm_activation_by_account ON ssm_activation (account, region, id);"
    "CREATE TABLE ssm_node ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  activation_id TEXT NOT NULL,"
    "  role TEXT NOT NULL,"
    "  name TEXT,"
    "  public_key BLOB NOT NULL,"
    "  fingerprint TEXT NOT NULL,"
    "  registered_at INTEGER NOT NULL,"
    "  pinged_at INTEGER NOT NULL," /* 0: never yet */
    "  agent_name TEXT,"
    "  agent_version TEXT,"
    "  platform_type TEXT,"
    "  platform_name TEXT,"
    "  platform_version TEXT,"
    "  computer_name TEXT,"
    "  ip_address TEXT"
    ");"
    "CREATE INDEX ssm_node_by_account ON ssm_node (account, region, id);";

/* A command is one row that every report changes, kept small, and one that
 * nothing changes. An invocation is one row; a step has one once its agent has
 * spoken of it. Messages hold no payload: it is made when they are fetched. */
static const char command_sql[] =
    "CREATE TABLE ssm_command ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  document_name TEXT NOT NULL,"
    "  requested_at INTEGER NOT NULL,"
    "  expires_at INTEGER NOT NULL,"
    "  status TEXT NOT NULL,"
    "  detail TEXT NOT NULL,"
    "  is_over INTEGER NOT NULL,"
    "  state TEXT" /* of the engine; NULL until the targets are known */
    ");"
    "CREATE INDEX ssm_command_by_account ON ssm_command (account, region, requested_at, id);"
    "CREATE TABLE ssm_command_text ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  document_version TEXT NOT NULL,"
    "  content TEXT NOT NULL,"    /* the document as JSON, for agents */
    "  parameters TEXT NOT NULL," /* as in the request */
    "  payload_parameters TEXT NOT NULL,"
    "  steps TEXT NOT NULL," /* names, JSON */
    "  comment TEXT,"
    "  instance_ids TEXT NOT NULL,"
    "  targets TEXT NOT NULL,"
    "  timeout_seconds INTEGER NOT NULL,"
    "  execution_timeout INTEGER NOT NULL,"
    "  max_concurrency TEXT NOT NULL,"
    "  max_errors TEXT NOT NULL,"
    "  document_arn TEXT NOT NULL,"
    "  platforms TEXT NOT NULL,"
    "  principal TEXT NOT NULL"
    ");"
    "CREATE TABLE ssm_invocation ("
    "  command_id TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  instance_id TEXT NOT NULL,"
    "  instance_name TEXT,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  document_name TEXT NOT NULL,"
    "  requested_at INTEGER NOT NULL,"
    "  status TEXT NOT NULL,"
    "  detail TEXT NOT NULL,"
    "  is_open INTEGER NOT NULL,"
    "  is_released INTEGER NOT NULL,"
    "  state TEXT NOT NULL,"
    "  trace TEXT,"
    "  PRIMARY KEY (command_id, position),"
    "  UNIQUE (command_id, instance_id)"
    ");"
    "CREATE INDEX ssm_invocation_open ON ssm_invocation (command_id, is_open, position);"
    "CREATE INDEX ssm_invocation_by_account"
    " ON ssm_invocation (account, region, requested_at, command_id, position);"
    "CREATE INDEX ssm_invocation_by_instance ON ssm_invocation (instance_id, is_open);"
    "CREATE TABLE ssm_plugin ("
    "  command_id TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  name TEXT NOT NULL,"
    "  status TEXT NOT NULL," /* of the agent */
    "  code INTEGER NOT NULL,"
    "  started_at INTEGER NOT NULL,"
    "  ended_at INTEGER NOT NULL,"
    "  output TEXT,"
    "  standard_output TEXT,"
    "  standard_error TEXT,"
    "  PRIMARY KEY (command_id, position, name)"
    ");"
    "CREATE TABLE ssm_message ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  node TEXT NOT NULL,"
    "  command_id TEXT NOT NULL,"
    "  is_cancel INTEGER NOT NULL,"
    "  created_at INTEGER NOT NULL,"
    "  visible_at INTEGER NOT NULL,"
    "  expires_at INTEGER NOT NULL"
    ");"
    "CREATE INDEX ssm_message_by_node ON ssm_message (node, visible_at);";

/* An execution is one row that every event changes, kept small, and one that nothing
 * changes. A parent has a row for each pair of account and Region. Who has sent a
 * command is kept beside it: an owner without a command is given up. */
static const char automation_sql[] =
    "CREATE TABLE ssm_automation ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  document_name TEXT NOT NULL,"
    "  document_version TEXT NOT NULL,"
    "  status TEXT NOT NULL,"
    "  state TEXT," /* of the engine; NULL until a parent's pairs are known */
    "  current_step TEXT,"
    "  current_action TEXT,"
    "  failure_message TEXT,"
    "  executed_by TEXT NOT NULL,"
    "  client_token TEXT,"
    "  parent_id TEXT,"
    "  parent_account TEXT,"
    "  parent_region TEXT,"
    "  parent_position INTEGER NOT NULL,"
    "  started_at INTEGER NOT NULL,"
    "  ended_at INTEGER NOT NULL,"
    "  is_over INTEGER NOT NULL,"
    "  is_parent INTEGER NOT NULL,"
    "  is_cross_account INTEGER NOT NULL,"
    "  UNIQUE (account, region, client_token)"
    ");"
    "CREATE INDEX ssm_automation_by_account ON ssm_automation (account, region, started_at, id);"
    "CREATE INDEX ssm_automation_open ON ssm_automation (account, region, is_over);"
    "CREATE TABLE ssm_automation_text ("
    "  id TEXT NOT NULL PRIMARY KEY,"
    "  content TEXT NOT NULL," /* the runbook as JSON */
    "  request TEXT NOT NULL," /* as it came, JSON */
    "  caller TEXT NOT NULL,"  /* a principal, JSON */
    "  role TEXT,"
    "  target_type TEXT"
    ");"
    "CREATE TABLE ssm_automation_pair ("
    "  execution_id TEXT NOT NULL,"
    "  position INTEGER NOT NULL,"
    "  location INTEGER NOT NULL,"
    "  account TEXT NOT NULL,"
    "  region TEXT NOT NULL,"
    "  status TEXT NOT NULL,"
    "  target TEXT," /* NULL: a pair of a location */
    "  child_id TEXT,"
    "  failure_message TEXT,"
    "  failure_stage TEXT,"
    "  failure_type TEXT,"
    "  response TEXT,"
    "  started_at INTEGER NOT NULL,"
    "  ended_at INTEGER NOT NULL,"
    "  is_running INTEGER NOT NULL,"
    "  PRIMARY KEY (execution_id, position)"
    ");"
    "CREATE INDEX ssm_automation_pair_running"
    " ON ssm_automation_pair (execution_id, is_running, position);"
    "CREATE TABLE ssm_command_owner ("
    "  owner TEXT NOT NULL PRIMARY KEY," /* an execution and the serial of an attempt */
    "  command_id TEXT UNIQUE"
    ");";

static const struct migration migrations[] = {
    { document_sql },
    { node_sql },
    { command_sql },
    { automation_sql },
    { ssm_patch_sql },
    { "CREATE INDEX ssm_patch_snapshot_by_blob ON ssm_patch_snapshot (blob);" },
    { ssm_patch_facts_sql },
    { "ALTER TABLE ssm_node ADD COLUMN key_made_at INTEGER NOT NULL DEFAULT 0;"
      "UPDATE ssm_node SET key_made_at = registered_at;" },
    { ssm_patch_run_sql },
};

const struct schema ssm_schema = { "ssm", migrations, ARRAY_LEN(migrations) };
