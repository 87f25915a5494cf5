/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <math.h>
#include <stdlib.h>

static unsigned char lower(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
}

bool str_eq(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool str_ieq(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.p[i]) != lower(b.p[i]))
            return false;
    return true;
}

int str_cmp(struct str a, struct str b)
{
    size_t n = a.len < b.len ? a.len : b.len;
    int result = n ? memcmp(a.p, b.p, n) : 0;

    if (result != 0)
        return result;
    return a.len < b.len ? -1 : a.len > b.len;
}

bool str_starts(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_eq(str_slice(s, 0, prefix.len), prefix);
}

bool str_ends(struct str s, struct str suffix)
{
    return s.len >= suffix.len && str_eq(str_from(s, s.len - suffix.len), suffix);
}

bool str_contains(struct str s, struct str part)
{
    return part.len == 0 || (s.len > 0 && memmem(s.p, s.len, part.p, part.len) != NULL);
}

struct str str_from(struct str s, size_t offset)
{
    if (!s.p)
        return s;
    if (offset > s.len)
        offset = s.len;
    return (struct str){ s.p + offset, s.len - offset };
}

struct str str_slice(struct str s, size_t offset, size_t len)
{
    s = str_from(s, offset);
    if (len < s.len)
        s.len = len;
    return s;
}

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct str str_trim(struct str s)
{
    while (s.len > 0 && is_space(s.p[0]))
        s = str_from(s, 1);
    while (s.len > 0 && is_space(s.p[s.len - 1]))
        s.len--;
    return s;
}

ptrdiff_t str_find(struct str s, char c)
{
    const char *at = s.len ? memchr(s.p, c, s.len) : NULL;
    return at ? at - s.p : -1;
}

ptrdiff_t str_rfind(struct str s, char c)
{
    const char *at = s.len ? memrchr(s.p, c, s.len) : NULL;
    return at ? at - s.p : -1;
}

bool str_cut(struct str s, char c, struct str *head, struct str *tail)
{
    ptrdiff_t at = str_find(s, c);

    if (at < 0) {
        *head = s;
        *tail = (struct str){ 0 };
        return false;
    }
    *head = str_slice(s, 0, (size_t)at);
    *tail = str_from(s, (size_t)at + 1);
    return true;
}

bool str_next(struct str *rest, char c, struct str *ret_piece)
{
    if (!rest->p)
        return false;
    struct str tail;
    str_cut(*rest, c, ret_piece, &tail);
    *rest = tail;
    return true;
}

bool str_to_int(struct str s, int64_t *ret)
{
    bool negative = s.len > 0 && s.p[0] == '-';
    if (negative)
        s = str_from(s, 1);
    if (!str_is_digits(s))
        return false;

    int64_t value = 0; /* kept negative: that side of the range is longer by one */
    for (size_t i = 0; i < s.len; i++) {
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_sub_overflow(value, s.p[i] - '0', &value))
            return false;
    }
    if (!negative && __builtin_mul_overflow(value, -1, &value))
        return false;
    *ret = value;
    return true;
}

bool str_to_double(struct str s, double *ret)
{
    char text[STR_DOUBLE_MAX + 1];
    char *end;

    if (s.len == 0 || s.len >= sizeof(text))
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    if (strspn(text, "+-.0123456789eE") != s.len) /* strtod also takes "inf" and hexadecimal */
        return false;
    double value = strtod(text, &end);
    if (*end || !isfinite(value))
        return false;
    *ret = value;
    return true;
}

bool str_is_digits(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.len > 0;
}

bool str_is_word(struct str s, const char *set)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = lower(s.p[i]);
        bool alnum = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (!alnum && (c == 0 || !strchr(set, s.p[i])))
            return false;
    }
    return true;
}

/* Length of the well-formed sequence at p, 0 if none (RFC 3629, table of section 4). */
static size_t utf8_sequence(const unsigned char *p, size_t left)
{
    unsigned char c = p[0];
    unsigned char low = 0x80, high = 0xBF;
    size_t len;

    if (c < 0x80)
        return c != 0;
    if (c >= 0xC2 && c <= 0xDF) {
        len = 2;
    } else if (c >= 0xE0 && c <= 0xEF) {
        len = 3;
        if (c == 0xE0)
            low = 0xA0;
        if (c == 0xED)
            high = 0x9F;
    } else if (c >= 0xF0 && c <= 0xF4) {
        len = 4;
        if (c == 0xF0)
            low = 0x90;
        if (c == 0xF4)
            high = 0x8F;
    } else {
        return 0;
    }
    if (len > left || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    return len;
}

/* Eight bytes of ASCII without NUL at a time: nearly everything is. The subtraction
 * sets the high bit of a byte that is zero, or one above it, which is looked at singly. */
static size_t ascii_run(struct str s, size_t from)
{
    uint64_t word;

    for (; from + sizeof(word) <= s.len; from += sizeof(word)) {
        memcpy(&word, s.p + from, sizeof(word));
        if (((word - 0x0101010101010101ULL) | word) & 0x8080808080808080ULL)
            break;
    }
    return from;
}

bool str_is_utf8(struct str s)
{
    for (size_t i = ascii_run(s, 0); i < s.len; i = ascii_run(s, i)) {
        size_t len = utf8_sequence((const unsigned char *)s.p + i, s.len - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}

size_t str_utf8_len(struct str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.len; i++)
        count += (s.p[i] & 0xC0) != 0x80;
    return count;
}

/* The usual two-pointer match: on a mismatch go back to the last '*' and let it
 * take one byte more. */
static bool glob(struct str pattern, struct str s, bool fold)
{
    size_t p = 0, i = 0, star = SIZE_MAX, mark = 0;

    while (i < s.len) {
        if (p < pattern.len && pattern.p[p] == '*') {
            star = p++;
            mark = i;
        } else if (p < pattern.len && (pattern.p[p] == '?' || pattern.p[p] == s.p[i] ||
                                       (fold && lower(pattern.p[p]) == lower(s.p[i])))) {
            p++;
            i++;
        } else if (star != SIZE_MAX) {
            p = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.p[p] == '*')
        p++;
    return p == pattern.len;
}

bool str_glob(struct str pattern, struct str s)
{
    return glob(pattern, s, false);
}

bool str_iglob(struct str pattern, struct str s)
{
    return glob(pattern, s, true);
}

bool strs_have(struct strs list, struct str s)
{
    for (size_t i = 0; i < list.count; i++)
        if (str_eq(list.items[i], s))
            return true;
    return false;
}
