/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and answers as tables. A shape lists the fields of one C struct
 * with their names on the wire, their kind and their bounds; from the one
 * table a request is read and validated and an answer is written, in whichever
 * of AWS's protocols the service speaks, and a test compares it with AWS's own
 * model. Shapes nest; all memory is the request's arena.
 *
 * What absence looks like in C: an absent string, blob, list, map or document
 * has a NULL pointer; an absent struct is a NULL pointer; an absent INTEGER or
 * TIMESTAMP is UNSET unless the table gives a default; an absent BOOLEAN is
 * false, or its default; where absence must be told apart use TRISTATE. On the way
 * out absent fields are left out of the answer; BOOLEAN always appears.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define UNSET INT64_MIN

enum field_type {
    FIELD_STRING,    /* struct str */
    FIELD_INTEGER,   /* int64_t; "integer" and "long" of AWS's models */
    FIELD_DOUBLE,    /* double, NaN is absent */
    FIELD_BOOLEAN,   /* bool */
    FIELD_TRISTATE,  /* enum tristate: a boolean whose absence matters */
    FIELD_TIMESTAMP, /* msec: epoch seconds in JSON, ISO 8601 in XML and Query */
    FIELD_BLOB,      /* struct str: raw bytes in C, base64 on the wire */
    FIELD_STRUCT,    /* T *: pointer to the nested shape's struct, NULL if absent */
    FIELD_LIST,      /* struct list: elements of the nested shape's struct */
    FIELD_STRINGS,   /* struct strs */
    FIELD_TEXT_MAP,  /* struct text_map: string to string */
    FIELD_MAP,       /* struct shape_map: string to nested struct */
    FIELD_STRS_MAP,  /* struct value *: a map from string to list of strings, kept as a tree */
    FIELD_DOCUMENT,  /* struct value *: anything (JSON only) */
};

enum tristate {
    TRISTATE_UNSET,
    TRISTATE_FALSE,
    TRISTATE_TRUE,
};

struct list {
    void *items; /* array of the nested shape's struct */
    size_t count;
};

struct text_pair {
    struct str key, value;
};

struct text_map {
    struct text_pair *items;
    size_t count;
};

struct shape_map {
    struct str *keys;
    void *items; /* array of the nested shape's struct, parallel to keys */
    size_t count;
};

#define LIST_ITEM(T, list_, i) (&((T *)(list_).items)[i])

/* Where a field of a REST request or answer travels. JSON 1.1 and Query have
 * only the body. */
enum field_place {
    PLACE_BODY,
    PLACE_PATH,    /* {Name} in the operation's path */
    PLACE_QUERY,   /* ?wire_name=... */
    PLACE_HEADER,  /* wire_name: ... */
    PLACE_HEADERS, /* FIELD_TEXT_MAP: all headers with the prefix wire_name */
    PLACE_PAYLOAD, /* the whole body: FIELD_BLOB raw, FIELD_STRUCT/DOCUMENT as body text */
    PLACE_STATUS,  /* the HTTP status of the answer */
};

enum field_flags {
    REQUIRED = 1 << 0,
    OPTIONAL = 0,
    SENSITIVE = 1 << 1, /* never written to a log or an audit trail */
    FLATTENED = 1 << 2, /* REST-XML lists without a wrapper */
    NEWER = 1 << 3,     /* not in the botocore that Debian ships: checked against the JS SDK */
    ISO_TIME = 1 << 4,  /* a timestamp that this member writes as ISO 8601 in JSON too */
};

struct shape;

struct field {
    const char *name; /* AWS's member name; also the wire name unless wire_name is set */
    enum field_type type;
    unsigned flags;
    size_t offset;
    /* Length in code points, or count, or value; both 0: unbounded. A length or
     * count with max == 0 has no upper bound but the readers' own. */
    int64_t min, max;
    const struct shape *shape; /* STRUCT, LIST, MAP */
    const char *const *values; /* a closed set, NULL-terminated; for the items of STRINGS too */
    const char *wire_name;     /* header, query key, XML element; list item element is item_name */
    const char *item_name;     /* XML: element of one item, "member" if NULL */
    enum field_place place;
    int64_t fallback; /* of INTEGER, BOOLEAN, TRISTATE, TIMESTAMP */
    bool has_fallback;
    int64_t item_min, item_max;    /* length of each string of STRINGS, each key of maps */
    bool (*matches)(struct str s); /* pattern of a string or of each of STRINGS */
    const char *pattern;           /* how the error text quotes that pattern */
};

struct shape {
    const char *name;
    size_t size;
    const struct field *fields;
    size_t count;
    bool is_open; /* of requests by agents of any version: unknown members are passed over */
};

#define OFFSET_OF_TYPE(T, member, type) _Generic(((T *)0)->member, type : offsetof(T, member))

/* One row a field: KIND(struct, member, "WireName", flags, extra designators...).
 * Naming a member of another type does not compile. Extras, for instance:
 * .min = 1, .max = 64, .values = states, .fallback = 50, .has_fallback = true */
/* clang-format off */
#define FIELD_(T, m, NAME, FLAGS, CTYPE, KIND, ...) \
    { .name = NAME, .type = KIND, .flags = (FLAGS), .offset = OFFSET_OF_TYPE(T, m, CTYPE), __VA_ARGS__ }
#define STRING(T, m, NAME, FLAGS, ...)    FIELD_(T, m, NAME, FLAGS, struct str, FIELD_STRING, __VA_ARGS__)
#define INTEGER(T, m, NAME, FLAGS, ...)   FIELD_(T, m, NAME, FLAGS, int64_t, FIELD_INTEGER, __VA_ARGS__)
#define DOUBLE(T, m, NAME, FLAGS, ...)    FIELD_(T, m, NAME, FLAGS, double, FIELD_DOUBLE, __VA_ARGS__)
#define BOOLEAN(T, m, NAME, FLAGS, ...)   FIELD_(T, m, NAME, FLAGS, bool, FIELD_BOOLEAN, __VA_ARGS__)
#define TRISTATE(T, m, NAME, FLAGS, ...)  FIELD_(T, m, NAME, FLAGS, enum tristate, FIELD_TRISTATE, __VA_ARGS__)
#define TIMESTAMP(T, m, NAME, FLAGS, ...) FIELD_(T, m, NAME, FLAGS, msec, FIELD_TIMESTAMP, __VA_ARGS__)
#define BLOB(T, m, NAME, FLAGS, ...)      FIELD_(T, m, NAME, FLAGS, struct str, FIELD_BLOB, __VA_ARGS__)
#define STRINGS(T, m, NAME, FLAGS, ...)   FIELD_(T, m, NAME, FLAGS, struct strs, FIELD_STRINGS, __VA_ARGS__)
#define TEXT_MAP(T, m, NAME, FLAGS, ...)  FIELD_(T, m, NAME, FLAGS, struct text_map, FIELD_TEXT_MAP, __VA_ARGS__)
#define STRS_MAP(T, m, NAME, FLAGS, ...)  FIELD_(T, m, NAME, FLAGS, struct value *, FIELD_STRS_MAP, __VA_ARGS__)
#define DOCUMENT(T, m, NAME, FLAGS, ...)  FIELD_(T, m, NAME, FLAGS, struct value *, FIELD_DOCUMENT, __VA_ARGS__)
#define STRUCT(T, m, NAME, FLAGS, SHAPE, ...) \
    { .name = NAME, .type = FIELD_STRUCT, .flags = (FLAGS), .offset = offsetof(T, m), .shape = &(SHAPE), __VA_ARGS__ }
#define LIST(T, m, NAME, FLAGS, SHAPE, ...) \
    FIELD_(T, m, NAME, FLAGS, struct list, FIELD_LIST, .shape = &(SHAPE), __VA_ARGS__)
#define MAP(T, m, NAME, FLAGS, SHAPE, ...) \
    FIELD_(T, m, NAME, FLAGS, struct shape_map, FIELD_MAP, .shape = &(SHAPE), __VA_ARGS__)
#define DEFAULT(n) .fallback = (n), .has_fallback = true
#define LENGTH(lo, hi) .min = (lo), .max = (hi)
#define RANGE(lo, hi)  .min = (lo), .max = (hi)
#define SHAPE(NAME, T, FIELDS) { NAME, sizeof(T), FIELDS, ARRAY_LEN(FIELDS) }
#define SHAPE_OPEN(NAME, T, FIELDS) { NAME, sizeof(T), FIELDS, ARRAY_LEN(FIELDS), true }
#define SHAPE_EMPTY(NAME, T)   { NAME, sizeof(T), NULL, 0 }
/* clang-format on */

/* For operations without members. */
struct nothing {
    char unused;
};
extern const struct shape shape_nothing;

enum shape_outcome {
    SHAPE_INVALID = 1,     /* a constraint: AWS's sentence ("1 validation error detected: ...") */
    SHAPE_MALFORMED = 2,   /* a wrong type: SerializationException on the wire */
    SHAPE_UNSUPPORTED = 3, /* a member that the table does not have: refused, never ignored */
};

/* Fill *out (shape->size bytes, zeroed here, absences as described above) from
 * a value tree in JSON form. A member that the table does not know is a parameter that
 * this plane does not carry out, so it is refused, unless it says nothing (null, false,
 * an empty list or map). */
MUST_CHECK int shape_read(const struct shape *shape, const struct value *in, struct arena *a,
                          void *out, struct str *ret_why);

/* Set every field to "absent": UNSET integers, NaN doubles, fallbacks. */
void shape_clear(const struct shape *shape, void *out);

/* The struct as a value tree in JSON form (timestamps as epoch seconds). A list
 * or map that is REQUIRED in an answer is there even if it is absent in C. */
struct value *shape_write(const struct shape *shape, const void *in, struct arena *a);
