/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Inventory: for each node and type one item, replaced as a whole by each report.
 * A hash is the sender's word for what it sent and is never computed here: an
 * item with a hash and no content says that nothing has changed. Two types are
 * more than stored: AWS:PatchSummary and AWS:ComplianceItem (patch_report.h).
 */
#pragma once

#include "base/value.h"
#include "svc/ssm/node/node.h"

#define INVENTORY_PATCH_SUMMARY "AWS:PatchSummary"
#define INVENTORY_COMPLIANCE    "AWS:ComplianceItem"

#define INVENTORY_MAX_ENTRIES 10000
#define INVENTORY_MAX_MEMBERS 50
#define INVENTORY_MAX_NAME    64
#define INVENTORY_MAX_VALUE   4096
#define INVENTORY_MAX_ITEM    ((size_t)4 * 1024 * 1024) /* of content, as compact JSON */
#define INVENTORY_MAX_TOTAL   ((size_t)10 * 1024 * 1024)
#define INVENTORY_MAX_CUSTOM  20 /* Custom: types of an account in a Region */

struct inventory_item {
    struct str node, type, schema_version, captured_at;
    struct str hash;    /* absent: the sender gave none */
    struct str context; /* JSON map; absent: none */
    struct str content; /* JSON list of maps from string to string */
};

/* A type of which there is a schema, with that version. SSM_INVALID_TYPE_NAME,
 * SSM_UNSUPPORTED_INVENTORY_SCHEMA_VERSION, SSM_CUSTOM_SCHEMA_LIMIT_EXCEEDED. */
MUST_CHECK int inventory_check_type(struct op *op, struct str type, struct str version);

/* A list of flat maps within the bounds above. SSM_INVALID_ITEM_CONTENT. */
MUST_CHECK int inventory_check_content(struct op *op, struct str type, const struct value *content);

/* What is stored of a node that is no more goes, with its patch state and compliance. */
MUST_CHECK int inventory_forget(struct op *op, struct str node);

/* --- store: inventory_db.c; outcomes DB_NO_ROW ---------------------------- */

MUST_CHECK int inventory_get(struct op *op, struct str node, struct str type,
                             struct inventory_item *ret);
MUST_CHECK int inventory_put(struct op *op, const struct inventory_item *item); /* replaces */
/* All but the content. */
MUST_CHECK int inventory_touch(struct op *op, const struct inventory_item *item);
MUST_CHECK int inventory_count_custom(struct op *op, struct str except, int64_t *ret);
