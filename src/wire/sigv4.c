/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/sigv4.h"

#include "base/hex.h"
#include "base/time.h"
#include "wire/sigv4_private.h"

static int incomplete(struct str *ret_why, struct str why)
{
    *ret_why = why;
    return SIGV4_INCOMPLETE;
}

/* AKID/20261123/us-east-1/ssm/aws4_request */
static int read_credential(struct arena *a, struct str text, struct sigv4_claim *c,
                           struct str *ret_why)
{
    struct str rest = text, parts[5];
    size_t n = 0;

    while (n < ARRAY_LEN(parts) && str_next(&rest, '/', &parts[n]))
        n++;
    if (n < ARRAY_LEN(parts) || str_is_set(rest) || parts[0].len == 0)
        return incomplete(ret_why,
                          arena_fmt(a,
                                    "Credential must have exactly 5 slash-delimited elements, e.g. "
                                    "keyid/date/region/service/term, got '%.*s'",
                                    STR(text)));
    if (!str_eq(parts[4], S("aws4_request")))
        return incomplete(ret_why, arena_fmt(a,
                                             "Credential should be scoped with a valid "
                                             "terminator: 'aws4_request', not '%.*s'.",
                                             STR(parts[4])));
    c->access_key = parts[0];
    c->date = parts[1];
    c->region = parts[2];
    c->service = parts[3];
    return 0;
}

/* AWS's streaming signatures sign each chunk of the body; the body would have
 * to be unpacked before anyone may look at it. */
static int check_payload_hash(struct arena *a, const struct sigv4_claim *c, struct str *ret_why)
{
    if (!str_is_set(c->payload_hash))
        return 0;
    if (str_starts(c->payload_hash, S("STREAMING-")) &&
        !(sigv4_is_s3(c->service) && str_eq(c->payload_hash, S(SIGV4_UNSIGNED_CHUNKS))))
        return incomplete(ret_why, arena_fmt(a,
                                             "x-amz-content-sha256: %.*s is not supported. Send "
                                             "the body unchunked with its SHA-256.",
                                             STR(c->payload_hash)));
    if (str_eq(c->payload_hash, S(SIGV4_UNSIGNED)) && !sigv4_is_s3(c->service))
        return incomplete(ret_why, S("x-amz-content-sha256: UNSIGNED-PAYLOAD is for S3 only."));
    return 0;
}

/* A node's signature is base64 of 256 bytes, an HMAC is 64 hex digits. */
static bool looks_rsa(struct str signature)
{
    return signature.len > SIGV4_HEX_SIZE && str_is_word(signature, "+/=");
}

static int missing(struct arena *a, const struct sigv4_claim *c, struct str credential, bool dated,
                   struct str *ret_why)
{
    *ret_why = arena_fmt(
        a, "%s%s%s%s",
        credential.len ? "" : "Authorization header requires 'Credential' parameter. ",
        c->signature.len ? "" : "Authorization header requires 'Signature' parameter. ",
        c->signed_headers.len ? "" : "Authorization header requires 'SignedHeaders' parameter. ",
        dated ? ""
              : "Authorization header requires existence of either a 'X-Amz-Date' or a "
                "'Date' header. ");
    *ret_why = str_trim(*ret_why);
    return SIGV4_INCOMPLETE;
}

static bool read_date(const struct http_request *r, msec *ret)
{
    struct str amz = http_header_get(r, S("X-Amz-Date"));
    struct str date = http_header_get(r, S("Date"));

    if (str_is_set(amz))
        return time_parse_amz(str_trim(amz), ret);
    return time_parse_http(str_trim(date), ret) || time_parse_amz(str_trim(date), ret);
}

static int read_header(struct arena *a, const struct http_request *r, struct str authorization,
                       struct sigv4_claim *c, struct str *ret_why)
{
    struct str rest = str_from(authorization, strlen(SIGV4_ALGORITHM)), part;
    struct str credential = { 0 };

    if (!str_starts(authorization, S(SIGV4_ALGORITHM " ")))
        return incomplete(ret_why, S("Authorization must be of the type AWS4-HMAC-SHA256."));
    while (str_next(&rest, ',', &part)) {
        struct str name, value;
        str_cut(str_trim(part), '=', &name, &value);
        if (str_eq(name, S("Credential")))
            credential = value;
        else if (str_eq(name, S("SignedHeaders")))
            c->signed_headers = value;
        else if (str_eq(name, S("Signature")))
            c->signature = value;
    }
    bool dated = read_date(r, &c->signed_at);
    if (!credential.len || !c->signature.len || !c->signed_headers.len || !dated)
        return missing(a, c, credential, dated, ret_why);
    PASS(read_credential(a, credential, c, ret_why));

    c->token = http_header_get(r, S("X-Amz-Security-Token"));
    c->payload_hash = http_header_get(r, S("X-Amz-Content-Sha256"));
    c->is_rsa = looks_rsa(c->signature);
    return check_payload_hash(a, c, ret_why);
}

static int read_expires(struct arena *a, const struct http_request *r, struct sigv4_claim *c,
                        struct str *ret_why)
{
    struct str text = http_query_get(a, r->query, S("X-Amz-Expires"));
    int64_t seconds = SIGV4_SKEW / MSEC_SECOND; /* what AWS gives where a service needs none */

    if (!str_is_set(text) && sigv4_is_s3(c->service))
        return incomplete(ret_why, S("Query-string authentication requires X-Amz-Expires."));
    if (str_is_set(text) && !str_to_int(text, &seconds))
        return incomplete(ret_why, S("X-Amz-Expires should be a number"));
    if (seconds < 0)
        return incomplete(ret_why, S("X-Amz-Expires must be non-negative"));
    if (seconds > SIGV4_MAX_EXPIRES / MSEC_SECOND)
        return incomplete(ret_why, S("X-Amz-Expires must be less than a week (in seconds); that "
                                     "is, the given X-Amz-Expires must be less than 604800 "
                                     "seconds"));
    c->expires_after = seconds * MSEC_SECOND;
    return 0;
}

static int read_query(struct arena *a, const struct http_request *r, struct sigv4_claim *c,
                      struct str *ret_why)
{
    struct str algorithm = http_query_get(a, r->query, S("X-Amz-Algorithm"));
    struct str credential = http_query_get(a, r->query, S("X-Amz-Credential"));
    struct str date = http_query_get(a, r->query, S("X-Amz-Date"));

    c->is_presigned = true;
    c->signature = http_query_get(a, r->query, S("X-Amz-Signature"));
    c->signed_headers = http_query_get(a, r->query, S("X-Amz-SignedHeaders"));
    c->token = http_query_get(a, r->query, S("X-Amz-Security-Token"));
    if (!str_eq(algorithm, S(SIGV4_ALGORITHM)) || !credential.len || !c->signature.len ||
        !c->signed_headers.len || !time_parse_amz(date, &c->signed_at))
        return incomplete(ret_why,
                          S("AWS query-string parameters must include 'X-Amz-Algorithm', "
                            "'X-Amz-Credential', 'X-Amz-Signature', 'X-Amz-SignedHeaders' and "
                            "'X-Amz-Date'. Re-examine the query-string parameters."));
    PASS(read_credential(a, credential, c, ret_why));
    PASS(read_expires(a, r, c, ret_why));

    c->payload_hash = http_query_get(a, r->query, S("X-Amz-Content-Sha256"));
    if (!str_is_set(c->payload_hash))
        c->payload_hash = http_header_get(r, S("X-Amz-Content-Sha256"));
    return check_payload_hash(a, c, ret_why);
}

int sigv4_read(struct arena *a, const struct http_request *r, struct sigv4_claim *ret,
               struct str *ret_why)
{
    struct str authorization = http_header_get(r, S("Authorization"));
    bool presigned =
        r->query.len && (str_is_set(http_query_get(a, r->query, S("X-Amz-Signature"))) ||
                         str_is_set(http_query_get(a, r->query, S("X-Amz-Algorithm"))));
    struct sigv4_claim claim = { 0 };

    if (!str_is_set(authorization) && !presigned)
        return SIGV4_ABSENT;
    if (str_is_set(authorization) && presigned)
        return incomplete(ret_why, S("Only one auth mechanism allowed; only the X-Amz-Algorithm "
                                     "query parameter, Signature query string parameter or the "
                                     "Authorization header should be specified"));
    if (presigned)
        PASS(read_query(a, r, &claim, ret_why));
    else
        PASS(read_header(a, r, str_trim(authorization), &claim, ret_why));
    *ret = claim;
    return 0;
}

struct digest sigv4_key(struct str secret, struct str date, struct str region, struct str service)
{
    struct arena a = { 0 };
    struct str seed = arena_fmt(&a, "AWS4%.*s", STR(secret));
    struct digest key = hmac_sha256(seed, date);

    crypto_wipe((char *)(uintptr_t)seed.p, seed.len);
    arena_done(&a);
    key = hmac_sha256(digest_str(&key), region);
    key = hmac_sha256(digest_str(&key), service);
    return hmac_sha256(digest_str(&key), S("aws4_request"));
}

static bool is_signed(struct str signed_headers, struct str name)
{
    struct str each;

    while (str_next(&signed_headers, ';', &each))
        if (str_ieq(each, name))
            return true;
    return false;
}

/* x-amz-content-sha256 is signed as the payload's hash anyway, and the agent
 * leaves it out. */
static bool must_be_signed(struct str name)
{
    return str_ieq(name, S("host")) || (str_ieq(str_slice(name, 0, 6), S("x-amz-")) &&
                                        !str_ieq(name, S("x-amz-content-sha256")));
}

static bool all_is_signed(const struct http_request *r, const struct sigv4_claim *c)
{
    if (!is_signed(c->signed_headers, S("host")))
        return false;
    for (size_t i = 0; i < r->n_headers; i++)
        if (must_be_signed(r->headers[i].name) && !is_signed(c->signed_headers, r->headers[i].name))
            return false;
    return true;
}

static int check_time(const struct sigv4_claim *c, msec now)
{
    if (c->signed_at > now + SIGV4_SKEW)
        return SIGV4_SKEWED;
    if (c->is_presigned)
        return now > c->signed_at + c->expires_after ? SIGV4_EXPIRED : 0;
    return c->signed_at < now - SIGV4_SKEW ? SIGV4_SKEWED : 0;
}

/* The hash that is signed, once it has been seen to be the body's. */
static bool payload_hash(struct arena *a, const struct http_request *r, const struct sigv4_claim *c,
                         struct str *ret)
{
    bool is_open = str_eq(c->payload_hash, S(SIGV4_UNSIGNED)) ||
                   (!str_is_set(c->payload_hash) && c->is_presigned && sigv4_is_s3(c->service));
    if (str_eq(c->payload_hash, S(SIGV4_UNSIGNED_CHUNKS))) {
        *ret = c->payload_hash; /* the same, for a body that s3 unpacks */
        return sigv4_is_s3(c->service);
    }
    if (is_open) {
        *ret = S(SIGV4_UNSIGNED);
        return sigv4_is_s3(c->service);
    }
    *ret = sha256_hex(a, r->body);
    return !str_is_set(c->payload_hash) || str_ieq(c->payload_hash, *ret);
}

/* The string to sign; absent if the claim cannot be true, whatever the key. */
static struct str what_was_signed(struct arena *a, const struct http_request *r,
                                  const struct sigv4_claim *c)
{
    struct sigv4_scope scope = {
        .region = c->region,
        .service = c->service,
        .signed_headers = c->signed_headers,
        .amz_date = time_amz(a, c->signed_at),
        .is_presigned = c->is_presigned,
    };

    if (!str_eq(str_slice(scope.amz_date, 0, 8), c->date) || !all_is_signed(r, c) ||
        !payload_hash(a, r, c, &scope.payload_hash))
        return (struct str){ 0 };
    return sigv4_string_to_sign(a, r, &scope);
}

int sigv4_verify(struct arena *a, const struct http_request *r, const struct sigv4_claim *claim,
                 const struct digest *key, msec now)
{
    char signature[SIGV4_HEX_SIZE];

    struct str text = claim->is_rsa ? (struct str){ 0 } : what_was_signed(a, r, claim);
    if (!str_is_set(text))
        return SIGV4_MISMATCH;
    sigv4_signature(key, text, signature);
    if (!crypto_equal((struct str){ signature, sizeof(signature) }, claim->signature))
        return SIGV4_MISMATCH;
    return check_time(claim, now);
}

int sigv4_verify_rsa(struct arena *a, const struct http_request *r, const struct sigv4_claim *claim,
                     struct str spki_der, msec now)
{
    struct str signature;

    struct str text = claim->is_rsa ? what_was_signed(a, r, claim) : (struct str){ 0 };
    if (!str_is_set(text) || !base64_decode(a, claim->signature, &signature) ||
        !rsa_pss_verify(spki_der, text, signature))
        return SIGV4_MISMATCH;
    return check_time(claim, now);
}
