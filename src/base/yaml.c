/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"

#include <stdlib.h>
#include <yaml.h>

#include "base/json.h"

struct reader {
    struct arena *arena;
    yaml_parser_t parser;
    struct str why;
};

static int refuse(struct reader *r, yaml_mark_t at, const char *why)
{
    r->why = arena_fmt(r->arena, "line %zu: %s", at.line + 1, why);
    return YAML_MALFORMED;
}

static int next_event(struct reader *r, yaml_event_t *event)
{
    if (yaml_parser_parse(&r->parser, event))
        return 0;
    return refuse(r, r->parser.problem_mark, r->parser.problem ? r->parser.problem : "unreadable");
}

/* Only what prints back as it was written: a leading zero, a sign or an
 * underscore carry meaning (account ids!) and stay text. */
static struct value *plain_scalar(struct arena *a, struct str s)
{
    int64_t i;

    if (str_is_empty(s) || str_eq(s, S("~")) || str_eq(s, S("null")) || str_eq(s, S("Null")) ||
        str_eq(s, S("NULL")))
        return value_null(a);
    if (str_eq(s, S("true")) || str_eq(s, S("True")) || str_eq(s, S("TRUE")))
        return value_bool(a, true);
    if (str_eq(s, S("false")) || str_eq(s, S("False")) || str_eq(s, S("FALSE")))
        return value_bool(a, false);
    if (str_to_int(s, &i) && str_eq(arena_fmt(a, "%lld", (long long)i), s))
        return value_int(a, i);
    if (s.len < 40 && str_find(s, '.') > 0) {
        char *end;
        double d = strtod(arena_cstr(a, s), &end);
        if (*end == '\0' && str_eq(arena_fmt(a, "%.15g", d), s))
            return value_double(a, d);
    }
    return value_string(a, s);
}

static struct value *scalar(struct reader *r, const yaml_event_t *event)
{
    struct str s = { (const char *)event->data.scalar.value, event->data.scalar.length };

    s = arena_dup(r->arena, s);
    if (event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return value_string(r->arena, s);
    if (event->data.scalar.tag) /* `!Sub 5` is text to Sub */
        return value_string(r->arena, s);
    return plain_scalar(r->arena, s);
}

/* A local tag is CloudFormation's short form of an intrinsic function. The
 * YAML core tags (!!str ...) keep the scalar as text; others change nothing. */
static struct value *apply_tag(struct arena *a, const char *tag, struct value *v)
{
    if (!tag || tag[0] != '!' || tag[1] == '\0')
        return v;

    struct str name = arena_dup(a, str_of(tag + 1));
    bool bare = str_eq(name, S("Ref")) || str_eq(name, S("Condition"));
    struct value *call = value_map(a);

    if (str_eq(name, S("GetAtt")) && value_is(v, VALUE_STRING)) {
        struct str id, attribute;
        struct value *pair = value_list(a);
        str_cut(v->string, '.', &id, &attribute);
        value_append(a, pair, value_string(a, id));
        value_append(a, pair, value_string(a, attribute));
        v = pair;
    }
    value_set(a, call, bare ? name : arena_fmt(a, "Fn::%.*s", STR(name)), v);
    return call;
}

static int node(struct reader *r, yaml_event_t *event, int depth, struct value **ret);

static int sequence(struct reader *r, int depth, struct value **ret)
{
    struct value *list = value_list(r->arena);

    for (;;) {
        yaml_event_t event;
        struct value *item;

        PASS(next_event(r, &event));
        if (event.type == YAML_SEQUENCE_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        PASS(node(r, &event, depth, &item));
        value_append(r->arena, list, item);
    }
    *ret = list;
    return 0;
}

static int mapping(struct reader *r, int depth, struct value **ret)
{
    struct value *map = value_map(r->arena);

    for (;;) {
        yaml_event_t event;
        struct value *key, *v;

        PASS(next_event(r, &event));
        if (event.type == YAML_MAPPING_END_EVENT) {
            yaml_event_delete(&event);
            break;
        }
        yaml_mark_t at = event.start_mark;
        if (event.type != YAML_SCALAR_EVENT) {
            yaml_event_delete(&event);
            return refuse(r, at, "a key must be a scalar");
        }
        key = value_string(r->arena,
                           arena_dup(r->arena, (struct str){ (char *)event.data.scalar.value,
                                                             event.data.scalar.length }));
        yaml_event_delete(&event);
        if (value_get(map, key->string))
            return refuse(r, at, arena_fmt(r->arena, "duplicate key \"%.*s\"", STR(key->string)).p);

        PASS(next_event(r, &event));
        PASS(node(r, &event, depth, &v));
        value_set(r->arena, map, key->string, v);
    }
    *ret = map;
    return 0;
}

/* Consumes and frees *event. */
static int node(struct reader *r, yaml_event_t *event, int depth, struct value **ret)
{
    yaml_mark_t at = event->start_mark;
    yaml_event_type_t type = event->type;
    const char *tag = NULL;
    int result = 0;

    if (type == YAML_SCALAR_EVENT) {
        tag = arena_cstr(r->arena, str_of((char *)event->data.scalar.tag));
        *ret = scalar(r, event);
    } else if (type == YAML_SEQUENCE_START_EVENT) {
        tag = arena_cstr(r->arena, str_of((char *)event->data.sequence_start.tag));
    } else if (type == YAML_MAPPING_START_EVENT) {
        tag = arena_cstr(r->arena, str_of((char *)event->data.mapping_start.tag));
    }
    yaml_event_delete(event);

    if (depth >= YAML_MAX_DEPTH)
        return refuse(r, at, "nested too deeply");
    if (type == YAML_SEQUENCE_START_EVENT)
        result = sequence(r, depth + 1, ret);
    else if (type == YAML_MAPPING_START_EVENT)
        result = mapping(r, depth + 1, ret);
    else if (type == YAML_ALIAS_EVENT)
        return refuse(r, at, "aliases are not supported");
    else if (type != YAML_SCALAR_EVENT)
        return refuse(r, at, "a value is missing");
    PASS(result);

    *ret = apply_tag(r->arena, tag, *ret);
    return 0;
}

static int expect(struct reader *r, yaml_event_type_t type, const char *otherwise)
{
    yaml_event_t event;

    PASS(next_event(r, &event));
    yaml_mark_t at = event.start_mark;
    yaml_event_type_t found = event.type;
    yaml_event_delete(&event);
    return found == type ? 0 : refuse(r, at, otherwise);
}

static int document(struct reader *r, struct value **ret)
{
    yaml_event_t event;

    PASS(expect(r, YAML_STREAM_START_EVENT, "no stream"));
    PASS(expect(r, YAML_DOCUMENT_START_EVENT, "the document is empty"));
    PASS(next_event(r, &event));
    PASS(node(r, &event, 0, ret));
    PASS(expect(r, YAML_DOCUMENT_END_EVENT, "the document does not end"));
    return expect(r, YAML_STREAM_END_EVENT, "only one document is allowed");
}

int yaml_parse(struct arena *a, struct str text, struct value **ret, struct str *ret_why)
{
    struct reader r = { .arena = a };

    if (!str_is_utf8(text)) {
        if (ret_why)
            *ret_why = S("the text is not UTF-8");
        return YAML_MALFORMED;
    }
    if (!yaml_parser_initialize(&r.parser))
        return FAULT(ENOMEM);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.p, text.len);
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);

    struct value *v = NULL;
    int result = document(&r, &v);
    yaml_parser_delete(&r.parser);

    if (result == 0)
        *ret = v;
    else if (result > 0 && ret_why)
        *ret_why = r.why;
    return result;
}

int yaml_or_json_parse(struct arena *a, struct str text, struct value **ret, struct str *ret_why)
{
    if (str_starts(str_trim(text), S("{")))
        return json_parse(a, text, ret, ret_why) == 0 ? 0 : YAML_MALFORMED;
    return yaml_parse(a, text, ret, ret_why);
}
