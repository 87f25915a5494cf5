/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/schema.h"

static const struct migration migrations[] = {
    { "CREATE TABLE resource_group ("
      " account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,"
      " description TEXT, query_type TEXT NOT NULL, query TEXT NOT NULL,"
      " created_at INTEGER NOT NULL, PRIMARY KEY (account, region, name));" },
};

const struct schema resource_groups_schema = { "resource-groups", migrations,
                                               ARRAY_LEN(migrations) };
