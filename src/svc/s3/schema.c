/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/schema.h"

static const struct migration migrations[] = {
    /* One namespace of buckets for all accounts, as AWS's. */
    { "CREATE TABLE s3_bucket ("
      " name TEXT PRIMARY KEY, account TEXT NOT NULL, region TEXT NOT NULL,"
      " created_at INTEGER NOT NULL);"
      "CREATE INDEX s3_bucket_account ON s3_bucket (account, name);"
      "CREATE TABLE s3_object ("
      " bucket TEXT NOT NULL, key TEXT NOT NULL, blob TEXT NOT NULL, size INTEGER NOT NULL,"
      " etag TEXT NOT NULL, content_type TEXT, metadata TEXT, checksum_name TEXT,"
      " checksum TEXT, modified_at INTEGER NOT NULL, PRIMARY KEY (bucket, key));" },
    { "CREATE INDEX s3_object_by_blob ON s3_object (blob);" },
};

const struct schema s3_schema = { "s3", migrations, ARRAY_LEN(migrations) };
