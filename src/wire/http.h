/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request and an answer of HTTP as bytes in memory: what the protocols and
 * the signatures work on. It knows no sockets; sys fills and sends these.
 */
#pragma once

#include "base/arena.h"

struct http_header {
    struct str name, value; /* name in any case */
};

/* A request as it came over the wire, or is about to go. */
struct http_request {
    struct str method;
    struct str path;  /* raw, still percent-encoded, without the query */
    struct str query; /* raw, without '?'; absent or empty if none */
    const struct http_header *headers;
    size_t n_headers;
    struct str body;
};

struct http_response {
    int status;
    struct http_header *headers;
    size_t n_headers;
    struct str body;
};

/* The value of the first header of that name, in any case; absent if none. */
struct str http_header_get(const struct http_request *r, struct str name);

/* Take the next parameter, still encoded, from *rest; false at the end. */
bool http_query_next(struct str *rest, struct str *ret_name, struct str *ret_value);

/* The decoded value of a parameter of a raw query string or form body; absent
 * if there is none, or if it is badly encoded. "?x" and "?x=" are empty. */
struct str http_query_get(struct arena *a, struct str query, struct str name);

/* What a Range header asks of `size` bytes: bytes=FIRST-LAST, bytes=FIRST- or bytes=-COUNT.
 * Anything else, several ranges too, asks for all, as HTTP has it for what one does not
 * understand. */
enum http_range {
    HTTP_RANGE_ALL,
    HTTP_RANGE_PART, /* *ret_first up to *ret_last, both included */
    HTTP_RANGE_NONE, /* nothing there: 416 */
};
enum http_range http_range_parse(struct str range, int64_t size, int64_t *ret_first,
                                 int64_t *ret_last);
