/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/schema.h"

static const struct migration migrations[] = {
    { "CREATE TABLE logs_group ("
      " account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,"
      " created_at INTEGER NOT NULL, PRIMARY KEY (account, region, name));"
      "CREATE TABLE logs_stream ("
      " account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL, name TEXT NOT NULL,"
      " created_at INTEGER NOT NULL, first_at INTEGER NOT NULL DEFAULT 0,"
      " last_at INTEGER NOT NULL DEFAULT 0, ingested_at INTEGER NOT NULL DEFAULT 0,"
      " stored_bytes INTEGER NOT NULL DEFAULT 0,"
      " PRIMARY KEY (account, region, log_group, name));"
      "CREATE TABLE logs_event ("
      " id INTEGER PRIMARY KEY AUTOINCREMENT,"
      " account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL,"
      " stream TEXT NOT NULL, timestamp INTEGER NOT NULL, ingested_at INTEGER NOT NULL,"
      " message TEXT NOT NULL);"
      "CREATE INDEX logs_event_by_time"
      " ON logs_event (account, region, log_group, stream, timestamp, id);" },
};

const struct schema logs_schema = { "logs", migrations, ARRAY_LEN(migrations) };
