/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any request: "METHOD /path?query", header lines, an empty line, a body. What
 * it claims of its signature is read and checked, and when we sign it ourselves
 * it must verify.
 */
#include "wire/sigv4.h"
#include "wire/sigv4_private.h"

#include "fuzz.h"

#define MAX_HEADERS 40
#define ADDED       4
#define NOW         ((msec)1795449600000)

static void read_request(struct str text, struct http_request *r, struct http_header *headers)
{
    struct str line, target;

    *r = (struct http_request){ .headers = headers };
    str_cut(text, '\n', &line, &text);
    str_cut(line, ' ', &r->method, &target);
    str_cut(target, '?', &r->path, &r->query);
    while (r->n_headers < MAX_HEADERS && str_next(&text, '\n', &line) && line.len > 0) {
        str_cut(line, ':', &headers[r->n_headers].name, &headers[r->n_headers].value);
        r->n_headers++;
    }
    r->body = text;
}

static void check_claim(struct arena *a, const struct http_request *r)
{
    static const struct digest key = { { 1 } };
    struct sigv4_claim claim;
    struct str why = { 0 };

    int result = sigv4_read(a, r, &claim, &why);
    if (result == SIGV4_INCOMPLETE)
        assert(why.len > 0);
    if (result != 0)
        return;
    assert(claim.access_key.len > 0);
    assert(sigv4_verify(a, r, &claim, &key, NOW) != 0);
    assert(sigv4_verify_rsa(a, r, &claim, S("no key"), NOW) == SIGV4_MISMATCH);
}

/* What signing adds or decides upon is dropped, and what no HTTP library
 * would let through. */
static void keep_plain(struct http_request *r, struct http_header *headers)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->n_headers; i++) {
        struct str name = headers[i].name;
        if (name.len > 0 && str_is_word(name, "-") && !str_ieq(name, S("authorization")) &&
            !str_ieq(name, S("host")) && !str_ieq(str_slice(name, 0, 6), S("x-amz-")))
            headers[kept++] = headers[i];
    }
    headers[kept++] = (struct http_header){ S("Host"), S("localhost:1") };
    r->n_headers = kept;
}

static void sign_and_verify(struct arena *a, struct http_request *r, struct http_header *headers,
                            struct str service)
{
    struct sigv4_credentials keys = { S("AKID"), S("secret"), S("to/ken==") };
    struct digest key = sigv4_key(keys.secret, S("20261123"), S("r"), service);
    struct sigv4_claim claim;
    struct str why;
    size_t count;

    struct http_header *added = sigv4_sign(a, r, &keys, S("r"), service, NOW, &count);
    assert(count <= ADDED);
    memcpy(headers + r->n_headers, added, count * sizeof(*added));
    r->n_headers += count;
    int result = sigv4_read(a, r, &claim, &why);
    if (result == SIGV4_INCOMPLETE) /* "X-Amz-Signature" in the query */
        return;
    assert(result == 0);
    assert(sigv4_verify(a, r, &claim, &key, NOW) == 0);
    r->n_headers -= count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_header headers[MAX_HEADERS + 1 + ADDED];
    struct http_request r;
    struct arena a = { 0 };

    if (size > 65536)
        return 0;
    read_request((struct str){ (const char *)data, size }, &r, headers);
    check_claim(&a, &r);
    struct str once = sigv4_canonical_query(&a, r.query, false);
    if (str_is_set(once)) {
        assert(str_eq(once, sigv4_canonical_query(&a, once, false)));
        keep_plain(&r, headers);
        sign_and_verify(&a, &r, headers, S("ssm"));
        sign_and_verify(&a, &r, headers, S("s3"));
    }
    arena_done(&a);
    return 0;
}
