/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS's wire protocols: a request's bytes to the struct that a handler takes,
 * and the struct it answers with to bytes, both by way of shapes. Which
 * operation is meant, and who asks, is for the caller to find out; nothing
 * here knows services.
 *
 *   JSON 1.0, 1.1  POST / with X-Amz-Target; body and answer are JSON
 *   Query          POST / with a form (or GET with a query string); answer is XML
 *   REST-JSON      method and path name the operation; body and answer are JSON
 *   REST-XML       the same with XML bodies (S3)
 */
#pragma once

#include "wire/http.h"
#include "wire/shape.h"

#define QUERY_MAX_PARAMETERS 2000 /* of a form; also of a query string */
#define QUERY_MAX_DEPTH      16   /* dots in the name of one parameter */

enum protocol {
    PROTOCOL_JSON_1_0,
    PROTOCOL_JSON_1_1,
    PROTOCOL_QUERY,
    PROTOCOL_REST_JSON,
    PROTOCOL_REST_XML,
};

/* What the dispatcher knows of the call. */
struct wire_call {
    enum protocol protocol;
    struct str operation;
    const char *version;      /* Query: "2010-05-15"; a request for another is refused */
    struct str xml_namespace; /* of XML answers; absent: none */
    struct str request_id;
    const char *target_prefix; /* JSON: before the dot of X-Amz-Target; 1.0 errors carry it */
    const char *path_pattern;  /* REST: "/2015-03-31/functions/{FunctionName}/code?x" */
    int success_status;        /* 0 means 200 */
};

/* Fill *out (shape->size bytes) from the request. The method and the path are
 * taken as checked by path_matches(). Outcomes SHAPE_INVALID, SHAPE_MALFORMED,
 * SHAPE_UNSUPPORTED, with a sentence for the client. */
MUST_CHECK int protocol_read(const struct wire_call *call, const struct http_request *r,
                             const struct shape *shape, struct arena *a, void *out,
                             struct str *ret_why);

/* REST-XML: the root element is named after the shape, or the wire name of the
 * member that is the payload; a member whose wire name is "" is the root's text. */
struct http_response protocol_write(const struct wire_call *call, const struct shape *shape,
                                    const void *out, struct arena *a);

/* `status` below 500 is the client's fault ("Sender"), else the server's. An
 * absent message is left empty. */
struct http_response protocol_error(const struct wire_call *call, struct str code,
                                    struct str message, int status, struct arena *a);

/* {Name} takes one segment, not empty; {Name+} one or more characters, slashes too.
 * What follows '?' in the pattern is not looked at. */
bool path_matches(const char *pattern, struct str raw_path);

/* path_matches(), and the query string has each parameter that the pattern
 * names after '?' ("/{Bucket}?location", "/{Bucket}?list-type=2"). */
bool route_matches(const char *pattern, struct str raw_path, struct str raw_query);

/* Action=... of a form body or of the query string; absent if none. */
struct str query_action(const struct http_request *r, struct arena *a);
