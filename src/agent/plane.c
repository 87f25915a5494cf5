/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plane_private.h"

#include <stdlib.h>

#include "agent/token.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/retry.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/sigv4.h"
#include "wire/skew.h"

#define CLOCK_FILE     "clock"
#define CLOCK_FILE_MAX ((size_t)256)
#define MAX_ANSWER     ((size_t)8 * 1024 * 1024)
#define TOKEN_FRESH    (5 * MSEC_SECOND) /* so young a token is not to blame */
#define N_HEADERS      8

static const struct {
    const char *name, *target;
} services[] = {
    [PLANE_SSM] = { "ssm", "AmazonSSM" },
    [PLANE_MESSAGES] = { "ec2messages", "EC2WindowsMessageDeliveryService" },
};

/* Errors that say nothing of the call itself, only of when or as whom it came. */
static const char *const passing[] = {
    "AccessDeniedException",       "ExpiredToken",
    "ExpiredTokenException",       "IncompleteSignature",
    "InternalServerError",         "InvalidClientTokenId",
    "InvalidSignatureException",   "MachineFingerprintDoesNotMatch",
    "MissingAuthenticationToken",  "RequestExpired",
    "RequestTimeTooSkewed",        "ServiceUnavailable",
    "SignatureDoesNotMatch",       "Throttling",
    "ThrottlingException",         "TooManyUpdates",
    "UnrecognizedClientException",
};

/* What a node that asks for credentials is told when it is not one, or not that one. */
static const char *const outcast[] = {
    "AccessDeniedException",
    "InvalidClientTokenId",
    "MachineFingerprintDoesNotMatch",
    "UnrecognizedClientException",
};

static const char *const doubted_key[] = {
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
};

static const char *const stale_token[] = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "UnrecognizedClientException",
};

static bool is_among(struct str code, const char *const *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq(code, str_of(codes[i])))
            return true;
    return false;
}

/* "com.amazon#Code:..." and "Code" alike. */
static struct str error_code(struct str type)
{
    struct str before, after;

    if (str_cut(type, '#', &before, &after))
        type = after;
    str_cut(type, ':', &before, &after);
    return before;
}

static int read_answer(struct arena *a, const struct http_response *r, struct plane_answer *ret)
{
    struct str why = { 0 };
    int parsed = json_parse(a, r->body, &ret->body, &why);

    if (r->status == 200) {
        if (parsed == 0 && value_is(ret->body, VALUE_MAP))
            return 0;
        ret->message = arena_fmt(a, "an answer that is not JSON: %.*s", STR(why));
        return PLANE_LATER;
    }
    ret->retry_after =
        retry_after(http_response_get(r, S("Retry-After")), http_response_get(r, S("Date")));
    const struct value *body = parsed == 0 ? ret->body : NULL;
    ret->code = error_code(value_get_str(body, S("__type")));
    ret->message = value_get_str(body, S("message"));
    if (!str_is_set(ret->message))
        ret->message = value_get_str(body, S("Message"));
    if (!str_is_set(ret->message))
        ret->message = arena_fmt(a, "HTTP status %d", r->status);
    if (!str_is_set(ret->code)) /* not the plane's own word: something between */
        return PLANE_LATER;
    if (r->status >= 500 || r->status == 408 || r->status == 429 ||
        is_among(ret->code, passing, ARRAY_LEN(passing)))
        return PLANE_LATER;
    return PLANE_REFUSED;
}

/* Without it the next process is refused once, and learns it too. */
static void keep_skew(const struct plane *p, msec skew)
{
    struct arena a = { 0 };
    struct str kept = skew_keep(&a, p->boot_id, clock_now(), clock_monotonic(), skew);

    if (file_write(arena_fmt(&a, "%s/" CLOCK_FILE, p->state).p, kept, 0600) != 0)
        log_debug("the clock's difference is not kept: %s", err_trace());
    arena_done(&a);
}

void plane_recall_clock(struct plane *p, struct arena *a, struct str boot_id)
{
    struct str kept;

    p->boot_id = boot_id;
    if (file_read(a, arena_fmt(a, "%s/" CLOCK_FILE, p->state).p, CLOCK_FILE_MAX, &kept) == 0)
        p->skew = skew_recall(kept, boot_id, clock_now(), clock_monotonic());
}

static bool note_skew(struct plane *p, const struct http_response *r)
{
    pthread_mutex_lock(&p->lock);
    bool is_news = skew_learn(http_response_get(r, S("Date")), clock_now(), &p->skew);
    msec skew = p->skew;
    pthread_mutex_unlock(&p->lock);
    if (is_news)
        keep_skew(p, skew);
    return is_news;
}

msec plane_skew(struct plane *p)
{
    pthread_mutex_lock(&p->lock);
    msec skew = p->skew;
    pthread_mutex_unlock(&p->lock);
    return skew;
}

static bool has_next_key(struct plane *p)
{
    pthread_mutex_lock(&p->lock);
    bool has = p->next_key != NULL;
    pthread_mutex_unlock(&p->lock);
    return has;
}

static struct str host_of(struct str endpoint)
{
    return str_from(endpoint, str_starts(endpoint, S("https://")) ? 8 : 7);
}

/* The request's own headers and the signature's. */
static struct http_header *make_headers(struct plane *p, const struct identity *id,
                                        const struct plane_call *call, struct str body,
                                        enum signer signer, struct arena *a, size_t *ret_count)
{
    struct http_header *headers = arena_array(a, struct http_header, N_HEADERS + 8);
    size_t count = 0, n_signed = 0;
    struct http_header *extra = NULL;

    headers[count++] = (struct http_header){ S("Host"), host_of(id->endpoint) };
    headers[count++] = (struct http_header){ S("Content-Type"), S("application/x-amz-json-1.1") };
    headers[count++] = (struct http_header){
        S("X-Amz-Target"), arena_fmt(a, "%s.%s", services[call->service].target, call->operation)
    };
    struct http_request r = {
        .method = S("POST"), .path = S("/"), .headers = headers, .n_headers = count, .body = body
    };

    if (signer == SIGN_NOT) {
        *ret_count = count;
        return headers;
    }
    pthread_mutex_lock(&p->lock);
    msec now = clock_now() + p->skew;
    struct sigv4_credentials credentials = { .access_key = arena_dup(a, p->token.access_key),
                                             .secret = arena_dup(a, p->token.secret),
                                             .token = arena_dup(a, p->token.session) };
    struct str service = str_of(services[call->service].name);
    const struct rsa_key *key = signer == SIGN_NEXT_KEY && p->next_key ? p->next_key : p->key;
    if (signer == SIGN_TOKEN)
        extra = sigv4_sign(a, &r, &credentials, id->region, service, now, &n_signed);
    else
        extra = sigv4_sign_rsa(a, &r, id->instance_id, key, id->region, service, now, &n_signed);
    pthread_mutex_unlock(&p->lock);
    assert(n_signed <= 8);
    for (size_t i = 0; i < n_signed; i++)
        headers[count++] = extra[i];
    *ret_count = count;
    return headers;
}

/* Outcome through *ret_again: the signature was refused, and we have just learnt why. */
static int try_send(struct plane *p, const struct identity *id, const struct plane_call *call,
                    enum signer signer, struct arena *a, struct plane_answer *ret, bool *ret_again)
{
    struct str body = json_format(a, call->input);
    struct http_response response;
    struct http_outgoing out = {
        .method = S("POST"),
        .url = arena_fmt(a, "%.*s/", STR(id->endpoint)),
        .body = body,
        .timeout = PLANE_TIMEOUT,
        .max_response = MAX_ANSWER,
        .ca_file = str_is_set(id->ca_file) ? arena_cstr(a, id->ca_file) : NULL,
        .wake_fd = call->wake_fd,
    };

    *ret = (struct plane_answer){ 0 };
    /* Host comes first: it is signed here and added by the client. */
    out.headers = make_headers(p, id, call, body, signer, a, &out.n_headers) + 1;
    out.n_headers--;
    int called = http_call(call->client, &out, a, &response, &ret->message);
    if (called == HTTP_CLIENT_WOKEN)
        return PLANE_WOKEN;
    if (called == HTTP_CLIENT_TIMED_OUT)
        return PLANE_TIMED_OUT;
    if (called == HTTP_CLIENT_UNREACHABLE || called == HTTP_CLIENT_UNTRUSTED ||
        called == HTTP_CLIENT_TOO_LARGE)
        return PLANE_LATER;
    TRY(called);
    bool is_news = p && note_skew(p, &response);
    int read = read_answer(a, &response, ret);
    *ret_again = is_news && read == PLANE_LATER && skew_may_explain(ret->code);
    return read;
}

int plane_call_as(struct plane *p, const struct identity *id, const struct plane_call *call,
                  enum signer signer, struct arena *a, struct plane_answer *ret)
{
    bool again = false;

    int sent = try_send(p, id, call, signer, a, ret, &again);
    return again ? try_send(p, id, call, signer, a, ret, &again) : sent;
}

int plane_ask_token(struct plane *p, const struct plane_call *like, enum signer signer,
                    struct arena *a, struct plane_answer *ret)
{
    struct value *input = value_map(a);
    struct token token;

    value_set_str(a, input, S("Fingerprint"), p->identity.fingerprint);
    struct plane_call call = { .client = like->client,
                               .service = PLANE_SSM,
                               .operation = "RequestManagedInstanceRoleToken",
                               .input = input,
                               .wake_fd = like->wake_fd };
    int asked = plane_call_as(p, &p->identity, &call, signer, a, ret);
    if (asked == PLANE_LATER && is_among(ret->code, outcast, ARRAY_LEN(outcast)))
        return PLANE_OUTCAST;
    PASS(asked);
    if (!token_from_answer(ret->body, clock_now(), &token)) {
        ret->message = S("an answer without credentials");
        return PLANE_LATER;
    }
    pthread_mutex_lock(&p->lock);
    token.expires_at -= p->skew;
    p->wants_new_key = value_get_bool(ret->body, S("UpdateKeyPair"), false);
    token_replace(&p->token, &token);
    int saved = token_save(a, p->state, &p->token);
    pthread_mutex_unlock(&p->lock);
    TRY(saved);
    return 0;
}

bool plane_doubts_key(const struct plane_answer *answer)
{
    return is_among(answer->code, doubted_key, ARRAY_LEN(doubted_key));
}

/* A new token, whatever the state of the one we have. If the last change of keys was cut
 * short, the plane may know either key. */
static int obtain(struct plane *p, const struct plane_call *like, struct arena *a,
                  struct plane_answer *ret)
{
    int asked = plane_ask_token(p, like, SIGN_KEY, a, ret);
    if (asked != PLANE_LATER || !plane_doubts_key(ret) || !has_next_key(p))
        return asked;
    PASS(plane_ask_token(p, like, SIGN_NEXT_KEY, a, ret));
    TRY(plane_adopt_next(p));
    return 0;
}

/* When half of the token's life is over; 0: there is no token. */
static msec renew_at(struct plane *p)
{
    pthread_mutex_lock(&p->lock);
    const struct token *t = &p->token;
    msec at = str_is_set(t->secret) ? t->obtained_at + (t->expires_at - t->obtained_at) / 2 : 0;
    pthread_mutex_unlock(&p->lock);
    return at;
}

int plane_renew(struct plane *p, const struct plane_call *like, struct arena *a,
                struct plane_answer *ret)
{
    *ret = (struct plane_answer){ 0 };
    if (clock_now() < renew_at(p))
        return 0;
    PASS(obtain(p, like, a, ret));
    return 0;
}

/* A token that is refused as such, or one by which a node that is none any more is known no
 * longer: a new one tells. */
static bool asks_for_token(struct plane *p, const struct plane_answer *answer)
{
    if (is_among(answer->code, stale_token, ARRAY_LEN(stale_token)))
        return true;
    pthread_mutex_lock(&p->lock);
    msec age = clock_now() - p->token.obtained_at;
    pthread_mutex_unlock(&p->lock);
    return str_eq(answer->code, S("AccessDeniedException")) && age > TOKEN_FRESH;
}

int plane_send(struct plane *p, const struct plane_call *call, struct arena *a,
               struct plane_answer *ret)
{
    PASS(renew_at(p) == 0 ? obtain(p, call, a, ret) : 0);
    int sent = plane_call_as(p, &p->identity, call, SIGN_TOKEN, a, ret);
    if (sent != PLANE_LATER || !asks_for_token(p, ret))
        return sent;
    PASS(obtain(p, call, a, ret));
    return plane_call_as(p, &p->identity, call, SIGN_TOKEN, a, ret);
}

int plane_register(struct http_client *client, const struct identity *id, struct str activation_id,
                   struct str activation_code, struct str public_key, struct arena *a,
                   struct plane_answer *ret)
{
    struct value *input = value_map(a);

    value_set_str(a, input, S("ActivationId"), activation_id);
    value_set_str(a, input, S("ActivationCode"), activation_code);
    value_set_str(a, input, S("Fingerprint"), id->fingerprint);
    value_set_str(a, input, S("PublicKey"), base64_encode(a, public_key));
    value_set_str(a, input, S("PublicKeyType"), S("Rsa"));
    value_set_str(a, input, S("Region"), id->region);
    const struct plane_call call = { .client = client,
                                     .service = PLANE_SSM,
                                     .operation = "RegisterManagedInstance",
                                     .input = input };
    return plane_call_as(NULL, id, &call, SIGN_NOT, a, ret);
}

int plane_open(struct arena *a, const char *state, struct plane *ret)
{
    struct plane p = { .state = state };

    PASS(identity_read(a, state, &p.identity));
    TRY(rsa_key_from_der(p.identity.keys.key, &p.key));
    if (str_is_set(p.identity.keys.next))
        TRY(rsa_key_from_der(p.identity.keys.next, &p.next_key));
    *ret = p;
    pthread_mutex_init(&ret->lock, NULL);
    pthread_mutex_init(&ret->key_lock, NULL);
    token_load(a, state, &ret->token);
    return 0;
}

void plane_close(struct plane *p)
{
    rsa_key_free(p->key);
    rsa_key_free(p->next_key);
    arena_done(&p->arena);
    token_done(&p->token);
    pthread_mutex_destroy(&p->lock);
    pthread_mutex_destroy(&p->key_lock);
}
