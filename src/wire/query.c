/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>

#include "base/hex.h"
#include "wire/protocol_private.h"
#include "wire/xml.h"

/*
 * Reading goes in two steps. First the parameters become a tree by the dots of
 * their names, without any knowledge of shapes: Tags.member.1.Key=a is
 * { Tags: { member: { 1: { Key: a } } } }. Then the shape turns that into the
 * tree of JSON, which shape_read() validates.
 */

static int refuse(struct str *ret_why, struct str why)
{
    *ret_why = why;
    return SHAPE_MALFORMED;
}

/* A parameter with dots wins over one of the same name without: "Tags=" is how
 * an empty list is written. */
static int add_parameter(struct arena *a, struct value *root, struct str name, struct str text,
                         struct str *ret_why)
{
    struct value *at = root;
    struct str rest = name, piece;

    for (int depth = 1; str_next(&rest, '.', &piece); depth++) {
        if (depth > QUERY_MAX_DEPTH)
            return refuse(ret_why, S("A parameter's name is nested too deeply."));
        struct value *next = value_get(at, piece);
        bool is_last = !str_is_set(rest);
        if (is_last && value_is(next, VALUE_MAP))
            return 0;
        if (is_last) {
            value_set(a, at, piece, value_string(a, text));
            return 0;
        }
        if (!value_is(next, VALUE_MAP)) {
            next = value_map(a);
            value_set(a, at, piece, next);
        }
        at = next;
    }
    return 0;
}

static int add_parameters(struct arena *a, struct str form, struct value *root, size_t *n,
                          struct str *ret_why)
{
    struct str raw_name, raw_value, name, text;

    while (http_query_next(&form, &raw_name, &raw_value)) {
        if (++*n > QUERY_MAX_PARAMETERS)
            return refuse(ret_why, S("The request has too many parameters."));
        if (!percent_decode(a, raw_name, true, &name) ||
            !percent_decode(a, raw_value, true, &text) || !str_is_utf8(name) || !str_is_utf8(text))
            return refuse(ret_why, S("A parameter is not well encoded."));
        PASS(add_parameter(a, root, name, text, ret_why));
    }
    return 0;
}

/* An item and the number in its name. */
struct numbered {
    int64_t number;
    const struct value *value;
};

static int by_number(const void *a, const void *b)
{
    int64_t x = ((const struct numbered *)a)->number, y = ((const struct numbered *)b)->number;
    return (x > y) - (x < y);
}

/* The items of { 1: ..., 2: ... } in the order of their numbers, gaps closed. */
static int numbered_items(struct arena *a, const struct value *node, struct numbered **ret,
                          size_t *ret_count, struct str *ret_why)
{
    size_t count = value_count(node);
    struct numbered *items = arena_array(a, struct numbered, count + 1);

    for (size_t i = 0; i < count; i++) {
        items[i].value = node->map.members[i].value;
        if (!str_is_digits(node->map.members[i].key) ||
            !str_to_int(node->map.members[i].key, &items[i].number))
            return refuse(ret_why, S("The items of a list must be numbered."));
    }
    qsort(items, count, sizeof(*items), by_number);
    *ret = items;
    *ret_count = count;
    return 0;
}

static int convert_struct(struct arena *a, const struct shape *shape, const struct value *node,
                          struct value **ret, struct str *ret_why);

static int convert_text(const struct value *node, struct value **ret, struct str *ret_why)
{
    if (!value_is(node, VALUE_STRING))
        return refuse(ret_why, S("Unexpected list or structure"));
    *ret = (struct value *)(uintptr_t)node;
    return 0;
}

static int convert_list(struct arena *a, const struct field *f, const struct value *node,
                        struct value **ret, struct str *ret_why)
{
    struct numbered *items;
    size_t count;

    *ret = value_list(a);
    if (value_is(node, VALUE_STRING)) /* "Tags=" */
        return value_str(node).len ? refuse(ret_why, S("Unexpected text for a list")) : 0;
    if (!(f->flags & FLATTENED))
        node = value_get(node, f->item_name ? str_of(f->item_name) : S("member"));
    PASS(numbered_items(a, node, &items, &count, ret_why));
    for (size_t i = 0; i < count; i++) {
        struct value *item;
        if (f->type == FIELD_STRINGS)
            PASS(convert_text(items[i].value, &item, ret_why));
        else
            PASS(convert_struct(a, f->shape, items[i].value, &item, ret_why));
        value_append(a, *ret, item);
    }
    return 0;
}

/* Lists inside a map of lists have "member" as their items' name. */
static const struct field plain_strings = { .name = "value", .type = FIELD_STRINGS };

static int convert_map_value(struct arena *a, const struct field *f, const struct value *node,
                             struct value **ret, struct str *ret_why)
{
    if (f->type == FIELD_MAP)
        return convert_struct(a, f->shape, node, ret, ret_why);
    if (f->type == FIELD_STRS_MAP)
        return convert_list(a, &plain_strings, node, ret, ret_why);
    return convert_text(node, ret, ret_why);
}

static int convert_map(struct arena *a, const struct field *f, const struct value *node,
                       struct value **ret, struct str *ret_why)
{
    struct numbered *entries;
    size_t count;

    *ret = value_map(a);
    if (value_is(node, VALUE_STRING))
        return value_str(node).len ? refuse(ret_why, S("Unexpected text for a map")) : 0;
    if (!(f->flags & FLATTENED))
        node = value_get(node, S("entry"));
    PASS(numbered_items(a, node, &entries, &count, ret_why));
    for (size_t i = 0; i < count; i++) {
        struct str key = value_get_str(entries[i].value, S("key"));
        const struct value *inner = value_get(entries[i].value, S("value"));
        struct value *v;
        if (!str_is_set(key) || !inner)
            return refuse(ret_why, S("An entry of a map must have a key and a value."));
        PASS(convert_map_value(a, f, inner, &v, ret_why));
        value_set(a, *ret, key, v);
    }
    return 0;
}

static int convert_field(struct arena *a, const struct field *f, const struct value *node,
                         struct value **ret, struct str *ret_why)
{
    switch (f->type) {
    case FIELD_STRUCT:
        return convert_struct(a, f->shape, node, ret, ret_why);
    case FIELD_LIST:
    case FIELD_STRINGS:
        return convert_list(a, f, node, ret, ret_why);
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
        return convert_map(a, f, node, ret, ret_why);
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
    case FIELD_DOCUMENT:
        break;
    }
    if (!value_is(node, VALUE_STRING))
        return refuse(ret_why, arena_fmt(a, "Unexpected list or structure for %s", f->name));
    return text_to_value(a, f, value_str(node), ret, ret_why);
}

/* For shape_read() to refuse. */
static void pass_on_unknown(struct arena *a, const struct shape *shape, const struct value *node,
                            struct value *tree)
{
    for (size_t i = 0; i < value_count(node); i++) {
        const struct value_member *m = &node->map.members[i];
        bool known = false;
        for (size_t k = 0; k < shape->count && !known; k++)
            known = str_eq(m->key, field_key(&shape->fields[k]));
        if (!known)
            tree_add(a, tree, m->key, m->value);
    }
}

static int convert_struct(struct arena *a, const struct shape *shape, const struct value *node,
                          struct value **ret, struct str *ret_why)
{
    *ret = value_map(a);
    if (value_is(node, VALUE_STRING))
        return value_str(node).len ? refuse(ret_why, S("Unexpected text for a structure")) : 0;
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        const struct value *inner = value_get(node, field_key(f));
        struct value *v;
        if (!inner)
            continue;
        PASS(convert_field(a, f, inner, &v, ret_why));
        tree_add(a, *ret, field_key(f), v);
    }
    pass_on_unknown(a, shape, node, *ret);
    return 0;
}

/* What every Query request has, and what signatures add to a query string. */
static void drop_common(struct value *root)
{
    size_t kept = 0;

    for (size_t i = 0; i < root->map.count; i++) {
        struct str key = root->map.members[i].key;
        if (!str_eq(key, S("Action")) && !str_eq(key, S("Version")) &&
            !str_starts(key, S("X-Amz-")))
            root->map.members[kept++] = root->map.members[i];
    }
    root->map.count = kept;
}

static int check_version(const struct wire_call *call, const struct value *root, struct arena *a,
                         struct str *ret_why)
{
    struct str version = value_get_str(root, S("Version"));

    if (!str_is_set(version) || !call->version || str_eq(version, str_of(call->version)))
        return 0;
    *ret_why = arena_fmt(a, "Could not find operation %.*s for version %.*s", STR(call->operation),
                         STR(str_slice(version, 0, 64)));
    return SHAPE_UNSUPPORTED;
}

int query_read(const struct wire_call *call, const struct http_request *r,
               const struct shape *shape, struct arena *a, void *out, struct str *ret_why)
{
    struct value *root = value_map(a), *in;
    size_t n = 0;

    PASS(add_parameters(a, r->query, root, &n, ret_why));
    PASS(add_parameters(a, r->body, root, &n, ret_why));
    PASS(check_version(call, root, a, ret_why));
    drop_common(root);
    PASS(convert_struct(a, shape, root, &in, ret_why));
    return shape_read(shape, in, a, out, ret_why);
}

struct str query_action(const struct http_request *r, struct arena *a)
{
    struct str action = http_query_get(a, r->body, S("Action"));
    return str_is_set(action) ? action : http_query_get(a, r->query, S("Action"));
}

struct http_response query_write(const struct wire_call *call, const struct shape *shape,
                                 const void *out, struct arena *a)
{
    struct answer answer = answer_begin(a, call, call->success_status ? call->success_status : 200);
    struct buf b = buf_in(a);
    struct str outer = arena_fmt(a, "%.*sResponse", STR(call->operation));
    struct str inner = arena_fmt(a, "%.*sResult", STR(call->operation));

    xml_open_in(&b, outer, call->xml_namespace);
    xml_open(&b, inner);
    xml_write_struct(&b, shape, out);
    xml_close(&b, inner);
    xml_open(&b, S("ResponseMetadata"));
    xml_element(&b, S("RequestId"), call->request_id);
    xml_close(&b, S("ResponseMetadata"));
    xml_close(&b, outer);
    answer_header(&answer, S("Content-Type"), S("text/xml"));
    answer.response.body = buf_str(&b);
    return answer.response;
}

struct http_response query_error(const struct wire_call *call, struct str code, struct str message,
                                 int status, struct arena *a)
{
    struct answer answer = answer_begin(a, call, status);
    struct buf b = buf_in(a);

    xml_open_in(&b, S("ErrorResponse"), call->xml_namespace);
    xml_open(&b, S("Error"));
    xml_element(&b, S("Type"), status < 500 ? S("Sender") : S("Receiver"));
    xml_element(&b, S("Code"), code);
    xml_element(&b, S("Message"), message);
    xml_close(&b, S("Error"));
    xml_element(&b, S("RequestId"), call->request_id);
    xml_close(&b, S("ErrorResponse"));
    answer_header(&answer, S("Content-Type"), S("text/xml"));
    answer.response.body = buf_str(&b);
    return answer.response;
}
