/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http.h"

#include "base/hex.h"

struct str http_header_get(const struct http_request *r, struct str name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_ieq(r->headers[i].name, name))
            return r->headers[i].value;
    return (struct str){ 0 };
}

bool http_query_next(struct str *rest, struct str *ret_name, struct str *ret_value)
{
    struct str piece;

    while (str_next(rest, '&', &piece)) {
        if (piece.len == 0)
            continue;
        if (!str_cut(piece, '=', ret_name, ret_value))
            *ret_value = S("");
        return true;
    }
    return false;
}

struct str http_query_get(struct arena *a, struct str query, struct str name)
{
    struct str raw_name, raw_value, decoded;

    while (http_query_next(&query, &raw_name, &raw_value)) {
        bool is_plain = str_eq(raw_name, name); /* most are, and then nothing is copied */
        if (!is_plain && (str_find(raw_name, '%') < 0 ||
                          !percent_decode(a, raw_name, true, &decoded) || !str_eq(decoded, name)))
            continue;
        if (percent_decode(a, raw_value, true, &decoded))
            return decoded;
        break;
    }
    return (struct str){ 0 };
}

enum http_range http_range_parse(struct str range, int64_t size, int64_t *ret_first,
                                 int64_t *ret_last)
{
    struct str unit, first, last;
    int64_t from = 0, to = size - 1;

    if (!str_cut(range, '=', &unit, &range) || !str_eq(unit, S("bytes")) ||
        !str_cut(range, '-', &first, &last) || (first.len == 0 && last.len == 0) ||
        (first.len && !str_to_int(first, &from)) || (last.len && !str_to_int(last, &to)) ||
        from < 0 || to < 0 || (first.len && last.len && to < from))
        return HTTP_RANGE_ALL;
    if (first.len == 0) {
        from = to < size ? size - to : 0;
        to = to == 0 ? -1 : size - 1;
    }
    if (to >= size)
        to = size - 1;
    if (from >= size || to < from)
        return HTTP_RANGE_NONE;
    *ret_first = from;
    *ret_last = to;
    return HTTP_RANGE_PART;
}
