/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/shape.h"

#include <math.h>

#include "base/hex.h"
#include "base/time.h"
#include "wire/shape_private.h"

const struct shape shape_nothing = SHAPE_EMPTY("Nothing", struct nothing);

struct str field_key(const struct field *f)
{
    return str_of(f->place == PLACE_BODY && f->wire_name ? f->wire_name : f->name);
}

int64_t field_max_items(const struct field *f)
{
    return f->max > 0 ? f->max : SHAPE_MAX_ITEMS;
}

static void clear_field(const struct field *f, void *out)
{
    switch (f->type) {
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
        *FIELD_PTR(int64_t, out, f) = f->has_fallback ? f->fallback : UNSET;
        break;
    case FIELD_DOUBLE:
        *FIELD_PTR(double, out, f) = (double)NAN;
        break;
    case FIELD_BOOLEAN:
        *FIELD_PTR(bool, out, f) = f->has_fallback && f->fallback != 0;
        break;
    case FIELD_TRISTATE:
        *FIELD_PTR(enum tristate, out, f) =
            f->has_fallback ? (enum tristate)f->fallback : TRISTATE_UNSET;
        break;
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_STRUCT:
    case FIELD_LIST:
    case FIELD_STRINGS:
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        break; /* zero is absent */
    }
}

void shape_clear(const struct shape *shape, void *out)
{
    memset(out, 0, shape->size);
    for (size_t i = 0; i < shape->count; i++)
        clear_field(&shape->fields[i], out);
}

static struct value *write_struct(const struct shape *shape, const void *in, struct arena *a,
                                  bool body_only);

static struct value *write_time(const struct field *f, msec t, struct arena *a)
{
    if (f->flags & ISO_TIME)
        return value_string(a, t % MSEC_SECOND ? time_iso_ms(a, t) : time_iso(a, t));
    return t % MSEC_SECOND ? value_double(a, (double)t / 1000.0) : value_int(a, t / MSEC_SECOND);
}

static struct value *write_list(const struct field *f, const struct list *list, struct arena *a)
{
    struct value *v = value_list(a);

    for (size_t i = 0; i < list->count; i++)
        value_append(a, v,
                     write_struct(f->shape, (char *)list->items + i * f->shape->size, a, false));
    return v;
}

/* Members are added without value_set()'s search for doubles: keys are as
 * unique as the handler made them. */
static void add_member(struct arena *a, struct value *map, struct str key, struct value *v)
{
    map->map.members = ARENA_GROW(a, map->map.members, map->map.count, &map->map.capacity);
    map->map.members[map->map.count++] = (struct value_member){ key, v };
}

static struct value *write_text_map(const struct text_map *map, struct arena *a)
{
    struct value *v = value_map(a);

    for (size_t i = 0; i < map->count; i++)
        add_member(a, v, map->items[i].key, value_string(a, map->items[i].value));
    return v;
}

static struct value *write_map(const struct field *f, const struct shape_map *map, struct arena *a)
{
    struct value *v = value_map(a);

    for (size_t i = 0; i < map->count; i++)
        add_member(a, v, map->keys[i],
                   write_struct(f->shape, (char *)map->items + i * f->shape->size, a, false));
    return v;
}

static struct value *write_scalar(const struct field *f, const void *in, struct arena *a)
{
    switch (f->type) {
    case FIELD_STRING: {
        struct str s = *FIELD_CONST_PTR(struct str, in, f);
        return s.p ? value_string(a, s) : NULL;
    }
    case FIELD_BLOB: {
        struct str s = *FIELD_CONST_PTR(struct str, in, f);
        return s.p ? value_string(a, base64_encode(a, s)) : NULL;
    }
    case FIELD_INTEGER: {
        int64_t i = *FIELD_CONST_PTR(int64_t, in, f);
        return i == UNSET ? NULL : value_int(a, i);
    }
    case FIELD_TIMESTAMP: {
        msec t = *FIELD_CONST_PTR(msec, in, f);
        return t == UNSET ? NULL : write_time(f, t, a);
    }
    case FIELD_DOUBLE: {
        double d = *FIELD_CONST_PTR(double, in, f);
        return isnan(d) ? NULL : value_double(a, d);
    }
    case FIELD_BOOLEAN:
        return value_bool(a, *FIELD_CONST_PTR(bool, in, f));
    case FIELD_TRISTATE: {
        enum tristate t = *FIELD_CONST_PTR(enum tristate, in, f);
        return t == TRISTATE_UNSET ? NULL : value_bool(a, t == TRISTATE_TRUE);
    }
    case FIELD_STRUCT:
    case FIELD_LIST:
    case FIELD_STRINGS:
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        break;
    }
    return NULL;
}

/* A list that the answer REQUIRES is there even if it is empty. */
static bool is_there(const struct field *f, const void *p)
{
    return p || (f->flags & REQUIRED);
}

struct value *shape_write_field(const struct field *f, const void *in, struct arena *a)
{
    switch (f->type) {
    case FIELD_STRUCT: {
        const void *inner = *FIELD_CONST_PTR(const void *, in, f);
        return inner ? write_struct(f->shape, inner, a, false) : NULL;
    }
    case FIELD_LIST: {
        const struct list *list = FIELD_CONST_PTR(struct list, in, f);
        return is_there(f, list->items) ? write_list(f, list, a) : NULL;
    }
    case FIELD_STRINGS: {
        const struct strs *list = FIELD_CONST_PTR(struct strs, in, f);
        return is_there(f, list->items) ? value_strings(a, *list) : NULL;
    }
    case FIELD_TEXT_MAP: {
        const struct text_map *map = FIELD_CONST_PTR(struct text_map, in, f);
        return is_there(f, map->items) ? write_text_map(map, a) : NULL;
    }
    case FIELD_MAP: {
        const struct shape_map *map = FIELD_CONST_PTR(struct shape_map, in, f);
        return is_there(f, map->items) ? write_map(f, map, a) : NULL;
    }
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        return *FIELD_CONST_PTR(struct value *, in, f);
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
        break;
    }
    return write_scalar(f, in, a);
}

static struct value *write_struct(const struct shape *shape, const void *in, struct arena *a,
                                  bool body_only)
{
    struct value *map = value_map(a);

    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        if (body_only && f->place != PLACE_BODY)
            continue;
        struct value *v = shape_write_field(f, in, a);
        if (v)
            add_member(a, map, field_key(f), v);
    }
    return map;
}

struct value *shape_write(const struct shape *shape, const void *in, struct arena *a)
{
    return write_struct(shape, in, a, false);
}

struct value *shape_write_body(const struct shape *shape, const void *in, struct arena *a)
{
    return write_struct(shape, in, a, true);
}
