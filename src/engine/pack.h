/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A machine's plain data as a map value and back, so that a shell can keep it
 * in one column and a later release can still read it: members are found by
 * name, zeros are left out, and what is missing is zero.
 */
#pragma once

#include "base/value.h"

enum pack_type {
    PACK_BOOL,
    PACK_INT32,
    PACK_UINT32,
    PACK_INT64,
};

struct pack_field {
    const char *name;
    size_t offset, count;
    enum pack_type type;
};

/* clang-format off */
/* A table row cannot be made by a function; an enum packs as uint32_t. Another
 * member type does not compile. */
#define PACK_TYPE(T, member)                                                                       \
    _Generic(((T *)0)->member, bool: PACK_BOOL, int32_t: PACK_INT32, uint32_t: PACK_UINT32,        \
        int64_t: PACK_INT64)
#define PACK(T, member)                                                                            \
    {                                                                                              \
        #member, offsetof(T, member), 1, PACK_TYPE(T, member)                                      \
    }
#define PACK_ARRAY(T, member)                                                                      \
    {                                                                                              \
        #member, offsetof(T, member), ARRAY_LEN(((T *)0)->member), PACK_TYPE(T, member[0])         \
    }

/* The rows of a struct rate that is a member of T. */
#define PACK_RATE(T, member)                                                                       \
    PACK(T, member.n_targets), PACK(T, member.max_concurrency), PACK(T, member.max_errors),        \
    PACK(T, member.ramps), PACK(T, member.patience), PACK(T, member.n_started),                    \
    PACK(T, member.n_acknowledged), PACK(T, member.n_ended), PACK(T, member.n_errors),             \
    PACK(T, member.is_stopped), PACK(T, member.is_ramped), PACK(T, member.wave),                   \
    PACK(T, member.wave_at)
/* clang-format on */

void pack_save(struct arena *a, const struct pack_field *fields, size_t n_fields, const void *from,
               struct value *map);

/* Sets every member of the table. False if one is no integer or out of range. */
bool pack_load(const struct pack_field *fields, size_t n_fields, const struct value *map,
               void *into);
