/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/protocol_private.h"
#include "wire/xml.h"

static struct str item_name(const struct field *f)
{
    return f->item_name ? str_of(f->item_name) : S("member");
}

static int convert_struct(struct arena *a, const struct shape *shape, const struct xml_node *node,
                          struct value **ret, struct str *ret_why);

static int convert_item(struct arena *a, const struct field *f, const struct xml_node *node,
                        struct value *list, struct str *ret_why)
{
    struct value *item;

    if (f->type == FIELD_LIST)
        PASS(convert_struct(a, f->shape, node, &item, ret_why));
    else
        item = value_string(a, node->text);
    value_append(a, list, item);
    return 0;
}

/* FLATTENED: the items are children of the struct's own element. */
static int convert_list(struct arena *a, const struct field *f, const struct xml_node *node,
                        struct value **ret, struct str *ret_why)
{
    bool flattened = f->flags & FLATTENED;
    struct str name = flattened ? field_key(f) : item_name(f);

    if (!flattened)
        node = xml_child(node, field_key(f));
    if (!node || (flattened && !xml_child(node, name)))
        return 0;
    *ret = value_list(a);
    for (const struct xml_node *c = node->child; c; c = c->next)
        if (str_eq(c->name, name))
            PASS(convert_item(a, f, c, *ret, ret_why));
    return 0;
}

static int convert_field(struct arena *a, const struct field *f, const struct xml_node *node,
                         struct value **ret, struct str *ret_why)
{
    switch (f->type) {
    case FIELD_LIST:
    case FIELD_STRINGS:
        return convert_list(a, f, node, ret, ret_why);
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        *ret_why = arena_fmt(a, "%s cannot be read from XML.", f->name);
        return xml_child(node, field_key(f)) ? SHAPE_MALFORMED : 0;
    case FIELD_STRUCT:
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
        break;
    }
    const struct xml_node *child = xml_child(node, field_key(f));
    if (!child)
        return 0;
    if (f->type == FIELD_STRUCT)
        return convert_struct(a, f->shape, child, ret, ret_why);
    return text_to_value(a, f, child->text, ret, ret_why);
}

static bool takes_element(const struct shape *shape, struct str name)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].place == PLACE_BODY && str_eq(name, field_key(&shape->fields[i])))
            return true;
    return false;
}

static int convert_struct(struct arena *a, const struct shape *shape, const struct xml_node *node,
                          struct value **ret, struct str *ret_why)
{
    /* What no field takes is not carried out, so it is refused, as in JSON. */
    for (const struct xml_node *c = node->child; c; c = c->next)
        if (!takes_element(shape, c->name)) {
            *ret_why = arena_fmt(a, "The parameter %.*s is not supported.",
                                 STR(str_slice(c->name, 0, 128)));
            return SHAPE_UNSUPPORTED;
        }
    *ret = value_map(a);
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct value *v = NULL;
        if (f->place != PLACE_BODY)
            continue;
        PASS(convert_field(a, f, node, &v, ret_why));
        if (v)
            tree_add(a, *ret, field_key(f), v);
    }
    return 0;
}

static int read_body(const struct http_request *r, const struct shape *shape, struct arena *a,
                     struct value **ret, struct str *ret_why)
{
    struct xml_node *root;

    if (xml_parse(a, r->body, &root) != 0) {
        *ret_why = S("The XML you provided was not well-formed or did not validate against our "
                     "published schema");
        return SHAPE_MALFORMED;
    }
    return convert_struct(a, shape, root, ret, ret_why);
}

int restxml_read(const struct wire_call *call, const struct http_request *r,
                 const struct shape *shape, struct arena *a, void *out, struct str *ret_why)
{
    const struct field *payload = rest_payload(shape);
    struct value *body = NULL;
    const struct shape *of_body = payload ? payload->shape : shape;
    bool is_xml = payload ? payload->type == FIELD_STRUCT : rest_has_body(shape);

    PASS(rest_check_query(call, r, shape, a, ret_why));
    if (is_xml && str_trim(r->body).len > 0)
        PASS(read_body(r, of_body, a, &body, ret_why));
    return rest_read(call, r, shape, body, a, out, ret_why);
}

static struct str document(const struct wire_call *call, struct str root, const struct shape *shape,
                           const void *in, struct arena *a)
{
    struct buf b = buf_in(a);

    buf_lit(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml_open_in(&b, root, call->xml_namespace);
    xml_write_struct(&b, shape, in);
    xml_close(&b, root);
    return buf_str(&b);
}

/* The root element is named after the shape ("ListBucketResult"), or, for a
 * payload, after its wire name. */
struct http_response restxml_write(const struct wire_call *call, const struct shape *shape,
                                   const void *out, struct arena *a)
{
    struct answer answer = rest_answer(call, shape, out, a);
    const struct field *payload = rest_payload(shape);
    const void *in = out;

    if (payload && payload->type != FIELD_STRUCT)
        return answer.response;
    if (payload)
        in = *FIELD_CONST_PTR(const void *, out, payload);
    if (!in || (!payload && !rest_has_body(shape)))
        return answer.response;

    const struct shape *of_body = payload ? payload->shape : shape;
    const char *root = payload && payload->wire_name ? payload->wire_name : of_body->name;
    answer.response.body = document(call, str_of(root), of_body, in, a);
    if (!answer_has_header(&answer, S("Content-Type")))
        answer_header(&answer, S("Content-Type"), S("application/xml"));
    return answer.response;
}

struct http_response restxml_error(const struct wire_call *call, struct str code,
                                   struct str message, int status, struct arena *a)
{
    struct answer answer = answer_begin(a, call, status);
    struct buf b = buf_in(a);

    buf_lit(&b, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml_open(&b, S("Error"));
    xml_element(&b, S("Code"), code);
    xml_element(&b, S("Message"), message);
    xml_element(&b, S("RequestId"), call->request_id);
    xml_close(&b, S("Error"));
    answer_header(&answer, S("Content-Type"), S("application/xml"));
    answer.response.body = buf_str(&b);
    return answer.response;
}
