/* SPDX-License-Identifier: Apache-2.0 */
#include "functions/schedule-patching/ssm.h"

#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/json.h"
#include "sys/clock.h"
#include "wire/sigv4.h"

#define TRIES       4
#define FIRST_PAUSE (200 * (msec)1)

struct ssm_call {
    struct http_client *http;
    struct arena *a;
    struct str endpoint, body;
    msec deadline;
    bool is_passing; /* the last failure may be over at the next try */
};

static struct str variable(const char *name)
{
    return str_of(getenv(name));
}

static struct str endpoint(struct arena *a)
{
    struct str region = variable("AWS_REGION"), url = variable("AWS_ENDPOINT_URL_SSM");

    if (url.len == 0)
        url = variable("AWS_ENDPOINT_URL");
    while (str_ends(url, S("/")))
        url = str_slice(url, 0, url.len - 1);
    if (url.len > 0)
        return url;
    return arena_fmt(a, "https://ssm.%.*s.amazonaws.com%s", STR(region),
                     str_starts(region, S("cn-")) ? ".cn" : "");
}

/* The program is linked statically: the library's own idea of the place is the builder's. */
static const char *ca_file(void)
{
    static const char *const places[] = {
        "/etc/pki/tls/certs/ca-bundle.crt",   /* Amazon Linux, Fedora */
        "/etc/ssl/certs/ca-certificates.crt", /* Debian, Alpine */
        "/etc/ssl/ca-bundle.pem",             /* SUSE */
    };

    if (variable("AWS_CA_BUNDLE").len > 0)
        return getenv("AWS_CA_BUNDLE");
    for (size_t i = 0; i < ARRAY_LEN(places); i++)
        if (access(places[i], R_OK) == 0)
            return places[i];
    return NULL;
}

/* Its own headers, Host first, and the signature's. */
static struct http_header *headers(struct ssm_call *c, size_t *ret_count)
{
    struct str host = str_from(c->endpoint, str_starts(c->endpoint, S("https://")) ? 8 : 7);
    struct http_header *h = arena_array(c->a, struct http_header, 16);
    const struct sigv4_credentials credentials = {
        .access_key = variable("AWS_ACCESS_KEY_ID"),
        .secret = variable("AWS_SECRET_ACCESS_KEY"),
        .token = variable("AWS_SESSION_TOKEN"),
    };
    size_t n_signed;

    h[0] = (struct http_header){ S("Host"), host };
    h[1] = (struct http_header){ S("Content-Type"), S("application/x-amz-json-1.1") };
    h[2] = (struct http_header){ S("X-Amz-Target"), S("AmazonSSM.StartAutomationExecution") };
    const struct http_request r = {
        .method = S("POST"),
        .path = S("/"),
        .headers = h,
        .n_headers = 3,
        .body = c->body,
    };
    struct http_header *more = sigv4_sign(c->a, &r, &credentials, variable("AWS_REGION"), S("ssm"),
                                          clock_now(), &n_signed);
    assert(n_signed <= 13);
    for (size_t i = 0; i < n_signed; i++)
        h[3 + i] = more[i];
    *ret_count = 3 + n_signed;
    return h;
}

/* "com.amazon.coral#Code:..." and "Code" alike. */
static struct str error_code(struct str type)
{
    struct str before, after;

    if (str_cut(type, '#', &before, &after))
        type = after;
    (void)str_cut(type, ':', &before, &after);
    return before;
}

static int read_error(struct ssm_call *c, const struct http_response *r, const struct value *body,
                      struct ssm_answer *ret)
{
    ret->code = error_code(value_get_str(body, S("__type")));
    ret->message = value_get_str(body, S("message"));
    if (!str_is_set(ret->message))
        ret->message = value_get_str(body, S("Message"));
    if (!str_is_set(ret->code))
        ret->code = S("UnknownAnswer");
    if (!str_is_set(ret->message))
        ret->message = arena_fmt(c->a, "HTTP status %d", r->status);
    c->is_passing = r->status >= 500 || r->status == 429 || str_starts(ret->code, S("Throttling"));
    return str_eq(ret->code, S("IdempotentParameterMismatch")) ? SSM_STARTED_BEFORE : SSM_FAILED;
}

static int read_answer(struct ssm_call *c, const struct http_response *r, struct ssm_answer *ret)
{
    struct value *body = NULL;
    int parsed = json_parse(c->a, r->body, &body, NULL);

    if (parsed < 0)
        TRY(parsed);
    if (r->status != 200)
        return read_error(c, r, body, ret);
    ret->execution_id = value_get_str(body, S("AutomationExecutionId"));
    if (str_is_set(ret->execution_id))
        return 0;
    ret->code = S("UnknownAnswer");
    ret->message = S("an answer without an AutomationExecutionId");
    return SSM_FAILED;
}

static int call_once(struct ssm_call *c, struct ssm_answer *ret)
{
    struct http_response response;
    struct http_outgoing out = {
        .method = S("POST"),
        .url = arena_fmt(c->a, "%.*s/", STR(c->endpoint)),
        .body = c->body,
        .timeout = c->deadline - clock_now(),
        .ca_file = ca_file(),
    };
    struct str why = S("");

    *ret = (struct ssm_answer){ 0 };
    c->is_passing = true;
    if (out.timeout <= 0)
        out.timeout = 1;
    out.headers = headers(c, &out.n_headers) + 1; /* the client adds Host */
    out.n_headers--;
    int called = http_call(c->http, &out, c->a, &response, &why);
    if (called < 0)
        TRY(called);
    if (called == 0)
        return read_answer(c, &response, ret);
    ret->code = called == HTTP_CLIENT_TIMED_OUT ? S("EndpointTimedOut") : S("EndpointUnreachable");
    ret->message = arena_fmt(c->a, "%.*s: %.*s", STR(c->endpoint), STR(why));
    return SSM_FAILED;
}

int ssm_start(struct http_client *http, struct arena *a, const struct value *request, msec deadline,
              struct ssm_answer *ret)
{
    struct ssm_call c = { http, a, endpoint(a), json_format(a, request), deadline, false };
    msec pause = FIRST_PAUSE;
    int result = SSM_FAILED;

    for (int i = 0; i < TRIES; i++) {
        result = call_once(&c, ret);
        if (result != SSM_FAILED || !c.is_passing || clock_now() + pause >= deadline)
            break;
        nanosleep(&(struct timespec){ pause / 1000, pause % 1000 * 1000000 }, NULL);
        pause *= 2;
    }
    PASS(result);
    return 0;
}
