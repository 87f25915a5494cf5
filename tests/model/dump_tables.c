/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every service's operation tables as JSON, for test_tables.py and for the list
 * of operations in the documentation.
 */
#include <stdio.h>

#include "api/service.h"
#include "base/json.h"
#include "daemon/wiring.h"

#define MAX_DEPTH 12 /* of nested shapes; recursive ones are cut there */

/* clang-format off */
static const char *const type_names[] = {
    [FIELD_STRING]    = "STRING",
    [FIELD_INTEGER]   = "INTEGER",
    [FIELD_DOUBLE]    = "DOUBLE",
    [FIELD_BOOLEAN]   = "BOOLEAN",
    [FIELD_TRISTATE]  = "TRISTATE",
    [FIELD_TIMESTAMP] = "TIMESTAMP",
    [FIELD_BLOB]      = "BLOB",
    [FIELD_STRUCT]    = "STRUCT",
    [FIELD_LIST]      = "LIST",
    [FIELD_STRINGS]   = "STRINGS",
    [FIELD_TEXT_MAP]  = "TEXT_MAP",
    [FIELD_MAP]       = "MAP",
    [FIELD_STRS_MAP]  = "STRS_MAP",
    [FIELD_DOCUMENT]  = "DOCUMENT",
};
static const char *const place_names[] = {
    [PLACE_BODY]    = "BODY",
    [PLACE_PATH]    = "PATH",
    [PLACE_QUERY]   = "QUERY",
    [PLACE_HEADER]  = "HEADER",
    [PLACE_HEADERS] = "HEADERS",
    [PLACE_PAYLOAD] = "PAYLOAD",
    [PLACE_STATUS]  = "STATUS",
};
static const char *const protocol_names[] = {
    [PROTOCOL_JSON_1_0]  = "json 1.0",
    [PROTOCOL_JSON_1_1]  = "json 1.1",
    [PROTOCOL_QUERY]     = "query",
    [PROTOCOL_REST_JSON] = "rest-json",
    [PROTOCOL_REST_XML]  = "rest-xml",
};
/* clang-format on */

static void set_text(struct arena *a, struct value *map, const char *key, const char *text)
{
    if (text)
        value_set_str(a, map, str_of(key), str_of(text));
}

static void set_flag(struct arena *a, struct value *map, const char *key, bool set)
{
    value_set_bool(a, map, str_of(key), set);
}

static void set_values(struct arena *a, struct value *map, const char *const *values)
{
    struct value *list = value_list(a);

    for (; *values; values++)
        value_append(a, list, value_string(a, str_of(*values)));
    value_set(a, map, S("values"), list);
}

static struct value *shape_tree(struct arena *a, const struct shape *shape, int depth);

static struct value *field_tree(struct arena *a, const struct field *f, int depth)
{
    struct value *map = value_map(a);

    set_text(a, map, "name", f->name);
    set_text(a, map, "type", type_names[f->type]);
    set_text(a, map, "place", place_names[f->place]);
    set_text(a, map, "wire_name", f->wire_name);
    set_text(a, map, "item_name", f->item_name);
    set_text(a, map, "pattern", f->pattern);
    set_flag(a, map, "required", f->flags & REQUIRED);
    set_flag(a, map, "sensitive", f->flags & SENSITIVE);
    set_flag(a, map, "flattened", f->flags & FLATTENED);
    set_flag(a, map, "newer", f->flags & NEWER);
    set_flag(a, map, "iso_time", f->flags & ISO_TIME);
    value_set_int(a, map, S("min"), f->min);
    value_set_int(a, map, S("max"), f->max);
    value_set_int(a, map, S("item_min"), f->item_min);
    value_set_int(a, map, S("item_max"), f->item_max);
    if (f->values)
        set_values(a, map, f->values);
    if (f->shape && depth < MAX_DEPTH)
        value_set(a, map, S("shape"), shape_tree(a, f->shape, depth + 1));
    return map;
}

static struct value *shape_tree(struct arena *a, const struct shape *shape, int depth)
{
    struct value *map = value_map(a), *fields = value_list(a);

    for (size_t i = 0; i < shape->count; i++)
        value_append(a, fields, field_tree(a, &shape->fields[i], depth));
    set_text(a, map, "name", shape->name);
    value_set(a, map, S("fields"), fields);
    return map;
}

static struct value *errors_of(struct arena *a, const struct service *s, const struct operation *o)
{
    struct value *list = value_list(a);

    for (const int *code = o->raises; code && *code; code++) {
        const struct service_error *e = service_error(s, *code);
        if (e)
            value_append(a, list, value_string(a, str_of(e->name)));
    }
    return list;
}

static struct value *operation_tree(struct arena *a, const struct service *s,
                                    const struct operation *o)
{
    struct value *map = value_map(a);

    set_text(a, map, "name", o->name);
    set_text(a, map, "method", o->method);
    set_text(a, map, "path", o->path);
    value_set_int(a, map, S("status"), o->status ? o->status : 200);
    set_flag(a, map, "newer", o->flags & OP_NEWER);
    set_flag(a, map, "ours", o->flags & OP_OURS);
    set_flag(a, map, "internal", o->flags & OP_INTERNAL);
    set_flag(a, map, "refused", o->flags & OP_REFUSED);
    set_flag(a, map, "reads", o->flags & OP_READS);
    value_set(a, map, S("errors"), errors_of(a, s, o));
    value_set(a, map, S("input"), shape_tree(a, o->in, 0));
    value_set(a, map, S("output"), shape_tree(a, o->out, 0));
    return map;
}

static struct value *service_tree(struct arena *a, const struct service *s)
{
    struct value *map = value_map(a), *operations = value_list(a), *errors = value_map(a);

    for (const struct operation *const *noun = s->nouns; *noun; noun++)
        for (const struct operation *o = *noun; o->name; o++)
            value_append(a, operations, operation_tree(a, s, o));
    for (size_t i = 0; i < s->n_errors; i++)
        if (s->errors[i].name)
            value_set_int(a, errors, str_of(s->errors[i].name), s->errors[i].status);
    set_text(a, map, "name", s->name);
    set_text(a, map, "protocol", protocol_names[s->protocol]);
    set_text(a, map, "target_prefix", s->target_prefix);
    set_text(a, map, "version", s->version);
    set_text(a, map, "xml_namespace", s->xml_namespace);
    value_set(a, map, S("errors"), errors);
    value_set(a, map, S("operations"), operations);
    return map;
}

int main(void)
{
    struct arena a = { 0 };
    struct value *list = value_list(&a);

    for (const struct service *const *s = wiring_services; *s; s++)
        value_append(&a, list, service_tree(&a, *s));
    puts(json_format(&a, list).p);
    arena_done(&a);
    return 0;
}
