/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One HTTP call and its answer, in memory. Two implementations, chosen at link
 * time: http_client.c over libcurl (plane, command line), http_light.c over
 * OpenSSL alone for the agent, whose memory it keeps small. Both keep
 * connections alive and verify certificates, always.
 *
 * A client belongs to one thread at a time.
 */
#pragma once

#include "base/err.h"
#include "wire/http.h"

#define HTTP_CLIENT_TIMEOUT         (60 * MSEC_SECOND)
#define HTTP_CLIENT_CONNECT_TIMEOUT (10 * MSEC_SECOND)
#define HTTP_CLIENT_MAX_RESPONSE    ((size_t)16 * 1024 * 1024)
#define HTTP_CLIENT_MAX_HEADERS     100

struct http_client;

struct http_outgoing {
    struct str method;
    struct str url; /* http://host[:port]/path?query or https://..., already encoded */
    const struct http_header *headers; /* Host is added if missing, Content-Length is ours */
    size_t n_headers;
    struct str body;
    msec timeout;            /* of the whole call; 0: HTTP_CLIENT_TIMEOUT */
    msec connect_timeout;    /* 0: HTTP_CLIENT_CONNECT_TIMEOUT */
    size_t max_response;     /* of the body; 0: HTTP_CLIENT_MAX_RESPONSE */
    const char *ca_file;     /* PEM; NULL: the system's */
    const char *unix_socket; /* connect there instead; NULL: to the URL's host */
    int wake_fd;             /* > 0: gives up with HTTP_CLIENT_WOKEN once this is readable */
};

enum http_client_outcome {
    HTTP_CLIENT_UNREACHABLE = 1, /* no connection, or an answer that is not HTTP */
    HTTP_CLIENT_TIMED_OUT = 2,
    HTTP_CLIENT_TOO_LARGE = 3, /* the answer */
    HTTP_CLIENT_WOKEN = 4,
    HTTP_CLIENT_UNTRUSTED = 5, /* the certificate; another try would be answered the same */
};

struct http_client *http_client_new(void);
void http_client_free(struct http_client *c); /* takes NULL */

/* Any status is an answer. A call whose kept connection turns out closed before
 * a byte of the answer came is made again on a new one. Outcomes above, with
 * *ret_why (may be NULL) a sentence in the arena. */
MUST_CHECK int http_call(struct http_client *c, const struct http_outgoing *out, struct arena *a,
                         struct http_response *ret, struct str *ret_why);

/* The first header of that name, in any case; absent if none. */
struct str http_response_get(const struct http_response *r, struct str name);
