/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/light_conn.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"

#define MAX_PROXY_HEAD 8192

int(light_fail)(struct light_io *io, int outcome, const char *fmt, ...)
{
    char text[500];
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);
    io->why = arena_dup(io->arena, str_of(text));
    return outcome;
}

/* --- waiting -------------------------------------------------------------- */

static int await(int fd, short events, struct light_io *io)
{
    for (;;) {
        msec left = io->deadline - clock_monotonic();
        struct pollfd fds[2] = { { .fd = fd, .events = events },
                                 { .fd = io->wake_fd > 0 ? io->wake_fd : -1, .events = POLLIN } };
        if (left < 0)
            left = 0;
        int n = poll(fds, 2, left > INT_MAX ? INT_MAX : (int)left);
        if (n < 0 && errno != EINTR)
            return FAULT(errno);
        if (n > 0 && fds[1].revents)
            return light_fail(io, HTTP_CLIENT_WOKEN, "the call was given up");
        if (n > 0 && fds[0].revents)
            return 0;
        if (n == 0 && clock_monotonic() >= io->deadline)
            return light_fail(io, HTTP_CLIENT_TIMED_OUT, "no answer in time");
    }
}

/* What SSL_get_error() says of a call that did not go through: wait and try
 * again (0), or an outcome. */
static int await_tls(struct light_conn *c, int result, struct light_io *io)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        PASS(await(c->fd, POLLIN, io));
        return 0;
    case SSL_ERROR_WANT_WRITE:
        PASS(await(c->fd, POLLOUT, io));
        return 0;
    }
    return light_fail(io, HTTP_CLIENT_UNREACHABLE, "the TLS connection broke");
}

/* --- connecting ----------------------------------------------------------- */

static int connect_to(struct light_conn *c, int family, const struct sockaddr *address,
                      socklen_t size, struct light_io *io)
{
    int error = 0, on = 1;
    socklen_t error_size = sizeof(error);

    c->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return FAULT(errno);
    if (family != AF_UNIX) {
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        setsockopt(c->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    if (connect(c->fd, address, size) == 0)
        return 0;
    if (errno != EINPROGRESS)
        return light_fail(io, HTTP_CLIENT_UNREACHABLE, "cannot connect: %s", strerror(errno));
    PASS(await(c->fd, POLLOUT, io));
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
    if (error)
        return light_fail(io, HTTP_CLIENT_UNREACHABLE, "cannot connect: %s", strerror(error));
    return 0;
}

static int connect_unix(struct light_conn *c, const char *path, struct light_io *io)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (strlen(path) >= sizeof(address.sun_path))
        return light_fail(io, HTTP_CLIENT_UNREACHABLE, "the path of the socket is too long");
    strcpy(address.sun_path, path);
    PASS(connect_to(c, AF_UNIX, (struct sockaddr *)&address, sizeof(address), io));
    return 0;
}

/* Each address of the name in turn, as long as there is time. */
static int connect_tcp(struct light_conn *c, struct str host, struct str port, struct light_io *io)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list;
    int result = 0;

    int error =
        getaddrinfo(arena_cstr(io->arena, host), arena_cstr(io->arena, port), &hints, &list);
    if (error)
        return light_fail(io, HTTP_CLIENT_UNREACHABLE, "cannot find %.*s: %s", STR(host),
                          gai_strerror(error));
    for (const struct addrinfo *i = list; i; i = i->ai_next) {
        result = connect_to(c, i->ai_family, i->ai_addr, i->ai_addrlen, io);
        if (result == 0 || result == HTTP_CLIENT_WOKEN)
            break;
        light_close(c);
    }
    freeaddrinfo(list);
    PASS(result);
    return 0;
}

/* Verification needs to be told the name: an address is matched as one. */
static bool expect_name(SSL *ssl, struct str host, struct arena *a)
{
    const char *name = arena_cstr(a, host);
    unsigned char address[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, name, address) == 1 || inet_pton(AF_INET6, name, address) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static int shake_hands(struct light_conn *c, struct light_io *io)
{
    int result;

    ERR_clear_error();
    while ((result = SSL_connect(c->ssl)) != 1) {
        int outcome = await_tls(c, result, io);
        long verified = SSL_get_verify_result(c->ssl);
        if (outcome == HTTP_CLIENT_UNREACHABLE && verified != X509_V_OK)
            return light_fail(io, HTTP_CLIENT_UNTRUSTED, "the certificate is not trusted: %s",
                              X509_verify_cert_error_string(verified));
        PASS(outcome);
    }
    return 0;
}

static int start_tls(struct light_conn *c, SSL_CTX *ctx, struct str host, struct light_io *io)
{
    c->ssl = SSL_new(ctx);
    if (!c->ssl || SSL_set_fd(c->ssl, c->fd) != 1 || !expect_name(c->ssl, host, io->arena))
        return FAULT(EINVAL);
    PASS(shake_hands(c, io));
    return 0;
}

/* --- by way of a proxy ---------------------------------------------------- */

/* The head of the proxy's answer, whole; the server does not speak first. */
static int read_proxy_answer(struct light_conn *c, struct light_io *io)
{
    struct buf head = buf_in(io->arena);

    while (!str_ends(buf_str(&head), S("\r\n\r\n"))) {
        PASS(light_fill(c, io));
        if (c->len == 0 || head.len > MAX_PROXY_HEAD)
            return light_fail(io, HTTP_CLIENT_UNREACHABLE, "the proxy broke off");
        buf_byte(&head, c->bytes[c->start]);
        c->start++;
        c->len--;
    }
    struct str status = str_slice(buf_str(&head), 9, 3);
    if (!str_starts(buf_str(&head), S("HTTP/1.")) || !str_starts(status, S("2")))
        return light_fail(io, HTTP_CLIENT_UNREACHABLE, "the proxy refuses: %.*s", STR(status));
    return 0;
}

static int open_tunnel(struct light_conn *c, const struct light_target *t, struct light_io *io)
{
    struct buf head = buf_in(io->arena);
    bool is_v6 = str_find(t->host, ':') >= 0;
    struct str authority =
        arena_fmt(io->arena, is_v6 ? "[%.*s]:%.*s" : "%.*s:%.*s", STR(t->host), STR(t->port));

    buf_fmt(&head, "CONNECT %.*s HTTP/1.1\r\nHost: %.*s\r\n", STR(authority), STR(authority));
    if (str_is_set(t->proxy.credentials))
        buf_fmt(&head, "Proxy-Authorization: %.*s\r\n", STR(t->proxy.credentials));
    buf_lit(&head, "\r\n");
    PASS(light_send(c, buf_str(&head), io));
    PASS(read_proxy_answer(c, io));
    return 0;
}

static int connect_by_proxy(struct light_conn *c, const struct light_target *t, struct light_io *io)
{
    PASS(connect_tcp(c, t->proxy.host, t->proxy.port, io));
    if (t->is_tls)
        PASS(open_tunnel(c, t, io));
    return 0;
}

static int reach(struct light_conn *c, const struct light_target *t, struct light_io *io)
{
    if (t->unix_socket)
        PASS(connect_unix(c, t->unix_socket, io));
    else if (str_is_set(t->proxy.host))
        PASS(connect_by_proxy(c, t, io));
    else
        PASS(connect_tcp(c, t->host, t->port, io));
    return 0;
}

int light_connect(struct light_conn *c, SSL_CTX *ctx, const struct light_target *target,
                  struct light_io *io)
{
    c->start = c->len = 0;
    c->is_eof = false;
    int result = reach(c, target, io);
    if (result == 0 && target->is_tls)
        result = start_tls(c, ctx, target->host, io);
    if (result != 0)
        light_close(c);
    PASS(result);
    return 0;
}

void light_close(struct light_conn *c)
{
    if (c->ssl) {
        (void)SSL_shutdown(c->ssl); /* one word of farewell, if it goes out at once */
        SSL_free(c->ssl);
    }
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->ssl = NULL;
    c->start = c->len = 0;
}

bool light_is_idle(const struct light_conn *c)
{
    struct pollfd fd = { .fd = c->fd, .events = POLLIN | POLLRDHUP };
    return c->fd >= 0 && c->len == 0 && poll(&fd, 1, 0) == 0;
}

/* --- sending and receiving ------------------------------------------------ */

static int send_plain(struct light_conn *c, struct str bytes, struct light_io *io)
{
    while (bytes.len > 0) {
        ssize_t n = send(c->fd, bytes.p, bytes.len, MSG_NOSIGNAL);
        if (n >= 0)
            bytes = str_from(bytes, (size_t)n);
        else if (errno == EAGAIN)
            PASS(await(c->fd, POLLOUT, io));
        else if (errno != EINTR)
            return light_fail(io, HTTP_CLIENT_UNREACHABLE, "the connection broke: %s",
                              strerror(errno));
    }
    return 0;
}

int light_send(struct light_conn *c, struct str bytes, struct light_io *io)
{
    size_t n;

    if (!c->ssl) {
        PASS(send_plain(c, bytes, io));
        return 0;
    }
    while (bytes.len > 0) {
        ERR_clear_error();
        int result = SSL_write_ex(c->ssl, bytes.p, bytes.len, &n);
        if (result == 1)
            bytes = str_from(bytes, n);
        else
            PASS(await_tls(c, result, io));
    }
    return 0;
}

static int fill_plain(struct light_conn *c, struct light_io *io)
{
    for (;;) {
        ssize_t n = recv(c->fd, c->bytes, sizeof(c->bytes), 0);
        if (n >= 0) {
            c->len = (size_t)n;
            c->is_eof = n == 0;
            return 0;
        }
        if (errno == EAGAIN)
            PASS(await(c->fd, POLLIN, io));
        else if (errno != EINTR)
            return light_fail(io, HTTP_CLIENT_UNREACHABLE, "the connection broke: %s",
                              strerror(errno));
    }
}

int light_fill(struct light_conn *c, struct light_io *io)
{
    if (c->len > 0 || c->is_eof)
        return 0;
    c->start = 0;
    if (!c->ssl) {
        PASS(fill_plain(c, io));
        return 0;
    }
    for (;;) {
        ERR_clear_error();
        int result = SSL_read_ex(c->ssl, c->bytes, sizeof(c->bytes), &c->len);
        if (result == 1)
            return 0;
        c->len = 0;
        if (SSL_get_error(c->ssl, result) == SSL_ERROR_ZERO_RETURN) {
            c->is_eof = true;
            return 0;
        }
        PASS(await_tls(c, result, io));
    }
}
