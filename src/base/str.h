/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A view of bytes. It owns nothing and never outlives what it points into.
 * { NULL, 0 } is "absent"; an empty string has a pointer and no length.
 */
#pragma once

#include <string.h>

#include "base/defs.h"

struct str {
    const char *p;
    size_t len;
};

/* A list of views, as fields with several values have. */
struct strs {
    struct str *items;
    size_t count;
};

/* S("literal"): a view of a string literal, at no cost. */
#define S(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
#define S_INIT(literal)                                                                            \
    {                                                                                              \
        "" literal, sizeof(literal) - 1                                                            \
    }

/* printf("%.*s", STR(s)) */
#define STR(s) (int)(s).len, ((s).p ? (s).p : "")

static inline struct str str_of(const char *c) /* NULL gives an absent view */
{
    return (struct str){ c, c ? strlen(c) : 0 };
}

static inline bool str_is_set(struct str s)
{
    return s.p != NULL;
}

static inline struct str str_or_empty(struct str s) /* what is absent is "" */
{
    return str_is_set(s) ? s : (struct str){ "", 0 };
}

static inline bool str_is_empty(struct str s) /* absent counts as empty */
{
    return s.len == 0;
}

bool str_eq(struct str a, struct str b);
bool str_ieq(struct str a, struct str b); /* ASCII case only */
int str_cmp(struct str a, struct str b);  /* bytewise, as memcmp; for sorting */

bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
bool str_contains(struct str s, struct str part);

struct str str_from(struct str s, size_t offset);              /* clamped */
struct str str_slice(struct str s, size_t offset, size_t len); /* clamped */
struct str str_trim(struct str s);                             /* ASCII white space */

/* Offset of the first `c`, or -1. */
ptrdiff_t str_find(struct str s, char c);
ptrdiff_t str_rfind(struct str s, char c);

/* Cut at the first `c`: *head gets what is before, *tail what is after. False
 * and *head = s, *tail absent, where there is none. */
bool str_cut(struct str s, char c, struct str *head, struct str *tail);

/* Take the next piece of *rest up to `c`, as strtok does but keeping empty
 * pieces; false once *rest is absent. */
bool str_next(struct str *rest, char c, struct str *ret_piece);

/* Decimal, optional leading '-', the whole string; false on anything else and on overflow. */
bool str_to_int(struct str s, int64_t *ret);

/* Decimal, with or without fraction and exponent, the whole string, up to STR_DOUBLE_MAX bytes;
 * false on anything else and on what is not finite. */
#define STR_DOUBLE_MAX 127
bool str_to_double(struct str s, double *ret);

/* Only digits, at least one. */
bool str_is_digits(struct str s);

/* True if every byte is in `set` or is an ASCII letter or digit. */
bool str_is_word(struct str s, const char *set);

/* Well-formed UTF-8 without NUL. */
bool str_is_utf8(struct str s);

/* Number of code points of well-formed UTF-8. */
size_t str_utf8_len(struct str s);

/* '*' any bytes, '?' one byte, everything else itself. Linear time in practice
 * (no recursion), safe on any input. */
bool str_glob(struct str pattern, struct str s);
bool str_iglob(struct str pattern, struct str s); /* ASCII case ignored */

bool strs_have(struct strs list, struct str s);
