/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which HTTP proxy the light client goes by: what the environment says, in
 * http_proxy (in lower case only, as a CGI's HTTP_PROXY is the client's),
 * https_proxy or HTTPS_PROXY, and no_proxy or NO_PROXY. A program's own settings
 * are put there, for the programs it starts follow the same variables.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct light_proxy {
    struct str host, port;  /* absent: go directly */
    struct str credentials; /* "Basic ..."; absent: none */
};

enum light_proxy_outcome {
    LIGHT_PROXY_UNUSABLE = 1, /* a proxy is named that we cannot speak to */
};

/* Loopback is never reached by proxy. An entry of no_proxy is a name and all under
 * it, an address, either with a port, or '*'. Outcome LIGHT_PROXY_UNUSABLE. */
MUST_CHECK int light_proxy_of(struct arena *a, bool is_tls, struct str host, struct str port,
                              struct light_proxy *ret);

/* False unless it is "[http://][user:password@]host[:port]", the port 3128 if not said. */
bool light_proxy_parse(struct arena *a, struct str url, struct light_proxy *ret);

/* This process's environment and its children's; NULL leaves what is there. To be
 * called while there is one thread. */
MUST_CHECK int light_proxy_export(const char *proxy, const char *no_proxy);
