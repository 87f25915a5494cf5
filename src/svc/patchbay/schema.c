/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/patchbay/schema.h"

static const struct migration migrations[] = {
    /* What the nodes of a run agreed on: one set for each frozen baseline. */
    { "CREATE TABLE patchbay_pin_set ("
      " id INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL, region TEXT NOT NULL,"
      " snapshot TEXT NOT NULL, patch_group TEXT NOT NULL, os TEXT NOT NULL,"
      " created_at INTEGER NOT NULL, UNIQUE (account, region, snapshot, patch_group, os));"
      "CREATE INDEX patchbay_pin_set_by_age ON patchbay_pin_set (created_at);"
      "CREATE TABLE patchbay_pin ("
      " pin_set INTEGER NOT NULL, name TEXT NOT NULL, arch TEXT NOT NULL, version TEXT NOT NULL,"
      " node TEXT NOT NULL, pinned_at INTEGER NOT NULL, PRIMARY KEY (pin_set, name, arch));"
      "CREATE TABLE patchbay_drift ("
      " pin_set INTEGER NOT NULL, node TEXT NOT NULL, name TEXT NOT NULL, arch TEXT NOT NULL,"
      " pinned TEXT NOT NULL, offered TEXT NOT NULL, found_at INTEGER NOT NULL,"
      " PRIMARY KEY (pin_set, node, name, arch));" },
};

const struct schema patchbay_schema = { "patchbay", migrations, ARRAY_LEN(migrations) };
