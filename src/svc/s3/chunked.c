/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/chunked.h"

#include "base/buf.h"

/* The line up to CR LF, which is taken too. */
static bool take_line(struct str *rest, struct str *ret)
{
    const char *end = rest->len ? memmem(rest->p, rest->len, "\r\n", 2) : NULL;

    if (!end)
        return false;
    *ret = str_slice(*rest, 0, (size_t)(end - rest->p));
    *rest = str_from(*rest, ret->len + 2);
    return true;
}

/* "1a2b", perhaps with an extension behind a semicolon. */
static bool read_size(struct str line, size_t *ret)
{
    struct str digits = line, extension;

    (void)str_cut(line, ';', &digits, &extension);
    if (digits.len == 0 || digits.len > 8)
        return false;
    *ret = 0;
    for (size_t i = 0; i < digits.len; i++) {
        char c = digits.p[i];
        int value = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (value < 0)
            return false;
        *ret = *ret * 16 + (size_t)value;
    }
    return true;
}

/* Lines up to an empty one, or to the end. */
static bool take_trailers(struct str *rest, struct chunked *ret)
{
    struct str line;

    while (take_line(rest, &line) && line.len > 0) {
        struct chunked_trailer t;
        if (ret->n_trailers == CHUNKED_MAX_TRAILERS || !str_cut(line, ':', &t.name, &t.value))
            return false;
        t.value = str_trim(t.value);
        ret->trailers[ret->n_trailers++] = t;
    }
    return rest->len == 0;
}

bool chunked_decode(struct arena *a, struct str body, struct chunked *ret)
{
    struct buf b = buf_in(a);
    struct str rest = body, line;
    size_t size;

    *ret = (struct chunked){ 0 };
    for (;;) {
        if (!take_line(&rest, &line) || !read_size(line, &size))
            return false;
        if (size == 0)
            break;
        if (rest.len < size + 2 || memcmp(rest.p + size, "\r\n", 2) != 0)
            return false;
        buf_add(&b, str_slice(rest, 0, size));
        rest = str_from(rest, size + 2);
    }
    ret->bytes = buf_str(&b);
    return take_trailers(&rest, ret);
}
