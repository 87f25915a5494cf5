/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>

/* Room for `more` bytes and the NUL. The old storage stays in the arena. */
static void reserve(struct buf *b, size_t more)
{
    if (b->capacity > b->len + more)
        return;
    size_t wanted = b->capacity ? b->capacity * 2 : 128;
    while (wanted <= b->len + more)
        wanted *= 2;
    char *p = arena_alloc(b->arena, wanted);
    if (b->len)
        memcpy(p, b->p, b->len);
    b->p = p;
    b->capacity = wanted;
}

void buf_add(struct buf *b, struct str s)
{
    reserve(b, s.len);
    if (s.len)
        memcpy(b->p + b->len, s.p, s.len);
    b->len += s.len;
    b->p[b->len] = '\0';
}

void buf_byte(struct buf *b, char c)
{
    buf_add(b, (struct str){ &c, 1 });
}

void buf_fmt(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    assert(len >= 0);

    reserve(b, (size_t)len);
    vsnprintf(b->p + b->len, (size_t)len + 1, fmt, again);
    va_end(again);
    b->len += (size_t)len;
}

struct str buf_str(const struct buf *b)
{
    return b->p ? (struct str){ b->p, b->len } : S("");
}
