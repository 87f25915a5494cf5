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
