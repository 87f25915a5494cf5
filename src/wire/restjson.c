/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "wire/protocol_private.h"

static bool is_raw(const struct field *payload)
{
    return payload && (payload->type == FIELD_BLOB || payload->type == FIELD_STRING);
}

int restjson_read(const struct wire_call *call, const struct http_request *r,
                  const struct shape *shape, struct arena *a, void *out, struct str *ret_why)
{
    struct value *body = NULL;

    if (!is_raw(rest_payload(shape)) && r->body.len > 0)
        PASS(json_body_read(r, a, &body, ret_why));
    return rest_read(call, r, shape, body, a, out, ret_why);
}

static bool has_no_body(int status)
{
    return status == 204 || status == 304;
}

struct http_response restjson_write(const struct wire_call *call, const struct shape *shape,
                                    const void *out, struct arena *a)
{
    struct answer answer = rest_answer(call, shape, out, a);
    const struct field *payload = rest_payload(shape);

    if (has_no_body(answer.response.status)) {
        answer.response.body = S("");
        return answer.response;
    }
    if (!answer_has_header(&answer, S("Content-Type")))
        answer_header(&answer, S("Content-Type"), S("application/json"));
    if (payload && !is_raw(payload))
        answer.response.body = json_format(a, shape_write_field(payload, out, a));
    else if (!payload)
        answer.response.body = json_format(a, shape_write_body(shape, out, a));
    return answer.response;
}

struct http_response restjson_error(const struct wire_call *call, struct str code,
                                    struct str message, int status, struct arena *a)
{
    struct answer answer = answer_begin(a, call, status);
    struct value *body = value_map(a);

    value_set_str(a, body, S("Type"), status < 500 ? S("User") : S("Service"));
    value_set_str(a, body, S("message"), message);
    value_set_str(a, body, S("Message"), message);
    answer_header(&answer, S("Content-Type"), S("application/json"));
    answer_header(&answer, S("x-amzn-ErrorType"), code);
    answer.response.body = json_format(a, body);
    return answer.response;
}
