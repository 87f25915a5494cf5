/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

/* The old storage stays in the arena. */
void buf_grow(struct buf *b, size_t more)
{
    size_t wanted = b->capacity ? b->capacity * 2 : 128;

    while (wanted <= b->len + more)
        wanted *= 2;
    char *p = arena_alloc(b->arena, wanted);
    if (b->len)
        memcpy(p, b->p, b->len);
    b->p = p;
    b->capacity = wanted;
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);

    if (b->capacity <= b->len + (size_t)len)
        buf_grow(b, (size_t)len);
    vsnprintf(b->p + b->len, (size_t)len + 1, fmt, again);
    va_end(again);
    b->len += (size_t)len;
}

struct str buf_str(const struct buf *b)
{
    return b->p ? (struct str){ b->p, b->len } : S("");
}
