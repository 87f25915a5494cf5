/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/plane.h"

#include <time.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/retry.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/sigv4.h"
#include "wire/skew.h"

#define TRIES           5
#define ANSWER_MAX      ((size_t)4 * 1024 * 1024)
#define MAX_HEADERS     16
#define CREDENTIALS_MAX ((size_t)64 * 1024)

/* Read for each call: an Install may outlast the credentials it began with. */
static int read_credentials(struct arena *a, const struct plane *p, struct sigv4_credentials *ret,
                            struct str *ret_why)
{
    struct str text;
    int result = file_read(a, arena_cstr(a, p->credentials_file), CREDENTIALS_MAX, &text);

    if (result == 0 && plane_read_profile(text, p->profile, ret))
        return 0;
    if (result < 0)
        TRY(result);
    *ret_why = arena_fmt(a, "%.*s has no credentials for the profile \"%.*s\"",
                         STR(p->credentials_file), STR(p->profile));
    return PLANE_UNCONFIGURED;
}

static struct str host_of(struct str url)
{
    struct str scheme, rest, host, path;

    str_cut(url, '/', &scheme, &rest);
    str_cut(str_from(rest, 1), '/', &host, &path);
    return host;
}

static const struct {
    const char *target;
    struct str name;
} services[] = {
    [PLANE_SSM] = { "AmazonSSM", S_INIT("ssm") },
    [PLANE_PATCHBAY] = { "Patchbay", S_INIT("patchbay") },
    [PLANE_TAGGING] = { "ResourceGroupsTaggingAPI_20170126", S_INIT("tagging") },
};

struct call {
    enum plane_service service;
    const char *operation;
    struct str body;
};

static size_t sign(struct arena *a, const struct plane *p, const struct call *call,
                   const struct sigv4_credentials *credentials, struct http_header *headers)
{
    struct str length = arena_fmt(a, "%zu", call->body.len);
    const struct http_header fixed[] = {
        { S("Host"), host_of(p->endpoint) },
        { S("Content-Type"), S("application/x-amz-json-1.1") },
        { S("Content-Length"), length },
        { S("X-Amz-Target"),
          arena_fmt(a, "%s.%s", services[call->service].target, call->operation) },
    };
    const struct http_request request = {
        .method = S("POST"),
        .path = S("/"),
        .headers = fixed,
        .n_headers = ARRAY_LEN(fixed),
        .body = call->body,
    };
    size_t n_signed, count = 0;
    struct http_header *more =
        sigv4_sign(a, &request, credentials, p->region, services[call->service].name,
                   clock_now() + p->skew, &n_signed);

    headers[count++] = fixed[1]; /* Host and Content-Length are the client's business */
    headers[count++] = fixed[3];
    for (size_t i = 0; i < n_signed && count < MAX_HEADERS; i++)
        headers[count++] = more[i];
    return count;
}

static int call_once(struct arena *a, struct plane *p, const struct call *call,
                     struct http_response *ret, struct str *ret_why)
{
    struct sigv4_credentials credentials;
    struct http_header headers[MAX_HEADERS];
    int result = read_credentials(a, p, &credentials, ret_why);

    if (result > 0)
        return PLANE_UNCONFIGURED;
    TRY(result);
    const struct http_outgoing out = {
        .method = S("POST"),
        .url = arena_fmt(a, "%.*s/", STR(p->endpoint)),
        .headers = headers,
        .n_headers = sign(a, p, call, &credentials, headers),
        .body = call->body,
        .max_response = ANSWER_MAX,
        .ca_file = p->ca_file,
    };
    result = http_call(p->http, &out, a, ret, ret_why);
    if (result > 0)
        return PLANE_UNREACHABLE;
    TRY(result);
    return 0;
}

static void read_error(const struct value *answer, const struct http_response *response,
                       struct arena *a, struct plane_error *ret)
{
    struct str type = value_get_str(answer, S("__type")), space, name;
    struct str message = value_get_str(answer, S("message"));

    if (str_cut(type, '#', &space, &name))
        type = name;
    if (!str_is_set(message))
        message = value_get_str(answer, S("Message"));
    ret->code = str_is_set(type) ? type : arena_fmt(a, "HTTP %d", response->status);
    ret->message = str_or_empty(message);
}

/* What a later try may well answer otherwise. */
static bool is_passing(const struct http_response *response, const struct plane_error *error)
{
    return response->status >= 500 || response->status == 429 ||
           str_contains(error->code, S("Throttling")) ||
           str_starts(error->code, S("ExpiredToken")) || str_eq(error->code, S("TooManyUpdates"));
}

/* Hosts of a fleet that fail together must not come back together, nor sooner than they were
 * asked to; but a minute is as long as a run waits for one call. */
static void pause_before(int attempt, msec asked)
{
    static const struct retry pauses = { .first = 2 * MSEC_SECOND, .longest = MSEC_MINUTE };
    uint32_t random;

    random_bytes(&random, sizeof(random));
    msec wait = retry_pause(&pauses, attempt, random) + (asked < MSEC_MINUTE ? asked : MSEC_MINUTE);
    nanosleep(&(struct timespec){ .tv_sec = wait / MSEC_SECOND,
                                  .tv_nsec = (wait % MSEC_SECOND) * 1000000 },
              NULL);
}

static msec asked_pause(const struct http_response *response)
{
    return retry_after(http_response_get(response, S("Retry-After")),
                       http_response_get(response, S("Date")));
}

static bool learn_clock(struct plane *p, const struct http_response *response)
{
    return skew_learn(http_response_get(response, S("Date")), clock_now(), &p->skew);
}

int plane_call(struct arena *a, struct plane *p, const char *operation, const struct value *in,
               struct value **ret, struct plane_error *ret_error, struct str *ret_why)
{
    return plane_call_of(a, p, PLANE_SSM, operation, in, ret, ret_error, ret_why);
}

int plane_call_of(struct arena *a, struct plane *p, enum plane_service service,
                  const char *operation, const struct value *in, struct value **ret,
                  struct plane_error *ret_error, struct str *ret_why)
{
    const struct call call = { service, operation, json_format(a, in) };
    int result = PLANE_UNREACHABLE;
    bool at_once = true; /* the first, and one whose failure is understood */
    msec asked = 0;      /* Retry-After */

    for (int attempt = 0; attempt < TRIES; attempt++) {
        struct http_response response;
        struct value *answer = NULL;

        if (!at_once)
            pause_before(attempt, asked);
        at_once = false;
        asked = 0;
        result = call_once(a, p, &call, &response, ret_why);
        if (result == PLANE_UNREACHABLE)
            continue;
        PASS(result);
        bool is_json = json_parse(a, response.body, &answer, NULL) == 0;
        if (response.status == 200 && is_json) {
            *ret = answer;
            return 0;
        }
        read_error(answer, &response, a, ret_error);
        *ret_why = arena_fmt(a, "%s: %.*s: %.*s", operation, STR(ret_error->code),
                             STR(ret_error->message));
        result = PLANE_REFUSED;
        asked = asked_pause(&response);
        at_once = learn_clock(p, &response) && skew_may_explain(ret_error->code);
        if (!at_once && !is_passing(&response, ret_error))
            break;
    }
    return result;
}

/* Path style, at the plane: s3://BUCKET/KEY is ENDPOINT/BUCKET/KEY. */
static int sign_s3(struct arena *a, const struct plane *p, struct str url,
                   struct http_outgoing *out, struct http_header *headers, struct str *ret_why)
{
    struct str path =
        arena_fmt(a, "/%.*s", STR(percent_encode(a, str_from(url, strlen("s3://")), true)));
    const struct http_header host = { S("Host"), host_of(p->endpoint) };
    const struct http_request request = {
        .method = S("GET"), .path = path, .headers = &host, .n_headers = 1
    };
    struct sigv4_credentials credentials;
    size_t n_signed;
    int result = read_credentials(a, p, &credentials, ret_why);

    if (result > 0)
        return PLANE_UNCONFIGURED;
    TRY(result);
    struct http_header *more =
        sigv4_sign(a, &request, &credentials, p->region, S("s3"), clock_now() + p->skew, &n_signed);
    for (size_t i = 0; i < n_signed && out->n_headers < MAX_HEADERS; i++)
        headers[out->n_headers++] = more[i];
    out->headers = headers;
    out->url = arena_fmt(a, "%.*s%.*s", STR(p->endpoint), STR(path));
    return 0;
}

static int download_once(struct arena *a, struct plane *p, struct str url, size_t max,
                         struct http_response *ret, bool *ret_again, struct str *ret_why)
{
    struct http_header headers[MAX_HEADERS];
    struct http_outgoing out = {
        .method = S("GET"),
        .url = url,
        .max_response = max,
        .ca_file = p->ca_file,
    };
    int result;

    if (str_starts(url, S("s3://")))
        PASS(sign_s3(a, p, url, &out, headers, ret_why));
    result = http_call(p->http, &out, a, ret, ret_why);
    *ret_again = result == HTTP_CLIENT_UNREACHABLE || result == HTTP_CLIENT_TIMED_OUT;
    if (result > 0)
        return PLANE_UNREACHABLE;
    TRY(result);
    return 0;
}

static bool is_address(struct str url)
{
    return str_starts(url, S("https://")) || str_starts(url, S("http://")) ||
           str_starts(url, S("s3://"));
}

int plane_download(struct arena *a, struct plane *p, struct str url, size_t max, struct str *ret,
                   struct plane_error *ret_error, struct str *ret_why)
{
    int result = PLANE_UNREACHABLE;
    bool again = true, at_once = true, is_signed = str_starts(url, S("s3://"));
    msec asked = 0;

    if (!is_address(url)) {
        *ret_why = S("it is no https or s3 address");
        return PLANE_UNREACHABLE;
    }
    for (int attempt = 0; again && attempt < TRIES; attempt++) {
        struct http_response response;

        if (!at_once)
            pause_before(attempt, asked);
        at_once = false;
        asked = 0;
        result = download_once(a, p, url, max, &response, &again, ret_why);
        if (result == PLANE_UNREACHABLE)
            continue;
        PASS(result);
        if (response.status == 200) {
            *ret = response.body;
            return 0;
        }
        ret_error->code = arena_fmt(a, "HTTP %d", response.status);
        ret_error->message = S("");
        ret_error->status = response.status;
        *ret_why = arena_fmt(a, "the download was answered with HTTP %d", response.status);
        result = PLANE_REFUSED;
        asked = asked_pause(&response);
        at_once = is_signed && response.status == 403 && learn_clock(p, &response);
        again = at_once || response.status >= 500 || response.status == 429;
    }
    return result;
}

/* "^https://.+$|^s3://([^/]+)/(.*?([^/]+))$", and nothing that has no place in a URL. */
static bool is_given_address(struct str url)
{
    bool is_s3 = str_starts(url, S("s3://"));
    struct str rest = str_from(url, is_s3 ? strlen("s3://") : strlen("https://"));

    for (size_t i = 0; i < url.len; i++)
        if ((unsigned char)url.p[i] < 0x20 || url.p[i] == 0x7f || (url.p[i] == ' ' && !is_s3))
            return false;
    if (!is_s3)
        return str_starts(url, S("https://")) && rest.len > 0;
    return str_find(rest, '/') > 0 && !str_ends(rest, S("/"));
}

static struct str explain_status(struct arena *a, int status, bool is_s3)
{
    if (status == 404 || status == 410)
        return arena_fmt(a, "it is not there (HTTP %d)", status);
    if (status == 401 || status == 403)
        return arena_fmt(a, "access to it is denied (HTTP %d)%s", status,
                         is_s3 ? ": the node's role needs s3:GetObject on it" : "");
    if (status >= 300 && status < 400)
        return arena_fmt(a, "it is elsewhere (HTTP %d), and redirects are not followed", status);
    return arena_fmt(a, "its server answers with HTTP %d", status);
}

int plane_fetch_given(struct arena *a, struct plane *p, struct str url, size_t max, struct str *ret,
                      struct str *ret_why)
{
    struct plane_error error = { 0 };
    struct str why = S("it is no https or s3 address");
    int result = PLANE_UNREACHABLE;

    if (is_given_address(url))
        result = plane_download(a, p, url, max, ret, &error, &why);
    if (result == 0)
        return 0;
    if (result < 0)
        TRY(result);
    if (result == PLANE_REFUSED)
        why = explain_status(a, error.status, str_starts(url, S("s3://")));
    *ret_why = arena_fmt(a, "%.*s: %.*s", STR(url), STR(why));
    return PLANE_UNREACHABLE;
}
