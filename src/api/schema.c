/* SPDX-License-Identifier: Apache-2.0 */
#include "api/schema.h"

static const struct migration migrations[] = {
    { "CREATE TABLE tag ("
      " arn TEXT NOT NULL, account TEXT NOT NULL, region TEXT NOT NULL, type TEXT NOT NULL,"
      " key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (arn, key));"
      "CREATE INDEX tag_by_key ON tag (account, region, key, value, arn);"
      "CREATE TABLE task ("
      " id INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, key TEXT NOT NULL,"
      " account TEXT NOT NULL, region TEXT NOT NULL, due_at INTEGER NOT NULL,"
      " attempts INTEGER NOT NULL DEFAULT 0, payload TEXT, UNIQUE (kind, key));"
      "CREATE INDEX task_by_due ON task (due_at, id);" },
    /* A sentence sealed with the master key: what this database's secrets open with. */
    { "CREATE TABLE master_key (id INTEGER PRIMARY KEY CHECK (id = 1), sealed TEXT NOT NULL);" },
};

const struct schema api_schema = { "api", migrations, ARRAY_LEN(migrations) };
