/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A server that tells what it was asked, by path:
 *   /echo  method, target, tag and body    /later  the same, from another thread
 *   /park  held until release_parked()     /big    megabytes    /big?N  N bytes
 * and bodies up to 100,000 bytes.
 */
#pragma once

#include <pthread.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/http_server.h"

#define ECHO_LIMIT 100000

struct echo {
    struct http_server *server;
    pthread_mutex_t lock;
    struct http_exchange *parked[8192];
    int n_parked, n_gone;
    bool is_stopping; /* nobody would release what is parked now */
};

static inline struct http_response echo_text(struct http_exchange *x)
{
    const struct http_request *r = http_exchange_request(x);
    struct arena *a = http_exchange_arena(x);
    struct http_header *headers = arena_array(a, struct http_header, 2);

    headers[0] = (struct http_header){ S("Content-Type"), S("text/plain") };
    headers[1] = (struct http_header){ S("X-Peer"), http_exchange_peer(x) };
    if (str_eq(r->path, S("/big"))) {
        int64_t n = 3000000;
        (void)str_to_int(r->query, &n);
        struct str bytes = { arena_alloc(a, (size_t)n), (size_t)n };
        return (struct http_response){ 200, headers, 2, bytes };
    }
    struct str body =
        arena_fmt(a, "%.*s %.*s?%.*s [%.*s] %zu:%.*s", STR(r->method), STR(r->path), STR(r->query),
                  STR(http_exchange_tag(x)), r->body.len, STR(r->body));
    return (struct http_response){ 200, headers, 2, body };
}

static inline void *echo_later(void *x)
{
    struct http_response response = echo_text(x);
    http_answer(x, &response);
    return NULL;
}

static inline size_t echo_limit(void *context, const struct http_request *head)
{
    (void)context;
    (void)head;
    return ECHO_LIMIT;
}

static inline bool echo_park(struct echo *e, struct http_exchange *x)
{
    pthread_mutex_lock(&e->lock);
    bool parks = !e->is_stopping;
    if (parks)
        e->parked[e->n_parked++] = x;
    pthread_mutex_unlock(&e->lock);
    return parks;
}

static inline void echo_handle(void *context, struct http_exchange *x)
{
    struct echo *e = context;
    struct str path = http_exchange_request(x)->path;
    pthread_t thread;

    if (str_eq(path, S("/later"))) {
        pthread_create(&thread, NULL, echo_later, x);
        pthread_detach(thread);
    } else if (!str_eq(path, S("/park")) || !echo_park(e, x)) {
        echo_later(x);
    }
}

/* Answers what it is told of, once, if it is still there. */
static inline void echo_gone(void *context, struct http_exchange *x)
{
    struct echo *e = context;
    bool found = false;

    pthread_mutex_lock(&e->lock);
    for (int i = 0; i < e->n_parked && !found; i++) {
        if (e->parked[i] == x) {
            e->parked[i] = e->parked[--e->n_parked];
            e->n_gone++;
            found = true;
        }
    }
    pthread_mutex_unlock(&e->lock);
    if (found)
        echo_later(x);
}

static inline void release_parked(struct echo *e)
{
    pthread_mutex_lock(&e->lock);
    while (e->n_parked > 0)
        echo_later(e->parked[--e->n_parked]);
    pthread_mutex_unlock(&e->lock);
}

static inline int echo_count(struct echo *e, int *counter)
{
    pthread_mutex_lock(&e->lock);
    int n = *counter;
    pthread_mutex_unlock(&e->lock);
    return n;
}

/* For up to a minute, which thousands may need beside other work. */
static inline bool echo_reaches(struct echo *e, int *counter, int wanted)
{
    for (int i = 0; i < 60000 && echo_count(e, counter) != wanted; i++)
        usleep(1000);
    return echo_count(e, counter) == wanted;
}

static inline int echo_start(struct echo *e, const char *cert, const char *key)
{
    struct http_server_config config = {
        .address = "127.0.0.1",
        .tls_cert = cert,
        .tls_key = key,
        .body_limit = echo_limit,
        .handle = echo_handle,
        .gone = echo_gone,
        .context = e,
    };

    memset(e, 0, sizeof(*e));
    pthread_mutex_init(&e->lock, NULL);
    return http_server_start(&config, &e->server);
}

static inline void echo_stop(struct echo *e)
{
    pthread_mutex_lock(&e->lock);
    e->is_stopping = true;
    pthread_mutex_unlock(&e->lock);
    release_parked(e);
    http_server_stop(e->server);
}
