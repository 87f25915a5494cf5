/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "wire/protocol_private.h"

int json_body_read(const struct http_request *r, struct arena *a, struct value **ret,
                   struct str *ret_why)
{
    if (str_is_empty(str_trim(r->body))) {
        *ret = value_map(a);
        return 0;
    }
    int result = json_parse(a, r->body, ret, ret_why);
    if (result == JSON_MALFORMED)
        return SHAPE_MALFORMED;
    TRY(result);
    return 0;
}

int json11_read(const struct http_request *r, const struct shape *shape, struct arena *a, void *out,
                struct str *ret_why)
{
    struct value *body;

    PASS(json_body_read(r, a, &body, ret_why));
    return shape_read(shape, body, a, out, ret_why);
}

static struct str content_type(const struct wire_call *call)
{
    return call->protocol == PROTOCOL_JSON_1_0 ? S("application/x-amz-json-1.0")
                                               : S("application/x-amz-json-1.1");
}

struct http_response json11_write(const struct wire_call *call, const struct shape *shape,
                                  const void *out, struct arena *a)
{
    struct answer answer = answer_begin(a, call, call->success_status ? call->success_status : 200);

    answer_header(&answer, S("Content-Type"), content_type(call));
    answer.response.body = json_format(a, shape_write(shape, out, a));
    return answer.response;
}

/* Modelled errors of SSM and others have "Message", those of the front end
 * "message", and each SDK knows one of them best: both are sent. */
struct http_response json11_error(const struct wire_call *call, struct str code, struct str message,
                                  int status, struct arena *a)
{
    struct answer answer = answer_begin(a, call, status);
    struct value *body = value_map(a);
    bool prefixed = call->protocol == PROTOCOL_JSON_1_0 && call->target_prefix;

    value_set_str(a, body, S("__type"),
                  prefixed ? arena_fmt(a, "%s#%.*s", call->target_prefix, STR(code)) : code);
    value_set_str(a, body, S("message"), message);
    value_set_str(a, body, S("Message"), message);
    answer_header(&answer, S("Content-Type"), content_type(call));
    answer_header(&answer, S("x-amzn-ErrorType"), code);
    answer.response.body = json_format(a, body);
    return answer.response;
}
