/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A hash table from strings to pointers, on the heap, for what outlives a
 * request (caches, waiters). Keys are copied. Not thread-safe. The hash is
 * keyed with process randomness, so clients cannot aim collisions.
 */
#pragma once

#include "base/str.h"

struct map_entry;

struct map {
    struct map_entry **buckets;
    size_t n_buckets, count;
};

/* `struct map m = { 0 };` is an empty map. */
void map_done(struct map *m);
void *map_get(const struct map *m, struct str key);        /* NULL if none */
void *map_put(struct map *m, struct str key, void *value); /* returns what it replaced, or NULL */
void *map_remove(struct map *m, struct str key);           /* returns what was there, or NULL */

/* Visit all; the visitor may remove the visited key only. */
void map_each(struct map *m, void (*visit)(struct str key, void *value, void *context),
              void *context);
