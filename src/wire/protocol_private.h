/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The protocols to each other. Nothing outside of wire includes it.
 */
#pragma once

#include "wire/protocol.h"
#include "wire/shape_private.h"

/* An answer being put together. */
struct answer {
    struct arena *arena;
    struct http_response response;
    size_t capacity;
};

struct answer answer_begin(struct arena *a, const struct wire_call *call, int status);
void answer_header(struct answer *answer, struct str name, struct str value);
bool answer_has_header(const struct answer *answer, struct str name);

/* A member of a tree, without value_set()'s search for doubles. */
void tree_add(struct arena *a, struct value *map, struct str key, struct value *v);

/* One value of {name} in the path; absent if the pattern has none such. */
struct str path_parameter(const char *pattern, struct str raw_path, struct str name);

int json_body_read(const struct http_request *r, struct arena *a, struct value **ret,
                   struct str *ret_why);

int json11_read(const struct http_request *r, const struct shape *shape, struct arena *a, void *out,
                struct str *ret_why);
struct http_response json11_write(const struct wire_call *call, const struct shape *shape,
                                  const void *out, struct arena *a);
struct http_response json11_error(const struct wire_call *call, struct str code, struct str message,
                                  int status, struct arena *a);

int query_read(const struct wire_call *call, const struct http_request *r,
               const struct shape *shape, struct arena *a, void *out, struct str *ret_why);
struct http_response query_write(const struct wire_call *call, const struct shape *shape,
                                 const void *out, struct arena *a);
struct http_response query_error(const struct wire_call *call, struct str code, struct str message,
                                 int status, struct arena *a);

/* Both REST protocols. `body` is the parsed body, in JSON's tree form, or NULL. */
const struct field *rest_payload(const struct shape *shape); /* NULL if none */
bool rest_has_body(const struct shape *shape);
/* Parameters that neither the path pattern nor a field takes: SHAPE_UNSUPPORTED. rest_read()
 * does it too; with XML it comes before a body that is another operation's. */
int rest_check_query(const struct wire_call *call, const struct http_request *request,
                     const struct shape *shape, struct arena *a, struct str *ret_why);
int rest_read(const struct wire_call *call, const struct http_request *r, const struct shape *shape,
              struct value *body, struct arena *a, void *out, struct str *ret_why);
/* Status and headers, and the body where it is a raw payload. */
struct answer rest_answer(const struct wire_call *call, const struct shape *shape, const void *out,
                          struct arena *a);

int restjson_read(const struct wire_call *call, const struct http_request *r,
                  const struct shape *shape, struct arena *a, void *out, struct str *ret_why);
struct http_response restjson_write(const struct wire_call *call, const struct shape *shape,
                                    const void *out, struct arena *a);
struct http_response restjson_error(const struct wire_call *call, struct str code,
                                    struct str message, int status, struct arena *a);

int restxml_read(const struct wire_call *call, const struct http_request *r,
                 const struct shape *shape, struct arena *a, void *out, struct str *ret_why);
struct http_response restxml_write(const struct wire_call *call, const struct shape *shape,
                                   const void *out, struct arena *a);
struct http_response restxml_error(const struct wire_call *call, struct str code,
                                   struct str message, int status, struct arena *a);
