/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the two halves of the HTTP server share: http_server.c owns daemons and
 * sockets, http_exchange.c a request's way through libmicrohttpd.
 */
#pragma once

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "sys/http_server.h"
#include "sys/http_watch.h"

/* A Unix socket we listen on. */
struct http_listener {
    struct http_listener *next;
    uint32_t id;
    int fd;
    char *path;
    struct str tag;
};

struct http_server {
    struct http_server_config config;
    struct MHD_Daemon *daemon;
    int listen_fd;
    uint16_t port;
    unsigned max_connections;
    struct http_watch *watch;
    atomic_bool is_stopping;
    atomic_size_t n_unanswered, n_handed; /* with the owner; those and what is being sent */

    pthread_mutex_t lock;            /* of what follows */
    struct MHD_Daemon *local_daemon; /* for connections by Unix sockets: never TLS */
    struct http_listener *listeners;
    uint32_t n_listener_ids;
};

/* The daemon's callbacks; their closure is the struct http_server. */
void *http_exchange_begin(void *closure, const char *uri, struct MHD_Connection *connection);
enum MHD_Result http_exchange_step(void *closure, struct MHD_Connection *connection,
                                   const char *url, const char *method, const char *version,
                                   const char *data, size_t *size, void **item);
void http_exchange_end(void *closure, struct MHD_Connection *connection, void **item,
                       enum MHD_RequestTerminationCode why);

/* The watch's callbacks. */
void http_exchange_hold(void *item);
void http_exchange_release(void *item);
void http_exchange_gone(void *closure, void *item);

/* The tag of a listener's requests, copied; absent if it has been removed. */
struct str http_server_tag(struct http_server *s, uint32_t listener, struct arena *a);
