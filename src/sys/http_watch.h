/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP server's second pair of eyes, private to it: one thread that waits
 * for what libmicrohttpd does not look at, the clients of parked exchanges
 * hanging up and connections to our Unix sockets.
 */
#pragma once

#include "base/err.h"

struct http_watch;

struct http_watch_calls {
    /* An item is held until its call of gone() has returned. */
    void (*hold)(void *item);
    void (*gone)(void *context, void *item);
    void (*release)(void *item);
    void (*connected)(void *context, uint32_t listener, int fd); /* takes over the fd */
    void *context;
};

MUST_CHECK int http_watch_start(const struct http_watch_calls *calls, struct http_watch **ret);
void http_watch_stop(struct http_watch *w); /* takes NULL; no call is made afterwards */

/* Tells once when the other end of fd hangs up. The item must be alive until it is removed. */
uint64_t http_watch_add(struct http_watch *w, int fd, void *item);
void http_watch_remove(struct http_watch *w, uint64_t id, int fd);

MUST_CHECK int http_watch_listen(struct http_watch *w, int fd, uint32_t listener);
void http_watch_unlisten(struct http_watch *w, int fd);
