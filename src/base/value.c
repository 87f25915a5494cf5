/* SPDX-License-Identifier: Apache-2.0 */
#include "base/value.h"

#include <math.h>

static struct value *make(struct arena *a, enum value_type type)
{
    struct value *v = arena_new(a, struct value);
    v->type = type;
    return v;
}

struct value *value_null(struct arena *a)
{
    return make(a, VALUE_NULL);
}

struct value *value_bool(struct arena *a, bool b)
{
    struct value *v = make(a, VALUE_BOOL);
    v->boolean = b;
    return v;
}

struct value *value_int(struct arena *a, int64_t i)
{
    struct value *v = make(a, VALUE_INT);
    v->integer = i;
    return v;
}

struct value *value_double(struct arena *a, double d)
{
    struct value *v = make(a, VALUE_DOUBLE);
    v->number = d;
    return v;
}

struct value *value_string(struct arena *a, struct str s)
{
    struct value *v = make(a, VALUE_STRING);
    v->string = s.p ? s : S("");
    return v;
}

struct value *value_list(struct arena *a)
{
    return make(a, VALUE_LIST);
}

struct value *value_map(struct arena *a)
{
    return make(a, VALUE_MAP);
}

struct value *value_strings(struct arena *a, struct strs list)
{
    struct value *v = value_list(a);
    for (size_t i = 0; i < list.count; i++)
        value_append(a, v, value_string(a, list.items[i]));
    return v;
}

struct value *value_copy(struct arena *a, const struct value *v)
{
    if (!v)
        return NULL;

    struct value *copy = make(a, v->type);
    switch (v->type) {
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_DOUBLE:
        *copy = *v;
        break;
    case VALUE_STRING:
        copy->string = arena_dup(a, v->string);
        break;
    case VALUE_LIST:
        for (size_t i = 0; i < v->list.count; i++)
            value_append(a, copy, value_copy(a, v->list.items[i]));
        break;
    case VALUE_MAP:
        copy->map.members = arena_array(a, struct value_member, v->map.count + 1);
        copy->map.capacity = v->map.count + 1;
        copy->map.count = v->map.count;
        for (size_t i = 0; i < v->map.count; i++)
            copy->map.members[i] = (struct value_member){ arena_dup(a, v->map.members[i].key),
                                                          value_copy(a, v->map.members[i].value) };
        break;
    }
    return copy;
}

void value_append(struct arena *a, struct value *list, struct value *item)
{
    assert(list->type == VALUE_LIST);
    list->list.items = ARENA_GROW(a, list->list.items, list->list.count, &list->list.capacity);
    list->list.items[list->list.count++] = item;
}

void value_set(struct arena *a, struct value *map, struct str key, struct value *v)
{
    assert(map->type == VALUE_MAP);
    for (size_t i = 0; i < map->map.count; i++) {
        if (str_eq(map->map.members[i].key, key)) {
            map->map.members[i].value = v;
            return;
        }
    }
    map->map.members = ARENA_GROW(a, map->map.members, map->map.count, &map->map.capacity);
    map->map.members[map->map.count++] = (struct value_member){ key, v };
}

void value_set_str(struct arena *a, struct value *map, struct str key, struct str s)
{
    value_set(a, map, key, value_string(a, s));
}

void value_set_int(struct arena *a, struct value *map, struct str key, int64_t i)
{
    value_set(a, map, key, value_int(a, i));
}

void value_set_bool(struct arena *a, struct value *map, struct str key, bool b)
{
    value_set(a, map, key, value_bool(a, b));
}

bool value_is(const struct value *v, enum value_type type)
{
    return v && v->type == type;
}

struct value *value_get(const struct value *map, struct str key)
{
    if (!value_is(map, VALUE_MAP))
        return NULL;
    for (size_t i = 0; i < map->map.count; i++)
        if (str_eq(map->map.members[i].key, key))
            return map->map.members[i].value;
    return NULL;
}

struct value *value_at(const struct value *list, size_t index)
{
    if (!value_is(list, VALUE_LIST) || index >= list->list.count)
        return NULL;
    return list->list.items[index];
}

size_t value_count(const struct value *v)
{
    if (value_is(v, VALUE_LIST))
        return v->list.count;
    return value_is(v, VALUE_MAP) ? v->map.count : 0;
}

struct str value_str(const struct value *v)
{
    return value_is(v, VALUE_STRING) ? v->string : (struct str){ 0 };
}

struct str value_get_str(const struct value *map, struct str key)
{
    return value_str(value_get(map, key));
}

int64_t value_get_int(const struct value *map, struct str key, int64_t otherwise)
{
    const struct value *v = value_get(map, key);
    return value_is(v, VALUE_INT) ? v->integer : otherwise;
}

bool value_get_bool(const struct value *map, struct str key, bool otherwise)
{
    const struct value *v = value_get(map, key);
    return value_is(v, VALUE_BOOL) ? v->boolean : otherwise;
}

struct str value_text(struct arena *a, const struct value *v)
{
    if (!v)
        return (struct str){ 0 };
    switch (v->type) {
    case VALUE_BOOL:
        return v->boolean ? S("true") : S("false");
    case VALUE_INT:
        return arena_fmt(a, "%lld", (long long)v->integer);
    case VALUE_DOUBLE:
        return arena_fmt(a, "%.15g", v->number);
    case VALUE_STRING:
        return v->string;
    case VALUE_NULL:
    case VALUE_LIST:
    case VALUE_MAP:
        break;
    }
    return (struct str){ 0 };
}

static bool lists_equal(const struct value *a, const struct value *b)
{
    if (a->list.count != b->list.count)
        return false;
    for (size_t i = 0; i < a->list.count; i++)
        if (!value_equal(a->list.items[i], b->list.items[i]))
            return false;
    return true;
}

static bool maps_equal(const struct value *a, const struct value *b)
{
    if (a->map.count != b->map.count)
        return false;
    for (size_t i = 0; i < a->map.count; i++) {
        const struct value *other = value_get(b, a->map.members[i].key);
        if (!other || !value_equal(a->map.members[i].value, other))
            return false;
    }
    return true;
}

bool value_equal(const struct value *a, const struct value *b)
{
    if (!a || !b)
        return a == b;
    if (a->type != b->type)
        return false;
    switch (a->type) {
    case VALUE_NULL:
        return true;
    case VALUE_BOOL:
        return a->boolean == b->boolean;
    case VALUE_INT:
        return a->integer == b->integer;
    case VALUE_DOUBLE:
        return fabs(a->number - b->number) <= 0;
    case VALUE_STRING:
        return str_eq(a->string, b->string);
    case VALUE_LIST:
        return lists_equal(a, b);
    case VALUE_MAP:
        return maps_equal(a, b);
    }
    return false;
}
