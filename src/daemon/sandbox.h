/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where functions run: bubblewrap environments without a network, each kept
 * for the next invocation of the same version of its function, and the Lambda
 * Runtime API that they speak, on a Unix socket of their own each.
 *
 * An environment never has two invocations at once. It is ended when it has
 * been idle for some minutes, when room is needed, when its function changed,
 * when it failed, or before its credentials expire (a client made at import
 * time keeps the first ones it saw).
 */
#pragma once

#include "api/ports.h"
#include "sys/http_server.h"

struct sandbox;

/* `folder` is for unpacked code and sockets; what is in it is removed. */
MUST_CHECK int sandbox_open(const char *folder, struct plane *plane, struct sandbox **ret);

/* Before the first invocation: the server that the environments reach. */
MUST_CHECK int sandbox_serve(struct sandbox *s, struct http_server *server);

/* Ends every environment; invocations under way fail. Then nothing is begun any more. */
void sandbox_stop(struct sandbox *s);  /* takes NULL */
void sandbox_close(struct sandbox *s); /* takes NULL */

/* --- for the gateway ------------------------------------------------------ */

#define SANDBOX_MAX_RESPONSE                                                                       \
    ((size_t)6 * 1024 * 1024 + 100) /* Lambda quotas: synchronous payload */

bool sandbox_is_runtime_path(struct str path);

/* Takes a request to the Runtime API and answers it, now or later. */
void sandbox_handle(struct sandbox *s, struct http_exchange *x);

/* The client of one that sandbox_handle() kept has gone. */
void sandbox_gone(struct sandbox *s, struct http_exchange *x);
