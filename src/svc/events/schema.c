/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/schema.h"

static const struct migration migrations[] = {
    { "CREATE TABLE events_rule ("
      " account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,"
      " description TEXT, schedule TEXT NOT NULL, role_arn TEXT,"
      " enabled INTEGER NOT NULL, phase_at INTEGER NOT NULL,"
      " PRIMARY KEY (account, region, name));"
      "CREATE TABLE events_target ("
      " account TEXT NOT NULL, region TEXT NOT NULL, rule TEXT NOT NULL, id TEXT NOT NULL,"
      " arn TEXT NOT NULL, role_arn TEXT, input TEXT,"
      " max_attempts INTEGER NOT NULL, max_age INTEGER NOT NULL,"
      " PRIMARY KEY (account, region, rule, id));"
      "CREATE INDEX events_target_by_arn ON events_target (account, region, arn, rule);" },
};

const struct schema events_schema = { "events", migrations, ARRAY_LEN(migrations) };
