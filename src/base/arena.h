/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory with one lifetime.
 *
 * A request, an engine step and a command-line run each own one arena, and
 * everything they make lives in it, so nothing in a handler is freed one by
 * one and no error path can leak. Allocation does not fail: what a client may
 * make us allocate is bounded before it is parsed, and past that bound the
 * process is better restarted than limping.
 */
#pragma once

#include "base/str.h"

struct arena_block;

struct arena {
    struct arena_block *blocks;
};

/* `struct arena a = { 0 };` is an empty arena; arena_done() makes it one again. */
void arena_done(struct arena *a);

/* Forget everything but keep the first block, for loops that reuse one arena. */
void arena_reset(struct arena *a);

void *arena_alloc(struct arena *a, size_t size); /* zeroed, max-aligned */
void *arena_copy(struct arena *a, const void *p, size_t size);
struct str arena_dup(struct arena *a, struct str s); /* NUL-terminated copy; absent stays absent */
const char *arena_cstr(struct arena *a, struct str s); /* the same, as a C string; never NULL */
PRINTF(2, 3) struct str arena_fmt(struct arena *a, const char *fmt, ...);
struct str arena_join(struct arena *a, struct strs parts, struct str separator);
struct strs arena_split(struct arena *a, struct str s, char separator); /* keeps empty pieces */

#define arena_new(a, T)          ((T *)arena_alloc((a), sizeof(T)))
#define arena_array(a, T, count) ((T *)arena_alloc((a), sizeof(T) * (size_t)(count)))

/* Make room for one more in a growing array that lives in the arena:
 * items = ARENA_GROW(a, items, count, &capacity). */
void *arena_grow(struct arena *a, void *items, size_t count, size_t *capacity, size_t size);
#define ARENA_GROW(a, items, count, capacity)                                                      \
    arena_grow((a), (items), (count), (capacity), sizeof(*(items)))
