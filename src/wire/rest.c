/* SPDX-License-Identifier: Apache-2.0 */
/* What both REST protocols share: the places outside of the body. */
#include "base/hex.h"
#include "wire/protocol_private.h"

const struct field *rest_payload(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].place == PLACE_PAYLOAD)
            return &shape->fields[i];
    return NULL;
}

bool rest_has_body(const struct shape *shape)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].place == PLACE_BODY)
            return true;
    return false;
}

static struct str place_name(const struct field *f)
{
    return str_of(f->wire_name ? f->wire_name : f->name);
}

/* A request being read. */
struct rest {
    const struct wire_call *call;
    const struct http_request *request;
    struct value *body; /* NULL: none that is a tree */
    struct arena *arena;
    struct str why;
};

static int refuse(struct rest *r, const struct field *f, const char *what)
{
    r->why = arena_fmt(r->arena, "%s %s.", f->name, what);
    return SHAPE_MALFORMED;
}

static int convert(struct rest *r, const struct field *f, struct str text, struct value **ret)
{
    return text_to_value(r->arena, f, text, ret, &r->why);
}

static int from_path(struct rest *r, const struct field *f, struct value **ret)
{
    struct str raw = path_parameter(r->call->path_pattern, r->request->path, place_name(f)), text;

    if (!str_is_set(raw))
        return 0;
    if (!percent_decode(r->arena, raw, false, &text))
        return refuse(r, f, "is not well encoded");
    return convert(r, f, text, ret);
}

static int from_query_list(struct rest *r, const struct field *f, struct value **ret)
{
    struct str query = r->request->query, raw_name, raw_value, name, text;
    size_t n = 0;

    while (http_query_next(&query, &raw_name, &raw_value)) {
        if (++n > QUERY_MAX_PARAMETERS)
            return refuse(r, f, "comes with too many parameters");
        if (!percent_decode(r->arena, raw_name, true, &name) || !str_eq(name, place_name(f)))
            continue;
        if (!percent_decode(r->arena, raw_value, true, &text) || !str_is_utf8(text))
            return refuse(r, f, "is not well encoded");
        if (!*ret)
            *ret = value_list(r->arena);
        value_append(r->arena, *ret, value_string(r->arena, text));
    }
    return 0;
}

static int from_query(struct rest *r, const struct field *f, struct value **ret)
{
    if (f->type == FIELD_STRINGS)
        return from_query_list(r, f, ret);

    struct str text = http_query_get(r->arena, r->request->query, place_name(f));
    return str_is_set(text) ? convert(r, f, text, ret) : 0;
}

static int from_header(struct rest *r, const struct field *f, struct value **ret)
{
    struct str text = http_header_get(r->request, place_name(f));
    return str_is_set(text) ? convert(r, f, str_trim(text), ret) : 0;
}

static int from_headers(struct rest *r, const struct field *f, struct value **ret)
{
    struct str prefix = place_name(f);

    for (size_t i = 0; i < r->request->n_headers; i++) {
        const struct http_header *h = &r->request->headers[i];
        if (h->name.len <= prefix.len || !str_ieq(str_slice(h->name, 0, prefix.len), prefix))
            continue;
        if (!str_is_utf8(h->value))
            return refuse(r, f, "is not UTF-8 text");
        if (!*ret)
            *ret = value_map(r->arena);
        value_set_str(r->arena, *ret, str_from(h->name, prefix.len), str_trim(h->value));
    }
    return 0;
}

static int from_payload(struct rest *r, const struct field *f, struct value **ret)
{
    switch (f->type) {
    case FIELD_BLOB: /* shape_read_payload() gets the bytes themselves */
        return 0;
    case FIELD_STRING:
        return r->request->body.len ? convert(r, f, r->request->body, ret) : 0;
    case FIELD_INTEGER:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
    case FIELD_TIMESTAMP:
    case FIELD_STRUCT:
    case FIELD_LIST:
    case FIELD_STRINGS:
    case FIELD_TEXT_MAP:
    case FIELD_MAP:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        break;
    }
    *ret = r->body;
    return 0;
}

static int read_place(struct rest *r, const struct field *f, struct value **ret)
{
    switch (f->place) {
    case PLACE_BODY:
        *ret = value_get(r->body, field_key(f));
        return 0;
    case PLACE_PATH:
        return from_path(r, f, ret);
    case PLACE_QUERY:
        return from_query(r, f, ret);
    case PLACE_HEADER:
        return from_header(r, f, ret);
    case PLACE_HEADERS:
        return from_headers(r, f, ret);
    case PLACE_PAYLOAD:
        return from_payload(r, f, ret);
    case PLACE_STATUS:
        break;
    }
    return 0;
}

static const struct field *field_by_key(const struct shape *shape, struct str key)
{
    for (size_t i = 0; i < shape->count; i++)
        if (str_eq(key, field_key(&shape->fields[i])))
            return &shape->fields[i];
    return NULL;
}

static int unsupported(struct rest *r, struct str name)
{
    r->why =
        arena_fmt(r->arena, "The parameter %.*s is not supported.", STR(str_slice(name, 0, 128)));
    return SHAPE_UNSUPPORTED;
}

/* Body members that no field takes go along, for shape_read() to refuse. One
 * that has the name of a member with another place is refused here: it must
 * not stand in for what the path said. */
static int pass_on_unknown(struct rest *r, const struct shape *shape, struct value *in)
{
    if (rest_payload(shape))
        return 0; /* the body is that field's */
    for (size_t i = 0; value_is(r->body, VALUE_MAP) && i < r->body->map.count; i++) {
        const struct value_member *m = &r->body->map.members[i];
        const struct field *f = field_by_key(shape, m->key);
        if (f && f->place != PLACE_BODY)
            return unsupported(r, m->key);
        if (!f)
            tree_add(r->arena, in, m->key, m->value);
    }
    return 0;
}

static bool is_in_pattern(const char *pattern, struct str name)
{
    const char *mark = strchr(pattern, '?');
    struct str wanted = str_of(mark ? mark + 1 : NULL), each, value;

    while (http_query_next(&wanted, &each, &value))
        if (str_eq(each, name))
            return true;
    return false;
}

static bool takes_parameter(const struct rest *r, const struct shape *shape, struct str name)
{
    /* "x-id=PutObject" is how SDKs name the operation once more. */
    if (str_eq(name, S("x-id")) || str_ieq(str_slice(name, 0, 6), S("x-amz-")) ||
        is_in_pattern(r->call->path_pattern, name))
        return true;
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].place == PLACE_QUERY && str_eq(place_name(&shape->fields[i]), name))
            return true;
    return false;
}

/* "?versioning" must not be answered as if it were not there. */
static int refuse_unknown_parameters(struct rest *r, const struct shape *shape)
{
    struct str query = r->request->query, raw_name, raw_value, name;

    for (size_t n = 0; http_query_next(&query, &raw_name, &raw_value); n++) {
        if (n >= QUERY_MAX_PARAMETERS || !percent_decode(r->arena, raw_name, true, &name)) {
            r->why = S("The query string is not well encoded, or too long.");
            return SHAPE_MALFORMED;
        }
        if (!takes_parameter(r, shape, name))
            return unsupported(r, name);
    }
    return 0;
}

int rest_check_query(const struct wire_call *call, const struct http_request *request,
                     const struct shape *shape, struct arena *a, struct str *ret_why)
{
    struct rest r = { .call = call, .request = request, .arena = a };

    int result = refuse_unknown_parameters(&r, shape);
    if (result > 0)
        *ret_why = r.why;
    PASS(result);
    return 0;
}

static int read_places(struct rest *r, const struct shape *shape, struct value *in)
{
    PASS(refuse_unknown_parameters(r, shape));
    for (size_t i = 0; i < shape->count; i++) {
        struct value *v = NULL;
        PASS(read_place(r, &shape->fields[i], &v));
        if (v)
            tree_add(r->arena, in, field_key(&shape->fields[i]), v);
    }
    return pass_on_unknown(r, shape, in);
}

int rest_read(const struct wire_call *call, const struct http_request *request,
              const struct shape *shape, struct value *body, struct arena *a, void *out,
              struct str *ret_why)
{
    struct rest r = { .call = call, .request = request, .body = body, .arena = a };
    struct value *in = value_map(a);

    int result = read_places(&r, shape, in);
    if (result > 0)
        *ret_why = r.why;
    PASS(result);
    struct str payload = request->body.p ? request->body : S("");
    return shape_read_payload(shape, in, payload, a, out, ret_why);
}

static void write_headers(struct answer *answer, const struct field *f, const void *out)
{
    const struct text_map *map = FIELD_CONST_PTR(struct text_map, out, f);

    for (size_t i = 0; i < map->count; i++)
        answer_header(
            answer,
            arena_fmt(answer->arena, "%.*s%.*s", STR(place_name(f)), STR(map->items[i].key)),
            map->items[i].value);
}

static void write_place(struct answer *answer, const struct field *f, const void *out)
{
    struct str text;

    switch (f->place) {
    case PLACE_HEADER:
        text = field_to_text(answer->arena, f, out, TIME_FORM_HTTP);
        if (str_is_set(text))
            answer_header(answer, place_name(f), text);
        break;
    case PLACE_HEADERS:
        write_headers(answer, f, out);
        break;
    case PLACE_STATUS:
        if (*FIELD_CONST_PTR(int64_t, out, f) != UNSET)
            answer->response.status = (int)*FIELD_CONST_PTR(int64_t, out, f);
        break;
    case PLACE_PAYLOAD:
        if (f->type == FIELD_BLOB || f->type == FIELD_STRING)
            answer->response.body = *FIELD_CONST_PTR(struct str, out, f);
        break;
    case PLACE_BODY:
    case PLACE_PATH:
    case PLACE_QUERY:
        break;
    }
}

struct answer rest_answer(const struct wire_call *call, const struct shape *shape, const void *out,
                          struct arena *a)
{
    struct answer answer = answer_begin(a, call, call->success_status ? call->success_status : 200);

    for (size_t i = 0; i < shape->count; i++)
        write_place(&answer, &shape->fields[i], out);
    if (answer_has_header(&answer, S("Content-Range")))
        answer.response.status = 206; /* a part (RFC 9110, 14.4) */
    if (!answer.response.body.p)
        answer.response.body = S("");
    return answer;
}
