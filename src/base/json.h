/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON text to value trees and back. The only file that knows json-c.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define JSON_MAX_DEPTH 64

enum json_outcome {
    JSON_MALFORMED = 1,
};

/* Parses the whole of `text` (one value, nothing after it but white space),
 * which must be UTF-8. The caller bounds its length. Outcome: JSON_MALFORMED,
 * with *ret_why (may be NULL) set to a sentence. */
MUST_CHECK int json_parse(struct arena *a, struct str text, struct value **ret,
                          struct str *ret_why);

/* Compact, members in the order of the tree; NULL is written as null. */
struct str json_format(struct arena *a, const struct value *v);

/* Two-space indentation, for people. */
struct str json_format_pretty(struct arena *a, const struct value *v);

struct buf;
void json_write_string(struct buf *b, struct str s); /* with its quotes */
