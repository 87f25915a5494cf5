/* SPDX-License-Identifier: Apache-2.0 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_BLOCK 4096
#define MAX_BLOCK   (256 * 1024)
#define ALIGNMENT   _Alignof(max_align_t)

struct arena_block {
    struct arena_block *next;
    size_t used, size;
    _Alignas(max_align_t) char bytes[];
};

/* Growing blocks keep the number of system calls logarithmic; a large request
 * gets a block of its own. The second is as small as the first: many a call that
 * waits has just outgrown one. */
static struct arena_block *add_block(struct arena *a, size_t at_least)
{
    size_t size = a->blocks && a->blocks->next ? a->blocks->size * 2 : FIRST_BLOCK;
    if (size > MAX_BLOCK)
        size = MAX_BLOCK;
    if (size < at_least)
        size = at_least;

    struct arena_block *block = malloc(sizeof(*block) + size);
    if (!block)
        abort();
    *block = (struct arena_block){ .next = a->blocks, .size = size };
    a->blocks = block;
    return block;
}

void arena_done(struct arena *a)
{
    while (a->blocks) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
}

void arena_reset(struct arena *a)
{
    if (!a->blocks)
        return;
    while (a->blocks->next) {
        struct arena_block *next = a->blocks->next;
        free(a->blocks);
        a->blocks = next;
    }
    a->blocks->used = 0;
}

static void *take(struct arena *a, size_t size)
{
    if (size > SIZE_MAX / 2)
        abort();
    size = (size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);

    struct arena_block *block = a->blocks;
    if (!block || block->size - block->used < size)
        block = add_block(a, size);
    void *p = block->bytes + block->used;
    block->used += size;
    return p;
}

void *arena_alloc(struct arena *a, size_t size)
{
    void *p = take(a, size);
    memset(p, 0, size);
    return p;
}

void *arena_copy(struct arena *a, const void *p, size_t size)
{
    void *copy = take(a, size);
    if (size)
        memcpy(copy, p, size);
    return copy;
}

struct str arena_dup(struct arena *a, struct str s)
{
    if (!s.p)
        return s;
    char *p = take(a, s.len + 1);
    memcpy(p, s.p, s.len);
    p[s.len] = '\0';
    return (struct str){ p, s.len };
}

const char *arena_cstr(struct arena *a, struct str s)
{
    return s.p ? arena_dup(a, s).p : "";
}

struct str arena_fmt(struct arena *a, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);

    char *p = take(a, (size_t)len + 1);
    vsnprintf(p, (size_t)len + 1, fmt, again);
    va_end(again);
    return (struct str){ p, (size_t)len };
}

struct str arena_join(struct arena *a, struct strs parts, struct str separator)
{
    size_t len = 0;
    for (size_t i = 0; i < parts.count; i++)
        len += parts.items[i].len + (i ? separator.len : 0);

    char *p = take(a, len + 1);
    size_t at = 0;
    for (size_t i = 0; i < parts.count; i++) {
        if (i && separator.len) {
            memcpy(p + at, separator.p, separator.len);
            at += separator.len;
        }
        if (parts.items[i].len)
            memcpy(p + at, parts.items[i].p, parts.items[i].len);
        at += parts.items[i].len;
    }
    p[at] = '\0';
    return (struct str){ p, len };
}

struct strs arena_split(struct arena *a, struct str s, char separator)
{
    struct strs list = { 0 };
    size_t capacity = 0;
    struct str piece;

    while (str_next(&s, separator, &piece)) {
        list.items = ARENA_GROW(a, list.items, list.count, &capacity);
        list.items[list.count++] = piece;
    }
    return list;
}

void *arena_grow(struct arena *a, void *items, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return items;
    size_t wanted = *capacity ? *capacity * 2 : 8;
    if (wanted > SIZE_MAX / 2 / size)
        abort();
    void *grown = arena_alloc(a, wanted * size);
    if (count)
        memcpy(grown, items, count * size);
    *capacity = wanted;
    return grown;
}
