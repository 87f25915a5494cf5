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

void buf_add(struct buf *b, struct str s);
void buf_byte(struct buf *b, char c);
PRINTF(2, 3) void buf_fmt(struct buf *b, const char *fmt, ...);
struct str buf_str(const struct buf *b); /* never absent */

#define buf_lit(b, literal) buf_add((b), S(literal))
