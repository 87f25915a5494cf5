/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"

#include <json-c/json.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "base/buf.h"

static void put_object(struct json_object **object)
{
    json_object_put(*object);
}

static void free_tokener(struct json_tokener **tokener)
{
    json_tokener_free(*tokener);
}

static struct value *convert(struct arena *a, struct json_object *o);

static struct value *convert_list(struct arena *a, struct json_object *o)
{
    struct value *list = value_list(a);
    size_t count = json_object_array_length(o);

    list->list.items = arena_array(a, struct value *, count + 1);
    list->list.capacity = count + 1;
    for (size_t i = 0; i < count; i++)
        list->list.items[list->list.count++] = convert(a, json_object_array_get_idx(o, i));
    return list;
}

static struct value *convert_map(struct arena *a, struct json_object *o)
{
    struct value *map = value_map(a);
    size_t count = (size_t)json_object_object_length(o);

    map->map.members = arena_array(a, struct value_member, count + 1);
    map->map.capacity = count + 1;
    /* json-c has kept the last of equal keys, so no search for doubles here. */
    struct json_object_iterator it = json_object_iter_begin(o);
    struct json_object_iterator end = json_object_iter_end(o);
    for (; !json_object_iter_equal(&it, &end); json_object_iter_next(&it))
        map->map.members[map->map.count++] =
            (struct value_member){ arena_dup(a, str_of(json_object_iter_peek_name(&it))),
                                   convert(a, json_object_iter_peek_value(&it)) };
    return map;
}

static struct value *convert_int(struct arena *a, struct json_object *o)
{
    /* json-c clamps at INT64_MAX but remembers larger numbers as unsigned. */
    uint64_t u = json_object_get_uint64(o);
    if (u > INT64_MAX)
        return value_double(a, (double)u);
    return value_int(a, json_object_get_int64(o));
}

static struct value *convert(struct arena *a, struct json_object *o)
{
    switch (json_object_get_type(o)) {
    case json_type_null:
        break;
    case json_type_boolean:
        return value_bool(a, json_object_get_boolean(o));
    case json_type_double:
        return value_double(a, json_object_get_double(o));
    case json_type_int:
        return convert_int(a, o);
    case json_type_string: {
        struct str s = { json_object_get_string(o), (size_t)json_object_get_string_len(o) };
        return value_string(a, arena_dup(a, s));
    }
    case json_type_array:
        return convert_list(a, o);
    case json_type_object:
        return convert_map(a, o);
    }
    return value_null(a);
}

static int malformed(struct arena *a, struct str *ret_why, const char *why)
{
    if (ret_why)
        *ret_why = arena_dup(a, str_of(why));
    return JSON_MALFORMED;
}

int json_parse(struct arena *a, struct str text, struct value **ret, struct str *ret_why)
{
    if (text.len >= INT_MAX || !str_is_utf8(text))
        return malformed(a, ret_why, "the text is not UTF-8");
    if (str_is_empty(str_trim(text)))
        return malformed(a, ret_why, "the text is empty");

    CLEANUP(free_tokener) struct json_tokener *tokener = json_tokener_new_ex(JSON_MAX_DEPTH);
    if (!tokener)
        return FAULT(ENOMEM);
    json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);

    /* The NUL after the text is passed too: it ends a bare number. */
    text = arena_dup(a, str_trim(text));
    CLEANUP(put_object)
    struct json_object *o = json_tokener_parse_ex(tokener, text.p, (int)text.len + 1);
    enum json_tokener_error error = json_tokener_get_error(tokener);
    if (error != json_tokener_success)
        return malformed(a, ret_why, json_tokener_error_desc(error));
    if (json_tokener_get_parse_end(tokener) < text.len)
        return malformed(a, ret_why, "something follows the value");

    *ret = convert(a, o);
    return 0;
}

/* From where on a character may need escaping. The usual arithmetic on eight bytes at once, which
 * may stop early but never late: high bits of those below 0x20, then of quotes and backslashes. */
static size_t plain_run(struct str s, size_t from)
{
    const uint64_t ones = 0x0101010101010101ULL;
    uint64_t word;

    for (; from + sizeof(word) <= s.len; from += sizeof(word)) {
        memcpy(&word, s.p + from, sizeof(word));
        uint64_t quote = word ^ ones * '"', backslash = word ^ ones * '\\';
        uint64_t found = ((word - ones * 0x20) & ~word) | ((quote - ones) & ~quote) |
                         ((backslash - ones) & ~backslash);
        if (found & ones * 0x80)
            break;
    }
    return from;
}

void json_write_string(struct buf *b, struct str s)
{
    static const char hex[] = "0123456789abcdef";
    size_t from = 0;

    buf_byte(b, '"');
    for (size_t i = plain_run(s, 0); i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x20 && c != '"' && c != '\\')
            continue;
        buf_add(b, str_slice(s, from, i - from));
        from = i + 1;
        if (c == '"' || c == '\\') {
            buf_byte(b, '\\');
            buf_byte(b, (char)c);
        } else if (c == '\n') {
            buf_lit(b, "\\n");
        } else if (c == '\t') {
            buf_lit(b, "\\t");
        } else if (c == '\r') {
            buf_lit(b, "\\r");
        } else {
            char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
            buf_add(b, (struct str){ escape, sizeof(escape) });
        }
    }
    buf_add(b, str_from(s, from));
    buf_byte(b, '"');
}

static void write_int(struct buf *b, int64_t i)
{
    char digits[24], *at = digits + sizeof(digits);
    uint64_t rest = i < 0 ? -(uint64_t)i : (uint64_t)i;

    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest);
    if (i < 0)
        *--at = '-';
    buf_add(b, (struct str){ at, (size_t)(digits + sizeof(digits) - at) });
}

/* Epoch seconds, which most numbers with a fraction are: thousandths that are few enough for
 * their digits to be the shortest form. False: it is another number. */
static bool write_thousandths(struct buf *b, double d)
{
    if (!(fabs(d) < 1e12))
        return false;
    int64_t n = (int64_t)(d * 1000 + (d < 0 ? -0.5 : 0.5));
    if (fabs((double)n / 1000 - d) > 0 || n % 1000 == 0)
        return false;
    if (n < 0)
        buf_byte(b, '-');
    uint64_t size = n < 0 ? -(uint64_t)n : (uint64_t)n;
    write_int(b, (int64_t)(size / 1000));
    char fraction[] = { '.', (char)('0' + size / 100 % 10), (char)('0' + size / 10 % 10),
                        (char)('0' + size % 10) };
    size_t len = sizeof(fraction);
    while (fraction[len - 1] == '0')
        len--;
    buf_add(b, (struct str){ fraction, len });
    return true;
}

static void write_double(struct buf *b, double d)
{
    if (!isfinite(d)) {
        buf_lit(b, "null"); /* JSON has no word for it */
        return;
    }
    if (fpclassify(d) == FP_ZERO) {
        buf_byte(b, '0'); /* "-0" would be read as an integer, which has no sign then */
        return;
    }
    if (write_thousandths(b, d))
        return;
    /* The shortest form that reads back the same, as epoch seconds need. */
    for (int precision = 15; precision <= 17; precision++) {
        struct str text = arena_fmt(b->arena, "%.*g", precision, d);
        double back = 0;
        sscanf(text.p, "%lf", &back);
        if (precision == 17 || !(fabs(back - d) > 0)) {
            buf_add(b, text);
            return;
        }
    }
}

static void newline(struct buf *b, int indent)
{
    if (indent >= 0)
        buf_fmt(b, "\n%*s", indent * 2, "");
}

/* indent < 0: compact */
static void write_value(struct buf *b, const struct value *v, int indent)
{
    int inner = indent < 0 ? indent : indent + 1;

    switch (v ? v->type : VALUE_NULL) {
    case VALUE_NULL:
        buf_lit(b, "null");
        break;
    case VALUE_BOOL:
        buf_add(b, v->boolean ? S("true") : S("false"));
        break;
    case VALUE_INT:
        write_int(b, v->integer);
        break;
    case VALUE_DOUBLE:
        write_double(b, v->number);
        break;
    case VALUE_STRING:
        json_write_string(b, v->string);
        break;
    case VALUE_LIST:
        buf_byte(b, '[');
        for (size_t i = 0; i < v->list.count; i++) {
            if (i)
                buf_byte(b, ',');
            newline(b, inner);
            write_value(b, v->list.items[i], inner);
        }
        if (v->list.count)
            newline(b, indent);
        buf_byte(b, ']');
        break;
    case VALUE_MAP:
        buf_byte(b, '{');
        for (size_t i = 0; i < v->map.count; i++) {
            if (i)
                buf_byte(b, ',');
            newline(b, inner);
            json_write_string(b, v->map.members[i].key);
            buf_add(b, indent < 0 ? S(":") : S(": "));
            write_value(b, v->map.members[i].value, inner);
        }
        if (v->map.count)
            newline(b, indent);
        buf_byte(b, '}');
        break;
    }
}

struct str json_format(struct arena *a, const struct value *v)
{
    struct buf b = buf_in(a);
    write_value(&b, v, -1);
    return buf_str(&b);
}

struct str json_format_pretty(struct arena *a, const struct value *v)
{
    struct buf b = buf_in(a);
    write_value(&b, v, 0);
    return buf_str(&b);
}
