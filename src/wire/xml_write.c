/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/shape_private.h"
#include "wire/xml.h"

void xml_open(struct buf *b, struct str name)
{
    buf_byte(b, '<');
    buf_add(b, name);
    buf_byte(b, '>');
}

void xml_open_in(struct buf *b, struct str name, struct str xml_namespace)
{
    if (!str_is_set(xml_namespace)) {
        xml_open(b, name);
        return;
    }
    buf_byte(b, '<');
    buf_add(b, name);
    buf_lit(b, " xmlns=\"");
    xml_text(b, xml_namespace);
    buf_lit(b, "\">");
}

void xml_close(struct buf *b, struct str name)
{
    buf_lit(b, "</");
    buf_add(b, name);
    buf_byte(b, '>');
}

static struct str escape(unsigned char c)
{
    switch (c) {
    case '&':
        return S("&amp;");
    case '<':
        return S("&lt;");
    case '>':
        return S("&gt;");
    case '"':
        return S("&quot;");
    case '\r':
        return S("&#13;"); /* a bare one would be read as a line feed */
    case '\t':
    case '\n':
        return (struct str){ 0 };
    default:
        /* XML 1.0 has no form for these: the replacement character. */
        return c < 0x20 ? S("\xef\xbf\xbd") : (struct str){ 0 };
    }
}

void xml_text(struct buf *b, struct str text)
{
    size_t from = 0;

    for (size_t i = 0; i < text.len; i++) {
        struct str escaped = escape((unsigned char)text.p[i]);
        if (!str_is_set(escaped))
            continue;
        buf_add(b, str_slice(text, from, i - from));
        buf_add(b, escaped);
        from = i + 1;
    }
    buf_add(b, str_from(text, from));
}

void xml_element(struct buf *b, struct str name, struct str text)
{
    xml_open(b, name);
    xml_text(b, text);
    xml_close(b, name);
}

static struct str item_name(const struct field *f)
{
    if (f->flags & FLATTENED)
        return field_key(f);
    return f->item_name ? str_of(f->item_name) : S("member");
}

static void write_inner(struct buf *b, struct str name, const struct shape *shape, const void *in)
{
    xml_open(b, name);
    xml_write_struct(b, shape, in);
    xml_close(b, name);
}

static void write_list(struct buf *b, const struct field *f, const struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        write_inner(b, item_name(f), f->shape, (char *)list->items + i * f->shape->size);
}

static void write_strings(struct buf *b, const struct field *f, const struct strs *list)
{
    for (size_t i = 0; i < list->count; i++)
        xml_element(b, item_name(f), list->items[i]);
}

static void open_entry(struct buf *b, struct str key)
{
    xml_open(b, S("entry"));
    xml_element(b, S("key"), key);
}

static void write_text_map(struct buf *b, const struct text_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        open_entry(b, map->items[i].key);
        xml_element(b, S("value"), map->items[i].value);
        xml_close(b, S("entry"));
    }
}

static void write_map(struct buf *b, const struct field *f, const struct shape_map *map)
{
    for (size_t i = 0; i < map->count; i++) {
        open_entry(b, map->keys[i]);
        write_inner(b, S("value"), f->shape, (char *)map->items + i * f->shape->size);
        xml_close(b, S("entry"));
    }
}

static void write_strs_map(struct buf *b, const struct value *map)
{
    for (size_t i = 0; i < value_count(map); i++) {
        const struct value_member *m = &map->map.members[i];
        open_entry(b, m->key);
        xml_open(b, S("value"));
        for (size_t k = 0; k < value_count(m->value); k++)
            xml_element(b, S("member"), value_str(value_at(m->value, k)));
        xml_close(b, S("value"));
        xml_close(b, S("entry"));
    }
}

static bool is_there(const struct field *f, const void *p)
{
    return p || (f->flags & REQUIRED);
}

static const void *aggregate(const struct field *f, const void *in)
{
    switch (f->type) {
    case FIELD_STRUCT:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        return *FIELD_CONST_PTR(const void *, in, f);
    case FIELD_LIST:
        return is_there(f, FIELD_CONST_PTR(struct list, in, f)->items) ? in : NULL;
    case FIELD_STRINGS:
        return is_there(f, FIELD_CONST_PTR(struct strs, in, f)->items) ? in : NULL;
    case FIELD_TEXT_MAP:
        return is_there(f, FIELD_CONST_PTR(struct text_map, in, f)->items) ? in : NULL;
    case FIELD_MAP:
        return is_there(f, FIELD_CONST_PTR(struct shape_map, in, f)->items) ? in : NULL;
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
        break;
    }
    return NULL;
}

static void write_aggregate(struct buf *b, const struct field *f, const void *in)
{
    switch (f->type) {
    case FIELD_STRUCT:
        xml_write_struct(b, f->shape, *FIELD_CONST_PTR(const void *, in, f));
        break;
    case FIELD_LIST:
        write_list(b, f, FIELD_CONST_PTR(struct list, in, f));
        break;
    case FIELD_STRINGS:
        write_strings(b, f, FIELD_CONST_PTR(struct strs, in, f));
        break;
    case FIELD_TEXT_MAP:
        write_text_map(b, FIELD_CONST_PTR(struct text_map, in, f));
        break;
    case FIELD_MAP:
        write_map(b, f, FIELD_CONST_PTR(struct shape_map, in, f));
        break;
    case FIELD_STRS_MAP:
        write_strs_map(b, *FIELD_CONST_PTR(struct value *, in, f));
        break;
    case FIELD_DOCUMENT: /* has no form in XML; tables of these protocols have none */
    case FIELD_STRING:
    case FIELD_BLOB:
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
    case FIELD_DOUBLE:
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
        break;
    }
}

static void write_field(struct buf *b, const struct field *f, const void *in)
{
    struct str key = field_key(f);
    struct str text = field_to_text(b->arena, f, in, TIME_FORM_ISO);

    if (str_is_set(text)) {
        if (key.len == 0)
            xml_text(b, text);
        else
            xml_element(b, key, text);
        return;
    }
    if (!aggregate(f, in))
        return;
    bool bare = (f->flags & FLATTENED) && f->type != FIELD_STRUCT;
    if (!bare)
        xml_open(b, key);
    write_aggregate(b, f, in);
    if (!bare)
        xml_close(b, key);
}

void xml_write_struct(struct buf *b, const struct shape *shape, const void *in)
{
    for (size_t i = 0; i < shape->count; i++)
        if (shape->fields[i].place == PLACE_BODY)
            write_field(b, &shape->fields[i], in);
}
