/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/lambda/schema.h"

static const struct migration migrations[] = {
    { "CREATE TABLE lambda_function ("
      " account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,"
      " runtime TEXT NOT NULL, handler TEXT, description TEXT, environment TEXT,"
      " code TEXT NOT NULL, code_sha256 TEXT NOT NULL, policy TEXT, revision TEXT NOT NULL,"
      " code_size INTEGER NOT NULL, timeout INTEGER NOT NULL, memory INTEGER NOT NULL,"
      " modified_at INTEGER NOT NULL, PRIMARY KEY (account, region, name));"
      /* One row for each invocation that has not ended, or whose caller still waits. */
      "CREATE TABLE lambda_invocation ("
      " id TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,"
      " function TEXT NOT NULL, payload TEXT NOT NULL, is_event INTEGER NOT NULL,"
      " tries INTEGER NOT NULL, created_at INTEGER NOT NULL, ended_at INTEGER NOT NULL DEFAULT 0,"
      " result TEXT, error TEXT, log TEXT);" },
    { "CREATE INDEX lambda_function_by_code ON lambda_function (code);" },
};

const struct schema lambda_schema = { "lambda", migrations, ARRAY_LEN(migrations) };
