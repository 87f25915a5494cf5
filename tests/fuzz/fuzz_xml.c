/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an XML body, bare and as a request. */
#include "wire/protocol.h"
#include "wire/xml.h"

#include "../unit/wire/things.h"
#include "fuzz.h"

static const struct wire_call call = {
    .protocol = PROTOCOL_REST_XML,
    .path_pattern = "/{Bucket}",
};

static void write_again(struct buf *b, const struct xml_node *node)
{
    xml_open(b, S("n"));
    xml_text(b, node->text);
    for (const struct xml_node *c = node->child; c; c = c->next)
        write_again(b, c);
    xml_close(b, S("n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size }, why = { 0 };
    struct http_request r = { .method = S("PUT"), .path = S("/b"), .body = text };
    struct arena a = { 0 };
    struct xml_node *root;
    struct thing t;

    if (size > 65536)
        return 0;
    if (xml_parse(&a, text, &root) == 0) {
        struct buf b = buf_in(&a);
        write_again(&b, root);
        assert(xml_parse(&a, buf_str(&b), &root) == 0);
    }
    if (protocol_read(&call, &r, &thing_shape, &a, &t, &why) != 0)
        assert(why.len > 0);
    arena_done(&a);
    return 0;
}
