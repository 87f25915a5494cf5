/* SPDX-License-Identifier: Apache-2.0 */
/* A shape with a member of each kind, for the tests of wire. */
#pragma once

#include "base/json.h"
#include "wire/shape.h"

struct inner {
    struct str key;
    struct strs values;
};

struct thing {
    struct str name, secret, colour, blob;
    int64_t count;
    double ratio;
    bool on;
    enum tristate maybe;
    msec at, at_text;
    struct inner *one;
    struct list many;
    struct strs tags;
    struct text_map labels;
    struct shape_map by_name;
    struct value *lists, *document;
};

static inline bool is_id(struct str s)
{
    return str_starts(s, S("i-"));
}

static const char *const colours[] = { "RED", "GREEN", NULL };

/* clang-format off */
static const struct field inner_fields[] = {
    STRING(struct inner,  key,    "Key",    REQUIRED, LENGTH(1, 8)),
    STRINGS(struct inner, values, "Values", OPTIONAL, LENGTH(0, 3), .item_min = 1, .item_max = 4),
};
static const struct shape inner_shape = SHAPE("Inner", struct inner, inner_fields);

static const struct field thing_fields[] = {
    STRING(struct thing,    name,     "Name",     REQUIRED, LENGTH(1, 10)),
    STRING(struct thing,    secret,   "Secret",   SENSITIVE, LENGTH(4, 0)),
    STRING(struct thing,    colour,   "Colour",   OPTIONAL, .values = colours),
    BLOB(struct thing,      blob,     "Blob",     OPTIONAL, LENGTH(0, 6)),
    INTEGER(struct thing,   count,    "MaxCount", OPTIONAL, RANGE(1, 50), DEFAULT(10)),
    DOUBLE(struct thing,    ratio,    "Ratio",    OPTIONAL),
    BOOLEAN(struct thing,   on,       "On",       OPTIONAL, DEFAULT(1)),
    TRISTATE(struct thing,  maybe,    "Maybe",    OPTIONAL),
    TIMESTAMP(struct thing, at,       "At",       OPTIONAL),
    TIMESTAMP(struct thing, at_text,  "AtText",   ISO_TIME),
    STRUCT(struct thing,    one,      "One",      OPTIONAL, inner_shape),
    LIST(struct thing,      many,     "Many",     OPTIONAL, inner_shape, LENGTH(0, 2)),
    STRINGS(struct thing,   tags,     "Tags",     OPTIONAL, .matches = is_id, .pattern = "^i-.*"),
    TEXT_MAP(struct thing,  labels,   "Labels",   OPTIONAL, .item_min = 1, .item_max = 3),
    MAP(struct thing,       by_name,  "ByName",   OPTIONAL, inner_shape),
    STRS_MAP(struct thing,  lists,    "Lists",    OPTIONAL),
    DOCUMENT(struct thing,  document, "Document", OPTIONAL),
};
static const struct shape thing_shape = SHAPE("Thing", struct thing, thing_fields);
/* clang-format on */
