/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request's way: begin (its first line is in), head, body, handle, perhaps
 * parked, answered, end. All but http_answer() and the watch's calls happen on
 * the one server thread that has the connection.
 */
#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/http_private.h"

/* How much of a body that is too long is read, and dropped, so that a client
 * who writes first and reads then gets to see the 413 and no reset. */
#define DRAIN ((size_t)1024 * 1024)

#define FIRST_BODY_SIZE ((size_t)8 * 1024)

/* Who is to queue the answer, decided by one atomic exchange: the thread that
 * handles, or whoever answers a parked exchange. */
enum answer_state {
    ANSWER_NONE,   /* being received or handled */
    ANSWER_PARKED, /* the connection is suspended: resume it */
    ANSWER_GIVEN,
};

struct http_exchange {
    struct http_server *server;
    struct MHD_Connection *connection;
    struct http_request request;
    struct http_response response;
    struct http_file file; /* the body, if it is open */
    struct arena arena;
    struct str tag;
    char *body; /* grows as it comes in: a promised length costs nothing */
    size_t body_size, body_limit, n_dropped;
    uint64_t watch_id;
    int fd;
    atomic_int state;
    atomic_uint n_holders;
    bool has_head, is_too_large, is_handed, has_file;
    char peer[INET6_ADDRSTRLEN];
};

/* --- life ----------------------------------------------------------------- */

void http_exchange_hold(void *item)
{
    atomic_fetch_add(&((struct http_exchange *)item)->n_holders, 1);
}

void http_exchange_release(void *item)
{
    struct http_exchange *x = item;

    if (atomic_fetch_sub(&x->n_holders, 1) > 1)
        return;
    if (x->has_file)
        close(x->file.fd);
    arena_done(&x->arena);
    free(x->body);
    free(x);
}

void http_exchange_gone(void *closure, void *item)
{
    struct http_server *s = closure;
    s->config.gone(s->config.context, item);
}

/* libmicrohttpd cuts and decodes the URI in place later; signatures need it as
 * it came. The absolute form (of requests to proxies) loses scheme and host. */
static void copy_target(struct http_exchange *x, struct str uri)
{
    if (str_starts(uri, S("http://")) || str_starts(uri, S("https://"))) {
        uri = str_from(uri, (size_t)str_find(uri, '/') + 2);
        ptrdiff_t path = str_find(uri, '/');
        uri = path < 0 ? S("/") : str_from(uri, (size_t)path);
    }
    str_cut(arena_dup(&x->arena, uri), '?', &x->request.path, &x->request.query);
}

void *http_exchange_begin(void *closure, const char *uri, struct MHD_Connection *connection)
{
    struct http_exchange *x = calloc(1, sizeof(*x));

    if (!x)
        abort();
    x->server = closure;
    x->connection = connection;
    x->request.body = S("");
    atomic_init(&x->n_holders, 1);
    copy_target(x, str_of(uri));
    return x;
}

void http_exchange_end(void *closure, struct MHD_Connection *connection, void **item,
                       enum MHD_RequestTerminationCode why)
{
    (void)connection;
    (void)why;
    struct http_server *s = closure;
    struct http_exchange *x = *item;

    if (!x)
        return;
    *item = NULL;
    if (x->is_handed)
        atomic_fetch_sub(&s->n_handed, 1);
    http_exchange_release(x);
}

/* --- answering ------------------------------------------------------------ */

static ssize_t no_bytes(void *closure, uint64_t at, char *buffer, size_t size)
{
    (void)closure;
    (void)at;
    (void)buffer;
    (void)size;
    return MHD_CONTENT_READER_END_WITH_ERROR;
}

static struct MHD_Response *new_bodiless(uint64_t length)
{
    return MHD_create_response_from_callback(length, 1024, no_bytes, NULL, NULL);
}

/* A HEAD request's answer says the length of a body that is not there. */
static struct MHD_Response *new_response(struct http_exchange *x)
{
    const struct http_response *r = &x->response;
    bool is_head = str_eq(x->request.method, S("HEAD"));
    int64_t length;

    if (x->has_file && !is_head) {
        struct MHD_Response *response =
            MHD_create_response_from_fd_at_offset64(x->file.size, x->file.fd, x->file.offset);
        x->has_file = response == NULL; /* else the descriptor is the response's */
        return response;
    }
    if (x->has_file)
        return new_bodiless(x->file.size);
    if (is_head)
        for (size_t i = 0; i < r->n_headers; i++)
            if (str_ieq(r->headers[i].name, S("Content-Length")) &&
                str_to_int(r->headers[i].value, &length) && length >= 0)
                return new_bodiless((uint64_t)length);
    return MHD_create_response_from_buffer(r->body.len, (void *)(uintptr_t)r->body.p,
                                           MHD_RESPMEM_PERSISTENT);
}

/* What the server itself says. */
static bool is_ours(struct str name)
{
    return str_ieq(name, S("Content-Length")) || str_ieq(name, S("Transfer-Encoding")) ||
           str_ieq(name, S("Connection"));
}

/* libmicrohttpd knows no empty values: such headers are left out. */
static bool add_headers(struct http_exchange *x, struct MHD_Response *response)
{
    for (size_t i = 0; i < x->response.n_headers; i++) {
        const struct http_header *h = &x->response.headers[i];
        if (!is_ours(h->name) && h->value.len > 0 &&
            MHD_add_response_header(response, arena_cstr(&x->arena, h->name),
                                    arena_cstr(&x->arena, h->value)) != MHD_YES)
            return false;
    }
    return !atomic_load(&x->server->is_stopping) ||
           MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close") == MHD_YES;
}

/* MHD_NO closes the connection: all that is left when a response cannot be made. */
static enum MHD_Result send_response(struct http_exchange *x)
{
    struct MHD_Response *response = new_response(x);

    if (!response)
        return MHD_NO;
    enum MHD_Result result = MHD_NO;
    if (add_headers(x, response))
        result = MHD_queue_response(x->connection, (unsigned)x->response.status, response);
    MHD_destroy_response(response);
    return result;
}

static enum MHD_Result refuse(struct http_exchange *x, int status, struct str sentence)
{
    static struct http_header text[] = { { S_INIT("Content-Type"), S_INIT("text/plain") } };

    x->response = (struct http_response){ status, text, ARRAY_LEN(text), sentence };
    return send_response(x);
}

void http_answer(struct http_exchange *x, const struct http_response *response)
{
    struct http_server *s = x->server;

    assert(response->status >= 200 && response->status <= 599);
    x->response = *response;
    int before = atomic_exchange(&x->state, ANSWER_GIVEN);
    assert(before != ANSWER_GIVEN);
    if (before == ANSWER_PARKED) {
        struct MHD_Connection *connection = x->connection;
        if (s->config.gone)
            http_watch_remove(s->watch, x->watch_id, x->fd);
        MHD_resume_connection(connection); /* x may be gone by the time this returns */
    }
    atomic_fetch_sub(&s->n_unanswered, 1);
}

void http_answer_file(struct http_exchange *x, const struct http_response *response,
                      const struct http_file *file)
{
    x->file = *file;
    x->has_file = true;
    http_answer(x, response);
}

/* --- receiving ------------------------------------------------------------ */

static enum MHD_Result take_header(void *closure, enum MHD_ValueKind kind, const char *name,
                                   size_t name_len, const char *value, size_t value_len)
{
    (void)kind;
    struct http_exchange *x = closure;
    struct http_header *headers = (struct http_header *)(uintptr_t)x->request.headers;

    if (x->request.n_headers == HTTP_SERVER_MAX_HEADERS)
        return MHD_NO;
    headers[x->request.n_headers++] =
        (struct http_header){ { name, name_len }, { value ? value : "", value_len } };
    return MHD_YES;
}

static struct str header(const struct http_exchange *x, struct str name)
{
    for (size_t i = 0; i < x->request.n_headers; i++)
        if (str_ieq(x->request.headers[i].name, name))
            return x->request.headers[i].value;
    return (struct str){ 0 };
}

/* Names and values stay in libmicrohttpd's memory, which lasts as long as the request. */
static bool take_headers(struct http_exchange *x)
{
    int n = MHD_get_connection_values(x->connection, MHD_HEADER_KIND, NULL, NULL);

    if (n < 0 || n > HTTP_SERVER_MAX_HEADERS)
        return false;
    x->request.headers = arena_array(&x->arena, struct http_header, n);
    MHD_get_connection_values_n(x->connection, MHD_HEADER_KIND, take_header, x);
    return true;
}

/* The address, or of which of our Unix sockets it came: http_server.c puts the
 * listener's number in place of a path. */
static bool take_peer(struct http_exchange *x)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(x->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *address = info ? info->client_addr : NULL;
    uint32_t listener;

    if (!address)
        return true;
    if (address->sa_family == AF_UNIX) {
        memcpy(&listener, ((const struct sockaddr_un *)address)->sun_path, sizeof(listener));
        x->tag = http_server_tag(x->server, listener, &x->arena);
        return str_is_set(x->tag);
    }
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)address)->sin_addr, x->peer,
                  sizeof(x->peer));
    if (address->sa_family == AF_INET6)
        inet_ntop(AF_INET6, &((const struct sockaddr_in6 *)address)->sin6_addr, x->peer,
                  sizeof(x->peer));
    return true;
}

static enum MHD_Result take_head(struct http_exchange *x, const char *method)
{
    struct http_server *s = x->server;
    int64_t promised;

    x->has_head = true;
    x->request.method = str_of(method);
    if (!take_headers(x))
        return refuse(x, 431, S("too many headers\n"));
    if (!take_peer(x))
        return refuse(x, 403, S("this socket is closed\n"));
    if (atomic_load(&s->is_stopping))
        return refuse(x, 503, S("shutting down\n"));

    x->body_limit = s->config.body_limit(s->config.context, &x->request);
    if (str_to_int(header(x, S("Content-Length")), &promised) &&
        promised > (int64_t)x->body_limit) {
        x->is_too_large = true;
        if (promised > (int64_t)(x->body_limit + DRAIN) || str_is_set(header(x, S("Expect"))))
            return refuse(x, 413, S("the body is too large\n"));
    }
    return MHD_YES;
}

/* What was promised, if that is little: a call may wait long with its body in memory. */
static size_t first_body_size(const struct http_exchange *x)
{
    int64_t promised;
    bool is_little = str_to_int(header(x, S("Content-Length")), &promised) && promised > 0 &&
                     promised < (int64_t)FIRST_BODY_SIZE;

    return is_little ? (size_t)promised : FIRST_BODY_SIZE;
}

static enum MHD_Result take_body(struct http_exchange *x, struct str bytes)
{
    size_t len = x->request.body.len;

    x->is_too_large |= bytes.len > x->body_limit - len;
    if (x->is_too_large) {
        x->n_dropped += bytes.len;
        return x->n_dropped > x->body_limit + DRAIN ? MHD_NO : MHD_YES;
    }
    if (bytes.len > x->body_size - len) {
        size_t size = x->body_size ? x->body_size : first_body_size(x);
        while (size < len + bytes.len)
            size *= 2;
        x->body = realloc(x->body, size);
        if (!x->body)
            abort();
        x->body_size = size;
    }
    memcpy(x->body + len, bytes.p, bytes.len);
    x->request.body = (struct str){ x->body, len + bytes.len };
    return MHD_YES;
}

/* --- handling ------------------------------------------------------------- */

/* Suspend first, tell then: from the exchange on, another thread may answer. */
static enum MHD_Result park(struct http_exchange *x)
{
    struct http_server *s = x->server;
    struct MHD_Connection *connection = x->connection;
    int none = ANSWER_NONE;

    MHD_suspend_connection(connection);
    if (s->config.gone) {
        x->fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
        x->watch_id = http_watch_add(s->watch, x->fd, x);
    }
    if (!atomic_compare_exchange_strong(&x->state, &none, ANSWER_PARKED)) {
        if (s->config.gone)
            http_watch_remove(s->watch, x->watch_id, x->fd);
        MHD_resume_connection(connection);
    }
    return MHD_YES;
}

static enum MHD_Result handle(struct http_exchange *x)
{
    struct http_server *s = x->server;

    if (x->is_too_large)
        return refuse(x, 413, S("the body is too large\n"));
    atomic_fetch_add(&s->n_unanswered, 1);
    if (atomic_load(
            &s->is_stopping)) { /* counted first: http_server_stop() looks after saying so */
        atomic_fetch_sub(&s->n_unanswered, 1);
        return refuse(x, 503, S("shutting down\n"));
    }
    x->is_handed = true;
    atomic_fetch_add(&s->n_handed, 1);
    s->config.handle(s->config.context, x);
    return atomic_load(&x->state) == ANSWER_GIVEN ? send_response(x) : park(x);
}

enum MHD_Result http_exchange_step(void *closure, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *data, size_t *size, void **item)
{
    (void)closure;
    (void)connection;
    (void)url;
    (void)version;
    struct http_exchange *x = *item;

    if (!x->has_head)
        return take_head(x, method);
    if (*size > 0) {
        struct str bytes = { data, *size };
        *size = 0;
        return take_body(x, bytes);
    }
    if (!x->is_handed)
        return handle(x);
    assert(atomic_load(&x->state) == ANSWER_GIVEN); /* resumed */
    return send_response(x);
}

/* --- for the owner -------------------------------------------------------- */

const struct http_request *http_exchange_request(const struct http_exchange *x)
{
    return &x->request;
}

struct arena *http_exchange_arena(struct http_exchange *x)
{
    return &x->arena;
}

struct str http_exchange_tag(const struct http_exchange *x)
{
    return x->tag;
}

struct str http_exchange_peer(const struct http_exchange *x)
{
    struct str peer = str_of(x->peer);
    return str_starts(peer, S("::ffff:")) ? str_from(peer, 7) : peer;
}
