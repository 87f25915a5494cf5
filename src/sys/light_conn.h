/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One connection of the light HTTP client, plain or TLS, private to it. Every
 * wait has a deadline and may be woken.
 */
#pragma once

#include <openssl/ssl.h>

#include "sys/http_client.h"
#include "sys/light_proxy.h"

/* How long, who may interrupt, and what to say when it fails. */
struct light_io {
    struct arena *arena;
    msec deadline; /* of clock_monotonic() */
    int wake_fd;   /* <= 0: none */
    struct str why;
};

/* Sets io->why, returns the outcome. */
PRINTF(3, 4) int(light_fail)(struct light_io *io, int outcome, const char *fmt, ...);
#define light_fail(io, outcome, ...) ((void)(light_fail)(io, outcome, __VA_ARGS__), (outcome))

struct light_target {
    bool is_tls;
    struct str host, port;   /* the host without brackets */
    const char *unix_socket; /* instead; NULL: none */
    struct light_proxy proxy;
};

struct light_conn {
    int fd; /* -1: closed */
    SSL *ssl;
    size_t start, len; /* of what has come and is not taken */
    bool is_eof;
    char bytes[8192];
};

/* Outcomes as http_call(). A connection that could not be made is closed. */
int light_connect(struct light_conn *c, SSL_CTX *ctx, const struct light_target *target,
                  struct light_io *io);
void light_close(struct light_conn *c);

int light_send(struct light_conn *c, struct str bytes, struct light_io *io);

/* Waits until something is there to take, or is_eof. */
int light_fill(struct light_conn *c, struct light_io *io);

/* Idle, and the other end has neither closed nor said anything. */
bool light_is_idle(const struct light_conn *c);
