/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which HTTP proxy the environment asks for, private to the light client:
 * http_proxy (in lower case only, as a CGI's HTTP_PROXY is the client's),
 * https_proxy or HTTPS_PROXY, and no_proxy or NO_PROXY.
 */
#pragma once

#include "base/arena.h"

struct light_proxy {
    struct str host, port;  /* absent: go directly */
    struct str credentials; /* "Basic ..."; absent: none */
};

/* What is not "http://[user:password@]host[:port]" is taken for none. Loopback
 * is never reached by proxy. */
struct light_proxy light_proxy_of(struct arena *a, bool is_tls, struct str host);
