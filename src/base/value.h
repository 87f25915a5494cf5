/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A document: what JSON or YAML says, as one tree in an arena. Templates,
 * policies, runbooks, baselines and free-form members of requests are these.
 * It knows neither text form; json.h and yaml.h fill it and write it.
 *
 * Readers take NULL for "absent" and answer with absent, so a path can be
 * walked without a check at each step.
 */
#pragma once

#include "base/arena.h"

enum value_type {
    VALUE_NULL,
    VALUE_BOOL,
    VALUE_INT,
    VALUE_DOUBLE,
    VALUE_STRING,
    VALUE_LIST,
    VALUE_MAP,
};

struct value;

struct value_member {
    struct str key;
    struct value *value;
};

struct value {
    enum value_type type;
    union {
        bool boolean;
        int64_t integer;
        double number;
        struct str string;
        struct {
            struct value **items;
            size_t count, capacity;
        } list;
        struct {
            struct value_member *members; /* in document order */
            size_t count, capacity;
        } map;
    };
};

struct value *value_null(struct arena *a);
struct value *value_bool(struct arena *a, bool b);
struct value *value_int(struct arena *a, int64_t i);
struct value *value_double(struct arena *a, double d);
struct value *value_string(struct arena *a, struct str s); /* the view is kept, not copied */
struct value *value_list(struct arena *a);
struct value *value_map(struct arena *a);
struct value *value_strings(struct arena *a, struct strs list);
struct value *value_copy(struct arena *a, const struct value *v); /* deep */

void value_append(struct arena *a, struct value *list, struct value *item);

/* Replaces a member of that name, else adds one at the end. The key is kept as a view. */
void value_set(struct arena *a, struct value *map, struct str key, struct value *v);
void value_set_str(struct arena *a, struct value *map, struct str key, struct str s);
void value_set_int(struct arena *a, struct value *map, struct str key, int64_t i);
void value_set_bool(struct arena *a, struct value *map, struct str key, bool b);

bool value_is(const struct value *v, enum value_type type);       /* false for NULL */
struct value *value_get(const struct value *map, struct str key); /* NULL if none or no map */
struct value *value_at(const struct value *list, size_t index);   /* NULL past the end or no list */
size_t value_count(const struct value *v);   /* items or members; 0 otherwise */
struct str value_str(const struct value *v); /* absent unless a string */
struct str value_get_str(const struct value *map, struct str key);
int64_t value_get_int(const struct value *map, struct str key, int64_t otherwise);
bool value_get_bool(const struct value *map, struct str key, bool otherwise);

/* A scalar as text: strings as they are, true/false, numbers in decimal; absent otherwise. */
struct str value_text(struct arena *a, const struct value *v);

bool value_equal(const struct value *a, const struct value *b); /* order of members is irrelevant */
