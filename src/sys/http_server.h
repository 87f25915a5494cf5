/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP/1.1 server, over libmicrohttpd. It hands out whole requests and
 * takes answers from any thread at any later time, so a long poll costs some
 * kilobytes and no thread, and a slow client costs no thread either. It knows
 * nothing of what is asked.
 */
#pragma once

#include "base/err.h"
#include "wire/http.h"

#define HTTP_SERVER_MAX_HEADERS  100         /* more, or more bytes than the next: 431 */
#define HTTP_SERVER_MAX_HEAD     (12 * 1024) /* request line and headers together */
#define HTTP_SERVER_IDLE_TIMEOUT 75          /* seconds; longer than the agents' 20 s polls */
#define HTTP_SERVER_BACKLOG      1024

struct http_server;
struct http_exchange; /* one request, alive until http_answer() */

struct http_server_config {
    const char *address;            /* numeric, IPv4 or IPv6 */
    uint16_t port;                  /* 0: any; see http_server_port() */
    const char *tls_cert, *tls_key; /* PEM files; NULL: plain */
    unsigned threads;               /* 0: 2 */
    unsigned max_connections;       /* 0: what RLIMIT_NOFILE, raised to its hard limit, allows */

    /* Asked when the headers are in, on a server thread: how long may the body
     * be? A longer one is answered 413 and not kept. */
    size_t (*body_limit)(void *context, const struct http_request *head);

    /* On a server thread, the body complete. Answer now, or later from any thread. */
    void (*handle)(void *context, struct http_exchange *x);

    /* On a thread of its own: the client of an exchange not yet answered went
     * away. The exchange stays valid during the call, even if it is answered at
     * the same time elsewhere; it still has to be answered. May be NULL. */
    void (*gone)(void *context, struct http_exchange *x);
    void *context;
};

/* Faults say what is wrong with the address, the port or the certificate. */
MUST_CHECK int http_server_start(const struct http_server_config *config, struct http_server **ret);

uint16_t http_server_port(const struct http_server *s);
unsigned http_server_max_connections(const struct http_server *s);

/* Listen on a Unix socket as well (plain, also beside TLS); requests that come
 * by it carry the tag. What is at `path` is replaced. Removing refuses requests
 * from what is still connected. */
MUST_CHECK int http_server_add_unix(struct http_server *s, const char *path, struct str tag);
void http_server_remove_unix(struct http_server *s, const char *path);

/* Stops accepting, lets exchanges in flight finish (the owner answers the
 * parked ones first, or meanwhile), frees. Takes NULL. */
void http_server_stop(struct http_server *s);

const struct http_request *http_exchange_request(const struct http_exchange *x);
struct arena *http_exchange_arena(struct http_exchange *x);   /* gone once it is answered */
struct str http_exchange_tag(const struct http_exchange *x);  /* absent: not by a Unix socket */
struct str http_exchange_peer(const struct http_exchange *x); /* the address, without the port */

/* Exactly once, from any thread; x is not the caller's afterwards. What the
 * response points to is in x's arena, or outlives everything. To a HEAD request
 * a Content-Length among the headers is sent as it is. A header whose value is
 * empty is not sent. */
void http_answer(struct http_exchange *x, const struct http_response *response);

/* The same with the bytes of a file for a body: `size` of them from `offset`, sent as the
 * client takes them, never all in memory. The descriptor is ours from here on. */
struct http_file {
    int fd;
    uint64_t offset, size;
};
void http_answer_file(struct http_exchange *x, const struct http_response *response,
                      const struct http_file *file);
