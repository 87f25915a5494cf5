/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/client.h"

#include <limits.h>
#include <stdlib.h>

#include "base/hex.h"
#include "base/json.h"
#include "base/time.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "wire/xml.h"

#define PAGES_MAX    1000
#define RENEW_BEFORE (5 * MSEC_MINUTE) /* the end of a session */

struct session_entry {
    struct session_entry *next;
    struct str account;
    struct assumed assumed;
    msec renew_at;
};

static int fail(struct str *ret_why, struct str why)
{
    *ret_why = why;
    return CLIENT_FAILED;
}

static struct str env(struct arena *a, const char *name)
{
    const char *value = getenv(name);
    return value && *value ? arena_dup(a, str_of(value)) : (struct str){ 0 };
}

static struct str first_set(struct str x, struct str y)
{
    return str_is_set(x) ? x : y;
}

/* --- credentials ---------------------------------------------------------- */

static bool read_profile(struct str text, struct str profile, struct sigv4_credentials *ret)
{
    struct str line, key, value;
    bool here = false;

    while (str_next(&text, '\n', &line)) {
        line = str_trim(line);
        if (str_starts(line, S("["))) {
            here = str_eq(str_trim(str_slice(line, 1, line.len - 2)), profile);
            continue;
        }
        if (!here || !str_cut(line, '=', &key, &value))
            continue;
        key = str_trim(key);
        if (str_eq(key, S("aws_access_key_id")))
            ret->access_key = str_trim(value);
        else if (str_eq(key, S("aws_secret_access_key")))
            ret->secret = str_trim(value);
        else if (str_eq(key, S("aws_session_token")))
            ret->token = str_trim(value);
    }
    return str_is_set(ret->access_key) && str_is_set(ret->secret);
}

static struct str absolute(struct arena *a, struct str path)
{
    char real[PATH_MAX];
    return realpath(arena_cstr(a, path), real) ? arena_dup(a, str_of(real)) : path;
}

static int open_credentials(struct client *c, const struct client_options *o, struct str *ret_why)
{
    struct arena *a = c->a;
    struct str file = first_set(o->credentials_file, env(a, "AWS_SHARED_CREDENTIALS_FILE"));
    struct str text;

    if (!str_is_set(o->profile) && !str_is_set(o->credentials_file)) {
        c->own.access_key = env(a, "AWS_ACCESS_KEY_ID");
        c->own.secret = env(a, "AWS_SECRET_ACCESS_KEY");
        c->own.token = env(a, "AWS_SESSION_TOKEN");
        if (str_is_set(c->own.access_key) && str_is_set(c->own.secret))
            return 0;
    }
    c->profile = first_set(o->profile, first_set(env(a, "AWS_PROFILE"), S("default")));
    if (!str_is_set(file))
        file = arena_fmt(a, "%.*s/.aws/credentials", STR(env(a, "HOME")));
    c->credentials_file = absolute(a, file);
    int found = file_read(a, arena_cstr(a, file), 1024 * 1024, &text);
    if (found > 0)
        return fail(ret_why, arena_fmt(a,
                                       "no credentials: %.*s cannot be read. Set "
                                       "AWS_SHARED_CREDENTIALS_FILE to the plane's "
                                       "DIR/credentials and AWS_PROFILE=management.",
                                       STR(file)));
    TRY(found);
    c->own = (struct sigv4_credentials){ 0 };
    if (!read_profile(text, c->profile, &c->own))
        return fail(ret_why, arena_fmt(a, "%.*s has no profile \"%.*s\" with keys", STR(file),
                                       STR(c->profile)));
    return 0;
}

int client_open(struct client *c, struct arena *a, const struct client_options *o,
                struct str *ret_why)
{
    *c = (struct client){ .a = a, .home = a };
    c->endpoint =
        first_set(o->endpoint, first_set(env(a, "PATCHBAY_ENDPOINT"), env(a, "AWS_ENDPOINT_URL")));
    if (!str_is_set(c->endpoint))
        return fail(ret_why, S("no endpoint: give --endpoint URL or set PATCHBAY_ENDPOINT"));
    while (str_ends(c->endpoint, S("/")))
        c->endpoint.len--;
    struct str ca = first_set(o->ca_file, env(a, "AWS_CA_BUNDLE"));
    c->ca_file = str_is_set(ca) ? absolute(a, ca).p : NULL;
    c->http = http_client_new();
    return open_credentials(c, o, ret_why);
}

void client_close(struct client *c)
{
    http_client_free(c->http);
    c->http = NULL;
}

/* --- one signed call ------------------------------------------------------ */

struct signed_call {
    struct sigv4_credentials credentials;
    struct str region;
    const char *service;
    struct http_header headers[8];
    size_t n_headers;
    struct str body;
};

static struct str host_of(struct str endpoint)
{
    const char *at = memmem(endpoint.p, endpoint.len, "://", 3);
    struct str rest = at ? str_from(endpoint, (size_t)(at - endpoint.p) + 3) : endpoint;
    ptrdiff_t slash = str_find(rest, '/');
    return slash >= 0 ? str_slice(rest, 0, (size_t)slash) : rest;
}

static int send_signed(struct client *c, struct signed_call *s, struct http_response *ret,
                       struct str *ret_why)
{
    size_t n;

    s->headers[s->n_headers++] = (struct http_header){ S("Host"), host_of(c->endpoint) };
    struct http_request request = { S("POST"), S("/"), S(""), s->headers, s->n_headers, s->body };
    struct http_header *signature =
        sigv4_sign(c->a, &request, &s->credentials, s->region, str_of(s->service), clock_now(), &n);
    struct http_header *all = arena_array(c->a, struct http_header, s->n_headers + n);
    memcpy(all, s->headers, s->n_headers * sizeof(*all));
    memcpy(all + s->n_headers, signature, n * sizeof(*all));
    struct http_outgoing out = {
        .method = S("POST"),
        .url = arena_fmt(c->a, "%.*s/", STR(c->endpoint)),
        .headers = all,
        .n_headers = s->n_headers + n,
        .body = s->body,
        .ca_file = c->ca_file,
    };
    struct str why = S("");
    int result = http_call(c->http, &out, c->a, ret, &why);
    if (result > 0) {
        *ret_why = arena_fmt(c->home, "%.*s cannot be reached: %.*s", STR(c->endpoint), STR(why));
        return CLIENT_UNREACHABLE;
    }
    TRY(result);
    return 0;
}

/* --- STS, the one Query service this program speaks to -------------------- */

static const struct xml_node *xml_find(const struct xml_node *node, struct str name)
{
    for (; node; node = node->next) {
        if (str_eq(node->name, name))
            return node;
        const struct xml_node *inside = xml_find(node->child, name);
        if (inside)
            return inside;
    }
    return NULL;
}

static struct str xml_value(const struct xml_node *root, struct str name)
{
    const struct xml_node *node = xml_find(root, name);
    return node ? node->text : (struct str){ 0 };
}

static int call_sts(struct client *c, struct str form, struct xml_node **ret, struct str *ret_why)
{
    struct signed_call s = {
        .credentials = c->own, .region = S("us-east-1"), .service = "sts", .body = form
    };
    struct http_response response;

    s.headers[s.n_headers++] =
        (struct http_header){ S("Content-Type"), S("application/x-www-form-urlencoded") };
    PASS(send_signed(c, &s, &response, ret_why));
    if (xml_parse(c->a, response.body, ret) != 0)
        return fail(ret_why, arena_fmt(c->a, "%.*s does not answer like a plane (HTTP %d)",
                                       STR(c->endpoint), response.status));
    if (response.status != 200)
        return fail(ret_why, arena_fmt(c->a, "%.*s: %.*s", STR(xml_value(*ret, S("Code"))),
                                       STR(xml_value(*ret, S("Message")))));
    return 0;
}

int client_whoami(struct client *c, struct str *ret_why)
{
    struct xml_node *root;

    if (str_is_set(c->account))
        return 0;
    PASS(call_sts(c, S("Action=GetCallerIdentity&Version=2011-06-15"), &root, ret_why));
    c->account = arena_dup(c->home, xml_value(root, S("Account")));
    return 0;
}

static int assume_role(struct client *c, struct str account, struct assumed *ret,
                       struct str *ret_why)
{
    struct xml_node *root;
    struct str role = arena_fmt(c->a, "arn:aws:iam::%.*s:role/" ACCESS_ROLE, STR(account));
    struct str form = arena_fmt(
        c->a, "Action=AssumeRole&Version=2011-06-15&RoleSessionName=patchbay&RoleArn=%.*s",
        STR(percent_encode(c->a, role, false)));

    PASS(call_sts(c, form, &root, ret_why));
    *ret = (struct assumed){
        .credentials = { xml_value(root, S("AccessKeyId")), xml_value(root, S("SecretAccessKey")),
                         xml_value(root, S("SessionToken")) },
        .expiration = xml_value(root, S("Expiration")),
    };
    return 0;
}

static struct session_entry *keep_session(struct client *c, struct session_entry *s,
                                          struct str account, const struct assumed *fresh)
{
    struct arena *a = c->home;
    msec ends_at = 0;

    if (!s) {
        s = arena_new(a, struct session_entry);
        *s = (struct session_entry){ .next = c->sessions, .account = arena_dup(a, account) };
        c->sessions = s;
    }
    s->assumed = (struct assumed){
        .credentials = { arena_dup(a, fresh->credentials.access_key),
                         arena_dup(a, fresh->credentials.secret),
                         arena_dup(a, fresh->credentials.token) },
        .expiration = arena_dup(a, fresh->expiration),
    };
    if (time_parse_iso(fresh->expiration, &ends_at))
        s->renew_at = ends_at - RENEW_BEFORE;
    return s;
}

int client_assume(struct client *c, struct str account, struct assumed *ret, struct str *ret_why)
{
    PASS(client_whoami(c, ret_why));
    if (!str_is_set(account) || str_eq(account, c->account)) {
        *ret = (struct assumed){ .credentials = c->own };
        return 0;
    }
    struct session_entry *s = c->sessions;
    while (s && !str_eq(s->account, account))
        s = s->next;
    if (!s || clock_now() >= s->renew_at) {
        PASS(assume_role(c, account, ret, ret_why));
        s = keep_session(c, s, account, ret);
    }
    *ret = s->assumed;
    return 0;
}

/* --- JSON 1.1 ------------------------------------------------------------- */

static int read_answer(struct client *c, const struct client_call *call,
                       const struct http_response *response, struct value **ret,
                       struct str *ret_why)
{
    if (json_parse(c->a, response->body.len ? response->body : S("{}"), ret, NULL) != 0)
        return fail(ret_why, arena_fmt(c->a, "%.*s does not answer like a plane (HTTP %d)",
                                       STR(c->endpoint), response->status));
    if (response->status == 200)
        return 0;
    struct str code = value_get_str(*ret, S("__type"));
    struct str message = value_get_str(*ret, S("message"));
    if (!str_is_set(message))
        message = value_get_str(*ret, S("Message"));
    return fail(ret_why, arena_fmt(c->a, "%s: %.*s: %.*s", call->target, STR(code), STR(message)));
}

int client_call(struct client *c, const struct client_call *call, struct value **ret,
                struct str *ret_why)
{
    struct assumed as;
    struct http_response response;

    PASS(client_assume(c, call->account, &as, ret_why));
    struct signed_call s = {
        .credentials = as.credentials,
        .region = str_is_set(call->region) ? call->region : S("us-east-1"),
        .service = call->service,
        .body = json_format(c->a, call->in ? call->in : value_map(c->a)),
    };
    s.headers[s.n_headers++] =
        (struct http_header){ S("Content-Type"), S("application/x-amz-json-1.1") };
    s.headers[s.n_headers++] = (struct http_header){ S("X-Amz-Target"), str_of(call->target) };
    PASS(send_signed(c, &s, &response, ret_why));
    return read_answer(c, call, &response, ret, ret_why);
}

int client_list(struct client *c, const struct client_call *call, struct str items,
                struct value **ret, struct str *ret_why)
{
    struct client_call page = *call;
    struct value *answer;

    *ret = value_list(c->a);
    page.in = call->in ? value_copy(c->a, call->in) : value_map(c->a);
    for (int i = 0; i < PAGES_MAX; i++) {
        PASS(client_call(c, &page, &answer, ret_why));
        const struct value *list = value_get(answer, items);
        for (size_t k = 0; k < value_count(list); k++)
            value_append(c->a, *ret, value_at(list, k));
        struct str next = value_get_str(answer, S("NextToken"));
        if (str_is_empty(next))
            return 0;
        value_set_str(c->a, page.in, S("NextToken"), next);
    }
    return fail(ret_why, arena_fmt(c->a, "%s gives more than %d pages", call->target, PAGES_MAX));
}
