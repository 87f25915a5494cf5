/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the readers and writers of shapes share: reading with a payload beside
 * the tree, scalars as text, and the list of complaints that becomes AWS's
 * validation sentence. Nothing outside of wire includes it.
 */
#pragma once

#include "base/buf.h"
#include "wire/shape.h"

#define SHAPE_MAX_DEPTH 64
#define SHAPE_MAX_ITEMS 10000              /* of a list or map whose table gives no bound */
#define SHAPE_MAX_BYTES (64 * 1024 * 1024) /* of structs that one request may fill */

#define FIELD_PTR(T, base, field) ((T *)((char *)(base) + (field)->offset))
/* T may be a pointer type: then the pointer is what is const. */
#define FIELD_CONST_PTR(T, base, field) ((T const *)((const char *)(base) + (field)->offset))

/* Where in the request a value stands, as a chain through the callers' frames. */
struct place {
    const struct place *up;
    struct str name; /* a member's or a map's key; absent: an item */
    size_t index;    /* of an item, from 1 */
    bool is_key;     /* name is a key of a map */
};

/* The complaints so far. */
struct complaints {
    struct arena *arena;
    struct buf text;
    size_t count;
};

void complain_null(struct complaints *c, const struct place *place);
void complain_too_many(struct complaints *c, const struct place *place, int64_t limit);
struct str complaints_sentence(const struct complaints *c);

/* Bounds, closed sets and patterns of a filled struct; with `required`, also
 * what is missing as far as the struct shows it. */
void check_shape(struct complaints *c, const struct place *up, const struct shape *shape,
                 const void *in, bool required);

/* The largest count a list or map may have. */
int64_t field_max_items(const struct field *f);

/* The member's name in a JSON body, a Query parameter and an XML body. */
struct str field_key(const struct field *f);

/* shape_read() with the raw body for a BLOB whose place is PLACE_PAYLOAD. */
MUST_CHECK int shape_read_payload(const struct shape *shape, const struct value *in,
                                  struct str payload, struct arena *a, void *out,
                                  struct str *ret_why);

/* shape_write() of the members whose place is the body. */
struct value *shape_write_body(const struct shape *shape, const void *in, struct arena *a);

/* One member's value as shape_write() has it; NULL if absent. */
struct value *shape_write_field(const struct field *f, const void *in, struct arena *a);

/* A scalar that came as text (Query, XML, headers, paths), as the tree of
 * JSON has it. Outcome SHAPE_MALFORMED. */
MUST_CHECK int text_to_value(struct arena *a, const struct field *f, struct str text,
                             struct value **ret, struct str *ret_why);

enum time_form { TIME_FORM_ISO, TIME_FORM_HTTP };

/* A scalar member as text; absent if it is absent or no scalar. */
struct str field_to_text(struct arena *a, const struct field *f, const void *in,
                         enum time_form form);
