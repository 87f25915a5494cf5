/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A string being built, in an arena. Always NUL-terminated once written to.
 */
#pragma once

#include "base/arena.h"

struct buf {
    struct arena *arena;
    char *p;
    size_t len, capacity;
};

static inline struct buf buf_in(struct arena *a)
{
    return (struct buf){ .arena = a };
}

void buf_grow(struct buf *b, size_t more); /* room for `more` bytes and the NUL */

/* These two are called for every token of an answer, so they are small and here. */
static inline void buf_add(struct buf *b, struct str s)
{
    if (b->capacity <= b->len + s.len)
        buf_grow(b, s.len);
    if (s.len)
        memcpy(b->p + b->len, s.p, s.len);
    b->len += s.len;
    b->p[b->len] = '\0';
}

static inline void buf_byte(struct buf *b, char c)
{
    if (b->capacity <= b->len + 1)
        buf_grow(b, 1);
    b->p[b->len++] = c;
    b->p[b->len] = '\0';
}

PRINTF(2, 3) void buf_fmt(struct buf *b, const char *fmt, ...);
struct str buf_str(const struct buf *b); /* never absent */

#define buf_lit(b, literal) buf_add((b), S(literal))
