/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The properties of a resource type as a table: which there are, and in which form
 * the owning service's operation wants them. Templates are loose about scalars ("30"
 * or 30, "true" or true); requests are not.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

enum property_kind {
    PROPERTY_TEXT,
    PROPERTY_INTEGER,
    PROPERTY_BOOLEAN,
    PROPERTY_TEXTS,    /* a list of strings; one alone is a list too */
    PROPERTY_TEXT_MAP, /* string to string */
    PROPERTY_JSON,     /* an object or a string; as JSON text */
    PROPERTY_STRUCT,   /* by the inner table */
    PROPERTY_LIST,     /* of such structs */
};

struct property {
    const char *name; /* NULL ends a table */
    enum property_kind kind;
    bool is_required;
    const struct property *inner;
};

enum property_outcome {
    PROPERTY_WRONG = 1,
};

/* Outcome: PROPERTY_WRONG, with the sentence in *ret_why: a property that the table does not
 * have, one that is missing, or one of the wrong form. */
MUST_CHECK int properties_convert(struct arena *a, const struct property *table,
                                  const struct value *in, struct value **ret, struct str *ret_why);

extern const struct property tag_properties[]; /* Key, Value */
