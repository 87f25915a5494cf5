/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pack.h"

static size_t size_of(enum pack_type type)
{
    switch (type) {
    case PACK_BOOL:
        return sizeof(bool);
    case PACK_INT32:
    case PACK_UINT32:
        return sizeof(uint32_t);
    case PACK_INT64:
        return sizeof(int64_t);
    }
    return 0;
}

static int64_t read_member(enum pack_type type, const void *from)
{
    switch (type) {
    case PACK_BOOL:
        return *(const bool *)from;
    case PACK_INT32:
        return *(const int32_t *)from;
    case PACK_UINT32:
        return *(const uint32_t *)from;
    case PACK_INT64:
        return *(const int64_t *)from;
    }
    return 0;
}

static bool write_member(enum pack_type type, int64_t n, void *into)
{
    switch (type) {
    case PACK_BOOL:
        *(bool *)into = n != 0;
        return n == 0 || n == 1;
    case PACK_INT32:
        *(int32_t *)into = (int32_t)n;
        return n >= INT32_MIN && n <= INT32_MAX;
    case PACK_UINT32:
        *(uint32_t *)into = (uint32_t)n;
        return n >= 0 && n <= UINT32_MAX;
    case PACK_INT64:
        *(int64_t *)into = n;
        return true;
    }
    return false;
}

static void save_array(struct arena *a, const struct pack_field *f, const char *from,
                       struct value *map)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < f->count; i++)
        value_append(a, list, value_int(a, read_member(f->type, from + i * size_of(f->type))));
    value_set(a, map, str_of(f->name), list);
}

void pack_save(struct arena *a, const struct pack_field *fields, size_t n_fields, const void *from,
               struct value *map)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct pack_field *f = &fields[i];
        const char *member = (const char *)from + f->offset;

        if (f->count > 1)
            save_array(a, f, member, map);
        else if (read_member(f->type, member) != 0)
            value_set_int(a, map, str_of(f->name), read_member(f->type, member));
    }
}

static bool load_member(const struct pack_field *f, const struct value *v, char *into)
{
    if (v && !value_is(v, VALUE_INT))
        return false;
    return write_member(f->type, v ? v->integer : 0, into);
}

bool pack_load(const struct pack_field *fields, size_t n_fields, const struct value *map,
               void *into)
{
    for (size_t i = 0; i < n_fields; i++) {
        const struct pack_field *f = &fields[i];
        const struct value *v = value_get(map, str_of(f->name));
        char *member = (char *)into + f->offset;

        for (size_t n = 0; n < f->count; n++)
            if (!load_member(f, f->count > 1 ? value_at(v, n) : v, member + n * size_of(f->type)))
                return false;
    }
    return true;
}
