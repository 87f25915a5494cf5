/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/protocol.h"

#include "wire/protocol_private.h"

int protocol_read(const struct wire_call *call, const struct http_request *r,
                  const struct shape *shape, struct arena *a, void *out, struct str *ret_why)
{
    switch (call->protocol) {
    case PROTOCOL_JSON_1_0:
    case PROTOCOL_JSON_1_1:
        return json11_read(r, shape, a, out, ret_why);
    case PROTOCOL_QUERY:
        return query_read(call, r, shape, a, out, ret_why);
    case PROTOCOL_REST_JSON:
        return restjson_read(call, r, shape, a, out, ret_why);
    case PROTOCOL_REST_XML:
        return restxml_read(call, r, shape, a, out, ret_why);
    }
    return FAULT(EINVAL);
}

struct http_response protocol_write(const struct wire_call *call, const struct shape *shape,
                                    const void *out, struct arena *a)
{
    switch (call->protocol) {
    case PROTOCOL_JSON_1_0:
    case PROTOCOL_JSON_1_1:
        break;
    case PROTOCOL_QUERY:
        return query_write(call, shape, out, a);
    case PROTOCOL_REST_JSON:
        return restjson_write(call, shape, out, a);
    case PROTOCOL_REST_XML:
        return restxml_write(call, shape, out, a);
    }
    return json11_write(call, shape, out, a);
}

struct http_response protocol_error(const struct wire_call *call, struct str code,
                                    struct str message, int status, struct arena *a)
{
    switch (call->protocol) {
    case PROTOCOL_JSON_1_0:
    case PROTOCOL_JSON_1_1:
        break;
    case PROTOCOL_QUERY:
        return query_error(call, code, message, status, a);
    case PROTOCOL_REST_JSON:
        return restjson_error(call, code, message, status, a);
    case PROTOCOL_REST_XML:
        return restxml_error(call, code, message, status, a);
    }
    return json11_error(call, code, message, status, a);
}

struct answer answer_begin(struct arena *a, const struct wire_call *call, int status)
{
    struct answer answer = { .arena = a, .response = { .status = status, .body = S("") } };
    bool is_s3 = call->protocol == PROTOCOL_REST_XML;

    if (str_is_set(call->request_id))
        answer_header(&answer, is_s3 ? S("x-amz-request-id") : S("x-amzn-RequestId"),
                      call->request_id);
    return answer;
}

void answer_header(struct answer *answer, struct str name, struct str value)
{
    struct http_response *r = &answer->response;

    r->headers = ARENA_GROW(answer->arena, r->headers, r->n_headers, &answer->capacity);
    r->headers[r->n_headers++] = (struct http_header){ name, value };
}

bool answer_has_header(const struct answer *answer, struct str name)
{
    for (size_t i = 0; i < answer->response.n_headers; i++)
        if (str_ieq(answer->response.headers[i].name, name))
            return true;
    return false;
}

void tree_add(struct arena *a, struct value *map, struct str key, struct value *v)
{
    map->map.members = ARENA_GROW(a, map->map.members, map->map.count, &map->map.capacity);
    map->map.members[map->map.count++] = (struct value_member){ key, v };
}

/* Match one {Name} or {Name+}: *pattern stands after the brace's end, *path
 * after what was taken. */
static bool take_parameter(const char **pattern, struct str *path, struct str *ret_name,
                           struct str *ret_value)
{
    const char *start = *pattern + 1, *end = strchr(start, '}');
    assert(end);

    bool greedy = end[-1] == '+';
    *ret_name = (struct str){ start, (size_t)(end - start) - (greedy ? 1 : 0) };
    size_t len = 0;
    while (len < path->len && (greedy || path->p[len] != '/'))
        len++;
    *ret_value = str_slice(*path, 0, len);
    *path = str_from(*path, len);
    *pattern = end + 1;
    return len > 0;
}

static bool walk_path(const char *pattern, struct str path, struct str wanted,
                      struct str *ret_found)
{
    struct str name, value;

    while (*pattern && *pattern != '?') {
        if (*pattern == '{') {
            if (!take_parameter(&pattern, &path, &name, &value))
                return false;
            if (str_is_set(wanted) && str_eq(name, wanted))
                *ret_found = value;
        } else {
            if (path.len == 0 || path.p[0] != *pattern)
                return false;
            path = str_from(path, 1);
            pattern++;
        }
    }
    return path.len == 0;
}

bool path_matches(const char *pattern, struct str raw_path)
{
    struct str unused;
    return walk_path(pattern, raw_path, (struct str){ 0 }, &unused);
}

struct str path_parameter(const char *pattern, struct str raw_path, struct str name)
{
    struct str found = { 0 };
    return walk_path(pattern, raw_path, name, &found) ? found : (struct str){ 0 };
}

static bool has_parameter(struct str query, struct str name, struct str value)
{
    struct str raw_name, raw_value;

    while (http_query_next(&query, &raw_name, &raw_value))
        if (str_eq(raw_name, name) && (value.len == 0 || str_eq(raw_value, value)))
            return true;
    return false;
}

bool route_matches(const char *pattern, struct str raw_path, struct str raw_query)
{
    const char *mark = strchr(pattern, '?');
    struct str wanted = str_of(mark ? mark + 1 : NULL), name, value;

    if (!path_matches(pattern, raw_path))
        return false;
    while (http_query_next(&wanted, &name, &value))
        if (!has_parameter(raw_query, name, value))
            return false;
    return true;
}
