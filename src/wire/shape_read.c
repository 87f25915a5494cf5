/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>

#include "base/hex.h"
#include "base/time.h"
#include "wire/shape_private.h"

/* Epoch seconds that fit a year of four digits. */
#define MAX_SECONDS 253402300799.0

struct reader {
    struct arena *arena;
    struct complaints complaints;
    struct str payload; /* for a BLOB in PLACE_PAYLOAD */
    struct str why;     /* of SHAPE_MALFORMED */
    size_t depth, spent;
};

static int read_shape(struct reader *r, const struct place *up, const struct shape *shape,
                      const struct value *in, void *out);

static int malformed(struct reader *r, struct str why)
{
    r->why = why;
    return SHAPE_MALFORMED;
}

static int wrong_type(struct reader *r, const struct value *v, const char *wanted)
{
    const char *token = "NULL_VALUE";

    switch (v->type) {
    case VALUE_MAP:
        return malformed(r, S("Start of structure or map found where not expected."));
    case VALUE_LIST:
        return malformed(r, S("Start of list found where not expected."));
    case VALUE_STRING:
        token = "STRING_VALUE";
        break;
    case VALUE_BOOL:
        token = v->boolean ? "TRUE_VALUE" : "FALSE_VALUE";
        break;
    case VALUE_INT:
    case VALUE_DOUBLE:
        token = "NUMBER_VALUE";
        break;
    case VALUE_NULL:
        break;
    }
    return malformed(r, arena_fmt(r->arena, "%s can not be converted to %s", token, wanted));
}

/* What structs one request fills is counted, because "{}," in a list is three
 * bytes on the wire and may be hundreds here. */
static int spend(struct reader *r, size_t count, size_t size)
{
    if (size > 0 && count > (SHAPE_MAX_BYTES - r->spent) / size)
        return malformed(r, S("The request has too many members."));
    r->spent += count * size;
    return 0;
}

static int read_text(struct reader *r, const struct value *v, struct str *ret)
{
    if (!value_is(v, VALUE_STRING))
        return wrong_type(r, v, "a String");
    if (v->string.len && memchr(v->string.p, '\0', v->string.len))
        return malformed(r, S("A string may not contain the character U+0000."));
    *ret = v->string;
    return 0;
}

static int read_blob(struct reader *r, const struct value *v, struct str *ret)
{
    if (!value_is(v, VALUE_STRING))
        return wrong_type(r, v, "a Blob");
    if (!base64_decode(r->arena, v->string, ret))
        return malformed(r, S("A blob must be base64."));
    return 0;
}

static int read_integer(struct reader *r, const struct value *v, int64_t *ret)
{
    if (value_is(v, VALUE_INT)) {
        *ret = v->integer;
        return 0;
    }
    /* 3.0 is an integer to AWS, 3.5 is not. */
    if (value_is(v, VALUE_DOUBLE) && fabs(v->number) < 9e15 &&
        !(fabs(v->number - floor(v->number)) > 0)) {
        *ret = (int64_t)v->number;
        return 0;
    }
    return wrong_type(r, v, "an Integer");
}

static int read_double(struct reader *r, const struct value *v, double *ret)
{
    if (value_is(v, VALUE_INT))
        *ret = (double)v->integer;
    else if (value_is(v, VALUE_DOUBLE))
        *ret = v->number;
    else
        return wrong_type(r, v, "a Double");
    return 0;
}

static int read_time(struct reader *r, const struct value *v, msec *ret)
{
    double seconds = 0;

    if (value_is(v, VALUE_STRING)) {
        if (!time_parse_iso(v->string, ret))
            return wrong_type(r, v, "a Timestamp");
        return 0;
    }
    if (read_double(r, v, &seconds) != 0 || !(fabs(seconds) <= MAX_SECONDS))
        return wrong_type(r, v, "a Timestamp");
    *ret = (msec)llround(seconds * 1000.0);
    return 0;
}

static int read_boolean(struct reader *r, const struct value *v, bool *ret)
{
    if (!value_is(v, VALUE_BOOL))
        return wrong_type(r, v, "a Boolean");
    *ret = v->boolean;
    return 0;
}

static int read_struct(struct reader *r, const struct place *place, const struct field *f,
                       const struct value *v, void **ret)
{
    PASS(spend(r, 1, f->shape->size));
    void *inner = arena_alloc(r->arena, f->shape->size);
    PASS(read_shape(r, place, f->shape, v, inner));
    *ret = inner;
    return 0;
}

/* False after a complaint: too many to be looked at one by one. */
static bool count_is_bearable(struct reader *r, const struct place *place, const struct field *f,
                              size_t count)
{
    if ((uint64_t)count <= (uint64_t)field_max_items(f))
        return true;
    complain_too_many(&r->complaints, place, field_max_items(f));
    return false;
}

static int read_list(struct reader *r, const struct place *place, const struct field *f,
                     const struct value *v, struct list *ret)
{
    if (!value_is(v, VALUE_LIST))
        return malformed(r, S("Expected list or null"));
    size_t count = value_count(v), size = f->shape->size;
    if (!count_is_bearable(r, place, f, count))
        return 0;
    PASS(spend(r, count, size));

    char *items = arena_alloc(r->arena, count * size + 1);
    for (size_t i = 0; i < count; i++) {
        struct place item = { .up = place, .index = i + 1 };
        PASS(read_shape(r, &item, f->shape, value_at(v, i), items + i * size));
    }
    *ret = (struct list){ items, count };
    return 0;
}

static int read_strings(struct reader *r, const struct place *place, const struct field *f,
                        const struct value *v, struct strs *ret)
{
    if (!value_is(v, VALUE_LIST))
        return malformed(r, S("Expected list or null"));
    size_t count = value_count(v);
    if (!count_is_bearable(r, place, f, count))
        return 0;
    PASS(spend(r, count, sizeof(struct str)));

    struct str *items = arena_array(r->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++)
        PASS(read_text(r, value_at(v, i), &items[i]));
    *ret = (struct strs){ items, count };
    return 0;
}

static int read_text_map(struct reader *r, const struct place *place, const struct field *f,
                         const struct value *v, struct text_map *ret)
{
    if (!value_is(v, VALUE_MAP))
        return malformed(r, S("Expected map or null"));
    size_t count = value_count(v);
    if (!count_is_bearable(r, place, f, count))
        return 0;
    PASS(spend(r, count, sizeof(struct text_pair)));

    struct text_pair *items = arena_array(r->arena, struct text_pair, count + 1);
    for (size_t i = 0; i < count; i++) {
        items[i].key = v->map.members[i].key;
        PASS(read_text(r, v->map.members[i].value, &items[i].value));
    }
    *ret = (struct text_map){ items, count };
    return 0;
}

static int read_map(struct reader *r, const struct place *place, const struct field *f,
                    const struct value *v, struct shape_map *ret)
{
    if (!value_is(v, VALUE_MAP))
        return malformed(r, S("Expected map or null"));
    size_t count = value_count(v), size = f->shape->size;
    if (!count_is_bearable(r, place, f, count))
        return 0;
    PASS(spend(r, count, size + sizeof(struct str)));

    char *items = arena_alloc(r->arena, count * size + 1);
    struct str *keys = arena_array(r->arena, struct str, count + 1);
    for (size_t i = 0; i < count; i++) {
        keys[i] = v->map.members[i].key;
        struct place item = { .up = place, .name = keys[i], .is_key = true };
        PASS(read_shape(r, &item, f->shape, v->map.members[i].value, items + i * size));
    }
    *ret = (struct shape_map){ keys, items, count };
    return 0;
}

static int read_strs_map(struct reader *r, const struct place *place, const struct field *f,
                         struct value *v, struct value **ret)
{
    if (!value_is(v, VALUE_MAP))
        return malformed(r, S("Expected map or null"));
    if (!count_is_bearable(r, place, f, value_count(v)))
        return 0;

    struct str text;
    for (size_t i = 0; i < value_count(v); i++) {
        const struct value *list = v->map.members[i].value;
        if (!value_is(list, VALUE_LIST))
            return malformed(r, S("Expected list or null"));
        for (size_t k = 0; k < value_count(list); k++)
            PASS(read_text(r, value_at(list, k), &text));
    }
    *ret = v;
    return 0;
}

static int read_field(struct reader *r, const struct place *place, const struct field *f,
                      struct value *v, void *out)
{
    bool yes = false;

    switch (f->type) {
    case FIELD_STRING:
        return read_text(r, v, FIELD_PTR(struct str, out, f));
    case FIELD_INTEGER:
        return read_integer(r, v, FIELD_PTR(int64_t, out, f));
    case FIELD_DOUBLE:
        return read_double(r, v, FIELD_PTR(double, out, f));
    case FIELD_BOOLEAN:
        return read_boolean(r, v, FIELD_PTR(bool, out, f));
    case FIELD_TRISTATE:
        PASS(read_boolean(r, v, &yes));
        *FIELD_PTR(enum tristate, out, f) = yes ? TRISTATE_TRUE : TRISTATE_FALSE;
        return 0;
    case FIELD_TIMESTAMP:
        return read_time(r, v, FIELD_PTR(msec, out, f));
    case FIELD_BLOB:
        return read_blob(r, v, FIELD_PTR(struct str, out, f));
    case FIELD_STRUCT:
        return read_struct(r, place, f, v, FIELD_PTR(void *, out, f));
    case FIELD_LIST:
        return read_list(r, place, f, v, FIELD_PTR(struct list, out, f));
    case FIELD_STRINGS:
        return read_strings(r, place, f, v, FIELD_PTR(struct strs, out, f));
    case FIELD_TEXT_MAP:
        return read_text_map(r, place, f, v, FIELD_PTR(struct text_map, out, f));
    case FIELD_MAP:
        return read_map(r, place, f, v, FIELD_PTR(struct shape_map, out, f));
    case FIELD_STRS_MAP:
        return read_strs_map(r, place, f, v, FIELD_PTR(struct value *, out, f));
    case FIELD_DOCUMENT:
        *FIELD_PTR(struct value *, out, f) = v;
        return 0;
    }
    return 0;
}

static bool says_nothing(const struct value *v)
{
    return value_is(v, VALUE_NULL) || (value_is(v, VALUE_BOOL) && !v->boolean) ||
           ((value_is(v, VALUE_LIST) || value_is(v, VALUE_MAP)) && value_count(v) == 0);
}

static bool is_known(const struct shape *shape, struct str key)
{
    for (size_t i = 0; i < shape->count; i++)
        if (str_eq(key, field_key(&shape->fields[i])))
            return true;
    return false;
}

static int refuse_unknown(struct reader *r, const struct shape *shape, const struct value *in)
{
    for (size_t i = 0; i < in->map.count; i++) {
        const struct value_member *m = &in->map.members[i];
        if (is_known(shape, m->key) || says_nothing(m->value))
            continue;
        /* A name that no client of AWS's would send is not repeated: it may be anything. */
        bool is_name = m->key.len <= 128 && str_is_word(m->key, "._-:/");
        r->why = is_name ? arena_fmt(r->arena, "The parameter %.*s is not supported.", STR(m->key))
                         : S("A parameter of the request is not supported.");
        return SHAPE_UNSUPPORTED;
    }
    return 0;
}

static bool is_payload_blob(const struct field *f)
{
    return f->place == PLACE_PAYLOAD && f->type == FIELD_BLOB;
}

static int read_shape(struct reader *r, const struct place *up, const struct shape *shape,
                      const struct value *in, void *out)
{
    shape_clear(shape, out);
    if (value_is(in, VALUE_NULL)) {
        complain_null(&r->complaints, up);
        return 0;
    }
    if (!value_is(in, VALUE_MAP))
        return malformed(r, S("Expected structure or null"));
    if (++r->depth > SHAPE_MAX_DEPTH)
        return malformed(r, S("The request is nested too deeply."));

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct place place = { .up = up, .name = str_of(f->name) };
        struct value *v = value_get(in, field_key(f));

        if (is_payload_blob(f) && str_is_set(r->payload))
            *FIELD_PTR(struct str, out, f) = r->payload;
        else if (v && !value_is(v, VALUE_NULL))
            PASS(read_field(r, &place, f, v, out));
        else if (f->flags & REQUIRED)
            complain_null(&r->complaints, &place);
    }
    r->depth--;
    return shape->is_open ? 0 : refuse_unknown(r, shape, in);
}

int shape_read_payload(const struct shape *shape, const struct value *in, struct str payload,
                       struct arena *a, void *out, struct str *ret_why)
{
    struct reader r = { .arena = a, .complaints = { .arena = a }, .payload = payload };

    if (value_is(in, VALUE_NULL))
        in = value_map(a); /* a body of "null" has no members */
    int result = read_shape(&r, NULL, shape, in, out);
    if (result == SHAPE_MALFORMED || result == SHAPE_UNSUPPORTED)
        *ret_why = r.why;
    PASS(result);

    /* What is missing has been seen above, where a boolean still could be. */
    check_shape(&r.complaints, NULL, shape, out, false);
    if (r.complaints.count == 0)
        return 0;
    *ret_why = complaints_sentence(&r.complaints);
    return SHAPE_INVALID;
}

int shape_read(const struct shape *shape, const struct value *in, struct arena *a, void *out,
               struct str *ret_why)
{
    return shape_read_payload(shape, in, (struct str){ 0 }, a, out, ret_why);
}
