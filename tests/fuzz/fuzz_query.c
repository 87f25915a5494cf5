/* SPDX-License-Identifier: Apache-2.0 */
/* Any form as a request; what is accepted is answered in XML that parses. */
#include "wire/protocol.h"
#include "wire/xml.h"

#include "../unit/wire/things.h"
#include "fuzz.h"

static const struct wire_call call = {
    .protocol = PROTOCOL_QUERY,
    .operation = S_INIT("GetThing"),
    .xml_namespace = S_INIT("https://things/"),
    .request_id = S_INIT("r"),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct http_request r = { .method = S("POST"),
                              .path = S("/"),
                              .body = { (const char *)data, size } };
    struct arena a = { 0 };
    struct xml_node *root;
    struct thing t;
    struct str why = { 0 };

    if (size > 65536)
        return 0;
    query_action(&r, &a);
    int result = protocol_read(&call, &r, &thing_shape, &a, &t, &why);
    struct http_response answer = result == 0
                                      ? protocol_write(&call, &thing_shape, &t, &a)
                                      : protocol_error(&call, S("ValidationError"), why, 400, &a);
    assert(result == 0 || why.len > 0);
    assert(xml_parse(&a, answer.body, &root) == 0);
    arena_done(&a);
    return 0;
}
