/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Between the HTTP server and dispatch: /health, the agent's packages, the
 * refusal that keeps agents on the polling channel, the Runtime API of functions,
 * everything else to the plane.
 */
#pragma once

#include "api/dispatch.h"
#include "daemon/packages.h"
#include "daemon/sandbox.h"
#include "sys/http_server.h"

struct gateway {
    struct plane *plane;
    const char *scheme; /* "http" or "https" */
    struct sandbox *sandbox;
    struct packages packages;
};

/* Fills in the callbacks of the server's configuration. */
void gateway_attach(struct gateway *g, struct http_server_config *config);
