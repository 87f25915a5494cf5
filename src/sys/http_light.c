/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The client for the agent: what HTTP/1.1 needs to talk to one server, and no
 * more. Keeps one connection.
 */
#include "sys/http_client.h"

#include <signal.h>
#include <stdlib.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/http_outgoing.h"
#include "sys/light_conn.h"

#define MAX_HEAD ((size_t)64 * 1024)

/* Within this file: the kept connection was closed before a byte of the answer came. */
#define STALE 100

struct http_client {
    struct light_conn conn;
    struct str key; /* what the connection is to; on the heap, absent: none */
    SSL_CTX *ctx;
    char *ca_file; /* of ctx; NULL: the system's */
};

/* One call. */
struct light_call {
    struct http_client *client;
    const struct http_outgoing *out;
    struct light_io io;
    struct light_target target;
    struct str resource; /* path and query */
    struct str host;     /* as in the Host header */
    size_t head_size;
    size_t max_body;

    struct http_response response;
    size_t header_capacity;
    struct buf body;
    bool has_bytes, is_1_0;
};

struct http_client *http_client_new(void)
{
    struct http_client *c = calloc(1, sizeof(*c));

    if (!c)
        abort();
    c->conn.fd = -1;
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes with write() */
    return c;
}

static void forget_connection(struct http_client *c)
{
    light_close(&c->conn);
    free((void *)(uintptr_t)c->key.p);
    c->key = (struct str){ 0 };
}

static void forget_trust(struct http_client *c)
{
    SSL_CTX_free(c->ctx);
    free(c->ca_file);
    c->ctx = NULL;
    c->ca_file = NULL;
}

void http_client_free(struct http_client *c)
{
    if (!c)
        return;
    forget_connection(c);
    forget_trust(c);
    free(c);
}

/* --- the address ---------------------------------------------------------- */

static bool split_port(struct str authority, struct light_target *t)
{
    ptrdiff_t colon = str_rfind(authority, ':');

    t->host = authority;
    t->port = t->is_tls ? S("443") : S("80");
    if (colon >= 0 && !str_ends(authority, S("]"))) {
        t->host = str_slice(authority, 0, (size_t)colon);
        t->port = str_from(authority, (size_t)colon + 1);
    }
    if (str_starts(t->host, S("[")) && str_ends(t->host, S("]")))
        t->host = str_slice(t->host, 1, t->host.len - 2);
    return t->host.len > 0 && str_is_digits(t->port);
}

static int read_url(struct light_call *call)
{
    struct str url = call->out->url, rest = { 0 };
    size_t end = 0;

    call->target.is_tls = str_starts(url, S("https://"));
    if (call->target.is_tls)
        rest = str_from(url, 8);
    else if (str_starts(url, S("http://")))
        rest = str_from(url, 7);
    while (end < rest.len && rest.p[end] != '/' && rest.p[end] != '?')
        end++;
    call->host = str_slice(rest, 0, end);
    call->resource = str_from(rest, end);
    if (!str_starts(call->resource, S("/")))
        call->resource = arena_fmt(call->io.arena, "/%.*s", STR(call->resource));
    if (str_find(call->host, '@') >= 0 || !split_port(call->host, &call->target))
        return light_fail(&call->io, HTTP_CLIENT_UNREACHABLE, "not a usable URL: %.*s", STR(url));
    call->target.unix_socket = call->out->unix_socket;
    if (!call->out->unix_socket &&
        light_proxy_of(call->io.arena, call->target.is_tls, call->target.host, call->target.port,
                       &call->target.proxy) != 0)
        return light_fail(&call->io, HTTP_CLIENT_UNREACHABLE,
                          "the %s_proxy that is set is not http://[user:password@]host[:port]",
                          call->target.is_tls ? "https" : "http");
    return 0;
}

/* --- the connection ------------------------------------------------------- */

static bool same_file(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

static int load_trust(SSL_CTX *ctx, const char *ca_file, struct light_io *io)
{
    if (!ctx || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1)
        return FAULT(ENOMEM);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    /* Buffers of 34 kB are given back while a long poll waits. */
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    int loaded =
        ca_file ? SSL_CTX_load_verify_file(ctx, ca_file) : SSL_CTX_set_default_verify_paths(ctx);
    if (loaded != 1)
        return light_fail(io, HTTP_CLIENT_UNREACHABLE, "cannot read the certificates in %s",
                          ca_file ? ca_file : "the system's store");
    return 0;
}

static int make_trust(struct http_client *c, const char *ca_file, struct light_io *io)
{
    if (c->ctx && same_file(c->ca_file, ca_file))
        return 0;
    forget_connection(c);
    forget_trust(c);
    c->ctx = SSL_CTX_new(TLS_client_method());
    int result = load_trust(c->ctx, ca_file, io);
    if (result != 0) {
        forget_trust(c);
        PASS(result);
    }
    c->ca_file = ca_file ? strdup(ca_file) : NULL;
    if (ca_file && !c->ca_file)
        abort();
    return 0;
}

static int connect_anew(struct light_call *call, struct str key)
{
    struct http_client *c = call->client;
    struct light_io io = call->io;
    msec patience =
        call->out->connect_timeout ? call->out->connect_timeout : HTTP_CLIENT_CONNECT_TIMEOUT;

    forget_connection(c);
    if (io.deadline > clock_monotonic() + patience)
        io.deadline = clock_monotonic() + patience;
    int result = light_connect(&c->conn, c->ctx, &call->target, &io);
    call->io.why = io.why;
    PASS(result);
    char *copy = malloc(key.len + 1);
    if (!copy)
        abort();
    memcpy(copy, key.p, key.len);
    c->key = (struct str){ copy, key.len };
    return 0;
}

static int get_connection(struct light_call *call, bool *ret_kept)
{
    struct http_client *c = call->client;
    const struct light_target *t = &call->target;

    if (t->is_tls)
        PASS(make_trust(c, call->out->ca_file, &call->io));
    struct str key = arena_fmt(call->io.arena, "%d %.*s %.*s %s", t->is_tls, STR(t->host),
                               STR(t->port), t->unix_socket ? t->unix_socket : "");
    *ret_kept = str_eq(key, c->key) && light_is_idle(&c->conn);
    if (!*ret_kept)
        PASS(connect_anew(call, key));
    return 0;
}

/* --- the request ---------------------------------------------------------- */

static struct str request_head(const struct light_call *call)
{
    const struct http_outgoing *out = call->out;
    struct buf b = buf_in(call->io.arena);
    bool has_host = false, by_proxy = str_is_set(call->target.proxy.host) && !call->target.is_tls;

    buf_fmt(&b, "%.*s %s%.*s%.*s HTTP/1.1\r\n", STR(out->method), by_proxy ? "http://" : "",
            STR(by_proxy ? call->host : S("")), STR(call->resource));
    if (by_proxy && str_is_set(call->target.proxy.credentials))
        buf_fmt(&b, "Proxy-Authorization: %.*s\r\n", STR(call->target.proxy.credentials));
    for (size_t i = 0; i < out->n_headers; i++) {
        has_host |= str_ieq(out->headers[i].name, S("Host"));
        if (!str_ieq(out->headers[i].name, S("Content-Length")))
            buf_fmt(&b, "%.*s: %.*s\r\n", STR(out->headers[i].name), STR(out->headers[i].value));
    }
    if (!has_host)
        buf_fmt(&b, "Host: %.*s\r\n", STR(call->host));
    if (out->body.len > 0 || str_eq(out->method, S("POST")) || str_eq(out->method, S("PUT")))
        buf_fmt(&b, "Content-Length: %zu\r\n", out->body.len);
    buf_lit(&b, "\r\n");
    return buf_str(&b);
}

/* --- the answer ----------------------------------------------------------- */

static int broken(struct light_call *call, const char *what)
{
    return light_fail(&call->io, HTTP_CLIENT_UNREACHABLE, "the answer is not HTTP: %s", what);
}

static int too_large(struct light_call *call)
{
    return light_fail(&call->io, HTTP_CLIENT_TOO_LARGE, "the answer is too large");
}

/* Something to take, or the end, which is a failure unless it may come here. */
static int fill(struct light_call *call, bool may_end)
{
    struct light_conn *c = &call->client->conn;

    PASS(light_fill(c, &call->io));
    call->has_bytes |= c->len > 0;
    if (c->len == 0 && !may_end)
        return broken(call, "it ends too early");
    return 0;
}

static struct str take(struct light_conn *c, size_t most)
{
    struct str s = { c->bytes + c->start, c->len < most ? c->len : most };

    c->start += s.len;
    c->len -= s.len;
    return s;
}

static int read_line(struct light_call *call, struct str *ret)
{
    struct light_conn *c = &call->client->conn;
    struct buf line = buf_in(call->io.arena);
    bool is_whole = false;

    while (!is_whole) {
        PASS(fill(call, false));
        ptrdiff_t end = str_find((struct str){ c->bytes + c->start, c->len }, '\n');
        is_whole = end >= 0;
        struct str piece = take(c, is_whole ? (size_t)end + 1 : c->len);
        call->head_size += piece.len;
        if (call->head_size > MAX_HEAD)
            return too_large(call);
        buf_add(&line, piece);
    }
    struct str text = buf_str(&line);
    text.len--;
    if (str_ends(text, S("\r")))
        text.len--;
    *ret = text;
    return 0;
}

static int read_status(struct light_call *call)
{
    struct str line;
    int64_t status;

    PASS(read_line(call, &line));
    call->is_1_0 = str_starts(line, S("HTTP/1.0 "));
    if (!(call->is_1_0 || str_starts(line, S("HTTP/1.1 "))) ||
        !str_is_digits(str_slice(line, 9, 3)) || !str_to_int(str_slice(line, 9, 3), &status) ||
        status < 100 || (line.len > 12 && line.p[12] != ' '))
        return broken(call, "it has no status");
    call->response.status = (int)status;
    return 0;
}

/* Up to the empty line; trailers are read the same way and forgotten. */
static int read_headers(struct light_call *call, bool keep)
{
    struct http_response *r = &call->response;
    struct str line, name, value;

    for (size_t n = 0;; n++) {
        PASS(read_line(call, &line));
        if (str_is_empty(line))
            return 0;
        if (n == HTTP_CLIENT_MAX_HEADERS)
            return too_large(call);
        if (!str_cut(line, ':', &name, &value) || !str_is_word(name, "!#$%&'*+-.^_`|~") ||
            str_is_empty(name))
            return broken(call, "a header is malformed");
        if (!keep)
            continue;
        r->headers = ARENA_GROW(call->io.arena, r->headers, r->n_headers, &call->header_capacity);
        r->headers[r->n_headers++] = (struct http_header){ name, str_trim(value) };
    }
}

static int read_head(struct light_call *call)
{
    do {
        call->response.n_headers = 0;
        PASS(read_status(call));
        PASS(read_headers(call, true));
    } while (call->response.status < 200);
    return 0;
}

static int read_exactly(struct light_call *call, uint64_t n)
{
    if (n > call->max_body - call->body.len)
        return too_large(call);
    while (n > 0) {
        PASS(fill(call, false));
        struct str piece = take(&call->client->conn, n);
        buf_add(&call->body, piece);
        n -= piece.len;
    }
    return 0;
}

static int read_to_the_end(struct light_call *call)
{
    for (;;) {
        PASS(fill(call, true));
        struct str piece = take(&call->client->conn, SIZE_MAX);
        if (piece.len == 0)
            return 0;
        if (piece.len > call->max_body - call->body.len)
            return too_large(call);
        buf_add(&call->body, piece);
    }
}

static bool read_hex(struct str s, uint64_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.p[i];
        int digit = c >= '0' && c <= '9'   ? c - '0'
                    : c >= 'a' && c <= 'f' ? c - 'a' + 10
                    : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                           : -1;
        if (digit < 0)
            return false;
        *ret = *ret << 4 | (uint64_t)digit;
    }
    return s.len > 0 && s.len <= 15;
}

static int read_chunks(struct light_call *call)
{
    struct str line, size;
    uint64_t n;

    for (;;) {
        call->head_size = 0;
        PASS(read_line(call, &line));
        (void)str_cut(line, ';', &size, &line);
        if (!read_hex(str_trim(size), &n))
            return broken(call, "the size of a chunk is malformed");
        if (n == 0)
            break;
        PASS(read_exactly(call, n));
        PASS(read_line(call, &line));
        if (!str_is_empty(line))
            return broken(call, "a chunk does not end where it should");
    }
    PASS(read_headers(call, false));
    return 0;
}

/* Outcome through *ret_is_last: the connection is of no further use. */
static int read_body(struct light_call *call, bool *ret_is_last)
{
    const struct http_response *r = &call->response;
    struct str coding = http_response_get(r, S("Transfer-Encoding"));
    struct str length = http_response_get(r, S("Content-Length"));
    struct str connection = http_response_get(r, S("Connection"));
    int64_t n;

    *ret_is_last =
        str_ieq(connection, S("close")) || (call->is_1_0 && !str_ieq(connection, S("keep-alive")));
    if (str_eq(call->out->method, S("HEAD")) || r->status == 204 || r->status == 304)
        return 0;
    if (str_is_set(coding)) {
        if (!str_ieq(coding, S("chunked")))
            return broken(call, "its transfer coding is unknown");
        PASS(read_chunks(call));
        return 0;
    }
    if (str_is_set(length)) {
        if (!str_is_digits(length) || !str_to_int(length, &n))
            return broken(call, "its length is malformed");
        PASS(read_exactly(call, (uint64_t)n));
        return 0;
    }
    *ret_is_last = true;
    PASS(read_to_the_end(call));
    return 0;
}

/* --- the call ------------------------------------------------------------- */

/* A server may answer and close before it has read all: look for the answer
 * even if sending failed. */
static int converse(struct light_call *call, bool *ret_is_last)
{
    struct light_conn *c = &call->client->conn;
    int sent = light_send(c, request_head(call), &call->io);

    if (sent == 0)
        sent = light_send(c, call->out->body, &call->io);
    if (sent != 0 && sent != HTTP_CLIENT_UNREACHABLE)
        PASS(sent);
    PASS(read_head(call));
    PASS(read_body(call, ret_is_last));
    return 0;
}

static int attempt(struct light_call *call)
{
    bool is_kept = false, is_last = true;

    PASS(get_connection(call, &is_kept));
    int result = converse(call, &is_last);
    if (result != 0 || is_last || call->client->conn.len > 0)
        forget_connection(call->client);
    if (result == HTTP_CLIENT_UNREACHABLE && is_kept && !call->has_bytes)
        return STALE;
    PASS(result);
    return 0;
}

static int make_call(struct light_call *call)
{
    if (!http_outgoing_is_sound(call->out))
        return err_fault(EINVAL, "a control character in a request's head");
    PASS(read_url(call));
    int result = attempt(call);
    if (result == STALE)
        result = attempt(call);
    PASS(result);
    return 0;
}

int http_call(struct http_client *c, const struct http_outgoing *out, struct arena *a,
              struct http_response *ret, struct str *ret_why)
{
    struct light_call call = {
        .client = c,
        .out = out,
        .io = { .arena = a,
                .deadline = clock_monotonic() + (out->timeout ? out->timeout : HTTP_CLIENT_TIMEOUT),
                .wake_fd = out->wake_fd },
        .max_body = out->max_response ? out->max_response : HTTP_CLIENT_MAX_RESPONSE,
        .body = buf_in(a),
    };
    int result = make_call(&call);

    if (result > 0 && ret_why)
        *ret_why = call.io.why;
    PASS(result);
    call.response.body = buf_str(&call.body);
    *ret = call.response;
    return 0;
}
