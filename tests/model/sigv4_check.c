/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our signatures at the end of a pipe, for test_sigv4.py: one JSON object a
 * line in, one out.
 *
 *   {"do": "verify", "secret": S, ...request}   -> {"outcome": 0, "why": ""}
 *   {"do": "sign", ...credentials, ...request}  -> {"headers": [[name, value]]}
 *   {"do": "presign", ...}                      -> {"query": "..."}
 *
 * A request is method, path, query, headers [[name, value]], body (base64) and
 * now (milliseconds).
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/json.h"
#include "wire/sigv4.h"

static struct str text(const struct value *v, const char *name)
{
    return value_get_str(v, str_of(name));
}

static struct http_request request_of(struct arena *a, const struct value *v)
{
    const struct value *list = value_get(v, S("headers"));
    struct http_header *headers = arena_array(a, struct http_header, value_count(list) + 1);
    struct http_request r = { .method = text(v, "method"),
                              .path = text(v, "path"),
                              .query = text(v, "query"),
                              .headers = headers,
                              .n_headers = value_count(list) };

    for (size_t i = 0; i < r.n_headers; i++)
        headers[i] = (struct http_header){ value_str(value_at(value_at(list, i), 0)),
                                           value_str(value_at(value_at(list, i), 1)) };
    if (!base64_decode(a, text(v, "body"), &r.body))
        r.body = S("");
    return r;
}

static struct value *verify(struct arena *a, const struct value *v)
{
    struct http_request r = request_of(a, v);
    struct value *answer = value_map(a);
    struct sigv4_claim claim;
    struct str why = S("");

    int result = sigv4_read(a, &r, &claim, &why);
    if (result == 0) {
        struct digest key = sigv4_key(text(v, "secret"), claim.date, claim.region, claim.service);
        result = sigv4_verify(a, &r, &claim, &key, value_get_int(v, S("now"), 0));
        value_set_str(a, answer, S("access_key"), claim.access_key);
        value_set_str(a, answer, S("token"), claim.token);
    }
    value_set_int(a, answer, S("outcome"), result);
    value_set_str(a, answer, S("why"), why);
    return answer;
}

static struct sigv4_credentials credentials_of(const struct value *v)
{
    return (struct sigv4_credentials){ text(v, "access_key"), text(v, "secret"), text(v, "token") };
}

static struct value *sign(struct arena *a, const struct value *v)
{
    struct http_request r = request_of(a, v);
    struct sigv4_credentials keys = credentials_of(v);
    struct value *answer = value_map(a), *list = value_list(a);
    size_t count;

    struct http_header *added = sigv4_sign(a, &r, &keys, text(v, "region"), text(v, "service"),
                                           value_get_int(v, S("now"), 0), &count);
    for (size_t i = 0; i < count; i++) {
        struct str pair[] = { added[i].name, added[i].value };
        value_append(a, list, value_strings(a, (struct strs){ pair, 2 }));
    }
    value_set(a, answer, S("headers"), list);
    return answer;
}

static struct value *presign(struct arena *a, const struct value *v)
{
    struct sigv4_credentials keys = credentials_of(v);
    struct value *answer = value_map(a);

    value_set_str(a, answer, S("query"),
                  sigv4_presign(a, text(v, "method"), text(v, "host"), text(v, "path"),
                                text(v, "query"), &keys, text(v, "region"), text(v, "service"),
                                value_get_int(v, S("now"), 0), value_get_int(v, S("expires"), 0)));
    return answer;
}

static struct value *answer_to(struct arena *a, const struct value *v)
{
    struct str what = text(v, "do");

    if (str_eq(what, S("sign")))
        return sign(a, v);
    return str_eq(what, S("presign")) ? presign(a, v) : verify(a, v);
}

int main(void)
{
    struct arena a = { 0 };
    char *line = NULL;
    size_t size = 0;

    while (getline(&line, &size, stdin) > 0) {
        struct value *v;
        struct str why = S("");
        if (json_parse(&a, str_of(line), &v, &why) != 0) {
            fprintf(stderr, "%.*s\n", STR(why));
            return 1;
        }
        printf("%s\n", json_format(&a, answer_to(&a, v)).p);
        fflush(stdout);
        arena_reset(&a);
    }
    free(line);
    arena_done(&a);
    return 0;
}
