/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/hex.h"
#include "base/time.h"
#include "wire/sigv4_private.h"

/* A request being signed: itself with the headers that signing adds. */
struct signing {
    struct arena *arena;
    struct http_request request;
    struct http_header *headers; /* of request, writable */
    struct sigv4_scope scope;
    size_t n_before;
};

#define MAX_ADDED 4 /* date, token, payload hash, authorization */

static struct signing begin(struct arena *a, const struct http_request *r, struct str region,
                            struct str service, msec now)
{
    struct signing s = { .arena = a, .request = *r, .n_before = r->n_headers };

    s.headers = arena_array(a, struct http_header, r->n_headers + MAX_ADDED);
    if (r->n_headers)
        memcpy(s.headers, r->headers, r->n_headers * sizeof(*r->headers));
    s.request.headers = s.headers;
    s.scope = (struct sigv4_scope){
        .region = region,
        .service = service,
        .amz_date = time_amz(a, now),
    };
    return s;
}

static struct str date_of(const struct sigv4_scope *scope)
{
    return str_slice(scope->amz_date, 0, 8);
}

static void add(struct signing *s, struct str name, struct str value)
{
    assert(s->request.n_headers < s->n_before + MAX_ADDED);
    s->headers[s->request.n_headers++] = (struct http_header){ name, value };
}

/* What a proxy or the HTTP library may still change. */
static bool stays_unsigned(struct str name)
{
    static const struct str list[] = {
        S_INIT("accept"),
        S_INIT("accept-encoding"),
        S_INIT("authorization"),
        S_INIT("connection"),
        S_INIT("expect"),
        S_INIT("keep-alive"),
        S_INIT("te"),
        S_INIT("transfer-encoding"),
        S_INIT("upgrade"),
        S_INIT("user-agent"),
        S_INIT("x-amzn-trace-id"),
    };

    for (size_t i = 0; i < ARRAY_LEN(list); i++)
        if (str_ieq(name, list[i]))
            return true;
    return false;
}

static int by_bytes(const void *a, const void *b)
{
    return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_copy(a, s.p, s.len);

    for (size_t i = 0; i < s.len; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] - 'A' + 'a');
    return (struct str){ p, s.len };
}

static struct str signed_headers(const struct signing *s)
{
    const struct http_request *r = &s->request;
    struct str *names = arena_array(s->arena, struct str, r->n_headers + 1);
    size_t count = 0;
    struct buf b = buf_in(s->arena);

    for (size_t i = 0; i < r->n_headers; i++)
        if (!stays_unsigned(r->headers[i].name))
            names[count++] = lower(s->arena, r->headers[i].name);
    qsort(names, count, sizeof(*names), by_bytes);
    for (size_t i = 0; i < count; i++) {
        if (i && str_eq(names[i], names[i - 1]))
            continue;
        if (i)
            buf_byte(&b, ';');
        buf_add(&b, names[i]);
    }
    return buf_str(&b);
}

/* Everything but the signature itself. A request that has no Host, or more
 * headers than anyone verifies, is the caller's mistake. */
static struct str prepare(struct signing *s)
{
    struct str given = http_header_get(&s->request, S("X-Amz-Content-Sha256"));

    s->scope.payload_hash = str_is_set(given) ? given : sha256_hex(s->arena, s->request.body);
    if (sigv4_is_s3(s->scope.service) && !str_is_set(given))
        add(s, S("X-Amz-Content-Sha256"), s->scope.payload_hash);
    s->scope.signed_headers = signed_headers(s);
    struct str text = sigv4_string_to_sign(s->arena, &s->request, &s->scope);
    assert(str_is_set(text) && str_is_set(http_header_get(&s->request, S("Host"))));
    return text;
}

static struct http_header *finish(struct signing *s, struct str who, struct str signature,
                                  size_t *ret_count)
{
    add(s, S("Authorization"),
        arena_fmt(s->arena,
                  SIGV4_ALGORITHM " Credential=%.*s/%.*s/%.*s/%.*s/aws4_request, "
                                  "SignedHeaders=%.*s, Signature=%.*s",
                  STR(who), STR(date_of(&s->scope)), STR(s->scope.region), STR(s->scope.service),
                  STR(s->scope.signed_headers), STR(signature)));
    *ret_count = s->request.n_headers - s->n_before;
    return s->headers + s->n_before;
}

struct http_header *sigv4_sign(struct arena *a, const struct http_request *r,
                               const struct sigv4_credentials *credentials, struct str region,
                               struct str service, msec now, size_t *ret_count)
{
    struct signing s = begin(a, r, region, service, now);
    struct digest key = sigv4_key(credentials->secret, date_of(&s.scope), region, service);
    char signature[SIGV4_HEX_SIZE];

    add(&s, S("X-Amz-Date"), s.scope.amz_date);
    if (str_is_set(credentials->token))
        add(&s, S("X-Amz-Security-Token"), credentials->token);
    sigv4_signature(&key, prepare(&s), signature);
    crypto_wipe(&key, sizeof(key));
    return finish(&s, credentials->access_key, (struct str){ signature, sizeof(signature) },
                  ret_count);
}

struct http_header *sigv4_sign_rsa(struct arena *a, const struct http_request *r, struct str node,
                                   const struct rsa_key *key, struct str region, struct str service,
                                   msec now, size_t *ret_count)
{
    struct signing s = begin(a, r, region, service, now);

    add(&s, S("X-Amz-Date"), s.scope.amz_date);
    struct str signature = base64_encode(a, rsa_pss_sign(a, key, prepare(&s)));
    return finish(&s, node, signature, ret_count);
}

static void parameter(struct buf *b, const char *name, struct str value)
{
    if (b->len)
        buf_byte(b, '&');
    buf_fmt(b, "%s=", name);
    buf_add(b, percent_encode(b->arena, value, false));
}

struct str sigv4_presign(struct arena *a, struct str method, struct str host, struct str path,
                         struct str query, const struct sigv4_credentials *credentials,
                         struct str region, struct str service, msec now, msec expires_after)
{
    struct sigv4_scope scope = {
        .region = region,
        .service = service,
        .signed_headers = S("host"),
        .payload_hash = sigv4_is_s3(service) ? S(SIGV4_UNSIGNED) : sha256_hex(a, S("")),
        .amz_date = time_amz(a, now),
        .is_presigned = true,
    };
    struct buf b = buf_in(a);

    buf_add(&b, query);
    parameter(&b, "X-Amz-Algorithm", S(SIGV4_ALGORITHM));
    parameter(&b, "X-Amz-Credential",
              arena_fmt(a, "%.*s/%.*s/%.*s/%.*s/aws4_request", STR(credentials->access_key),
                        STR(date_of(&scope)), STR(region), STR(service)));
    parameter(&b, "X-Amz-Date", scope.amz_date);
    parameter(&b, "X-Amz-Expires", arena_fmt(a, "%lld", (long long)(expires_after / MSEC_SECOND)));
    parameter(&b, "X-Amz-SignedHeaders", scope.signed_headers);
    if (str_is_set(credentials->token))
        parameter(&b, "X-Amz-Security-Token", credentials->token);

    struct http_header headers[] = { { S("host"), host } };
    struct http_request r = { .method = method,
                              .path = path,
                              .query = buf_str(&b),
                              .headers = headers,
                              .n_headers = ARRAY_LEN(headers) };
    struct digest key = sigv4_key(credentials->secret, date_of(&scope), region, service);
    char signature[SIGV4_HEX_SIZE];
    struct str text = sigv4_string_to_sign(a, &r, &scope);
    assert(str_is_set(text));
    sigv4_signature(&key, text, signature);
    crypto_wipe(&key, sizeof(key));
    return arena_fmt(a, "%.*s&X-Amz-Signature=%.*s", STR(buf_str(&b)), (int)sizeof(signature),
                     signature);
}
