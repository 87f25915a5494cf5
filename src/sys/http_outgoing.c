/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/http_outgoing.h"

static bool is_plain(struct str s, unsigned char least)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if ((c < least && c != '\t') || c == 127)
            return false;
    }
    return true;
}

bool http_outgoing_is_sound(const struct http_outgoing *out)
{
    if (!is_plain(out->method, '!') || !is_plain(out->url, '!'))
        return false;
    for (size_t i = 0; i < out->n_headers; i++)
        if (!str_is_word(out->headers[i].name, "-_.") || !is_plain(out->headers[i].value, ' '))
            return false;
    return true;
}

struct str http_response_get(const struct http_response *r, struct str name)
{
    for (size_t i = 0; i < r->n_headers; i++)
        if (str_ieq(r->headers[i].name, name))
            return r->headers[i].value;
    return (struct str){ 0 };
}
