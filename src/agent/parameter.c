/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/parameter.h"

#include "base/buf.h"
#include "base/json.h"
#include "engine/regex.h"

/* Finds the next `{{ name }}` from `offset`; false at the end. */
static bool next_reference(struct str text, size_t offset, size_t *ret_start, size_t *ret_end,
                           struct str *ret_name)
{
    for (size_t i = offset; i + 1 < text.len; i++) {
        if (text.p[i] != '{' || text.p[i + 1] != '{')
            continue;
        size_t end = i + 2;
        while (end + 1 < text.len && (text.p[end] != '}' || text.p[end + 1] != '}') &&
               text.p[end] != '{')
            end++;
        if (end + 1 >= text.len || text.p[end] != '}')
            continue;
        *ret_start = i;
        *ret_end = end + 2;
        *ret_name = str_trim(str_slice(text, i + 2, end - i - 2));
        return true;
    }
    return false;
}

static bool is_remote(struct str name)
{
    return str_starts(name, S("ssm:")) || str_starts(name, S("ssm-secure:"));
}

bool parameter_is_used(struct str text, const struct value *values)
{
    size_t start, end = 0;
    struct str name;

    while (next_reference(text, end, &start, &end, &name))
        if (value_get(values, name))
            return true;
    return false;
}

bool parameter_has_remote(const struct value *v)
{
    size_t start, end = 0;
    struct str name;

    if (value_is(v, VALUE_STRING)) {
        while (next_reference(v->string, end, &start, &end, &name))
            if (is_remote(name))
                return true;
    } else if (value_is(v, VALUE_LIST)) {
        for (size_t i = 0; i < v->list.count; i++)
            if (parameter_has_remote(v->list.items[i]))
                return true;
    } else if (value_is(v, VALUE_MAP)) {
        for (size_t i = 0; i < v->map.count; i++)
            if (parameter_has_remote(v->map.members[i].value))
                return true;
    }
    return false;
}

static struct str as_text(struct arena *a, const struct value *v)
{
    struct str text = value_text(a, v);
    return str_is_set(text) ? text : json_format(a, v);
}

static struct value *fill_string(struct arena *a, const struct value *v, const struct value *values)
{
    struct str text = v->string, name;
    size_t start, end, from = 0;

    if (!next_reference(text, 0, &start, &end, &name))
        return value_string(a, text);

    /* Nothing but one reference: the value keeps its type. */
    const struct value *whole = value_get(values, name);
    if (whole && str_is_empty(str_trim(str_slice(text, 0, start))) &&
        str_is_empty(str_trim(str_from(text, end))))
        return value_copy(a, whole);

    struct buf b = buf_in(a);
    do {
        const struct value *known = value_get(values, name);
        buf_add(&b, str_slice(text, from, start - from));
        buf_add(&b, known ? as_text(a, known) : str_slice(text, start, end - start));
        from = end;
    } while (next_reference(text, end, &start, &end, &name));
    buf_add(&b, str_from(text, from));
    return value_string(a, buf_str(&b));
}

struct value *parameter_fill(struct arena *a, const struct value *v, const struct value *values)
{
    if (value_is(v, VALUE_STRING))
        return fill_string(a, v, values);

    struct value *filled;
    if (value_is(v, VALUE_LIST)) {
        filled = value_list(a);
        for (size_t i = 0; i < v->list.count; i++)
            value_append(a, filled, parameter_fill(a, v->list.items[i], values));
        return filled;
    }
    if (value_is(v, VALUE_MAP)) {
        filled = value_map(a);
        for (size_t i = 0; i < v->map.count; i++)
            value_set(a, filled, v->map.members[i].key,
                      parameter_fill(a, v->map.members[i].value, values));
        return filled;
    }
    return v ? value_copy(a, v) : value_null(a);
}

/* The API carries every parameter as a list of strings, so a String may come as a list of one,
 * and a StringList as one string. */
static struct value *as_declared(struct arena *a, struct str type, const struct value *given)
{
    bool wants_list = str_eq(type, S("StringList"));

    if (wants_list && !value_is(given, VALUE_LIST)) {
        struct value *list = value_list(a);
        value_append(a, list, value_copy(a, given));
        return list;
    }
    if (!wants_list && value_is(given, VALUE_LIST) && given->list.count == 1 &&
        !str_eq(type, S("MapList")))
        return value_copy(a, given->list.items[0]);
    return value_copy(a, given);
}

static bool type_fits(struct str type, const struct value *v)
{
    if (str_eq(type, S("String")))
        return value_is(v, VALUE_STRING);
    if (str_eq(type, S("StringList"))) {
        for (size_t i = 0; i < value_count(v); i++)
            if (!value_is(value_at(v, i), VALUE_STRING))
                return false;
        return value_is(v, VALUE_LIST);
    }
    if (str_eq(type, S("Boolean")))
        return value_is(v, VALUE_BOOL) || value_is(v, VALUE_STRING);
    if (str_eq(type, S("Integer")))
        return value_is(v, VALUE_INT) || value_is(v, VALUE_STRING);
    if (str_eq(type, S("StringMap")))
        return value_is(v, VALUE_MAP) || value_is(v, VALUE_STRING);
    if (str_eq(type, S("MapList")))
        return value_is(v, VALUE_LIST);
    return false;
}

static int refuse(struct arena *a, struct str *ret_why, struct str name, const char *what)
{
    *ret_why = arena_fmt(a, "Parameter \"%.*s\" %s", STR(name), what);
    return PARAMETER_REFUSED;
}

static int check_pattern(struct arena *a, struct str name, struct str pattern, struct str text,
                         struct str *ret_why)
{
    struct str why;
    struct str anywhere = arena_fmt(a, "[\\s\\S]*(?:%.*s)[\\s\\S]*", STR(pattern));
    const struct regex *re = regex_compile(a, anywhere, &why);

    if (!re)
        return refuse(a, ret_why, name,
                      arena_fmt(a, "has an allowedPattern that cannot be used: %.*s", STR(why)).p);
    if (!regex_matches(a, re, text))
        return refuse(a, ret_why, name,
                      arena_fmt(a, "does not match the allowedPattern %.*s", STR(pattern)).p);
    return 0;
}

static int check_text(struct arena *a, struct str name, const struct value *declaration,
                      struct str text, struct str *ret_why)
{
    const struct value *allowed = value_get(declaration, S("allowedValues"));
    struct str pattern = value_get_str(declaration, S("allowedPattern"));

    bool is_allowed = value_count(allowed) == 0;
    for (size_t i = 0; i < value_count(allowed) && !is_allowed; i++)
        is_allowed = str_eq(value_text(a, value_at(allowed, i)), text);
    if (!is_allowed)
        return refuse(a, ret_why, name, "is not one of the allowedValues");
    if (!str_is_empty(pattern))
        PASS(check_pattern(a, name, pattern, text, ret_why));
    return 0;
}

static int check(struct arena *a, struct str name, const struct value *declaration,
                 const struct value *v, struct str *ret_why)
{
    struct str type = value_get_str(declaration, S("type"));

    if (!type_fits(type, v))
        return refuse(a, ret_why, name, arena_fmt(a, "is not a %.*s", STR(type)).p);
    if (value_is(v, VALUE_LIST)) {
        for (size_t i = 0; i < v->list.count; i++)
            if (value_is(v->list.items[i], VALUE_STRING))
                PASS(check_text(a, name, declaration, v->list.items[i]->string, ret_why));
        return 0;
    }
    struct str text = value_text(a, v);
    if (str_is_set(text))
        PASS(check_text(a, name, declaration, text, ret_why));
    return 0;
}

int parameter_values(struct arena *a, const struct value *declared, const struct value *given,
                     struct value **ret, struct str *ret_why)
{
    struct value *values = value_map(a);

    for (size_t i = 0; i < value_count(declared) && value_is(declared, VALUE_MAP); i++) {
        struct str name = declared->map.members[i].key;
        const struct value *declaration = declared->map.members[i].value;
        const struct value *v = value_get(given, name);
        const struct value *fallback = value_get(declaration, S("default"));
        struct str type = value_get_str(declaration, S("type"));

        if (v && !value_is(v, VALUE_NULL)) {
            struct value *typed = as_declared(a, type, v);
            PASS(check(a, name, declaration, typed, ret_why));
            value_set(a, values, name, typed);
        } else if (fallback) {
            value_set(a, values, name, as_declared(a, type, fallback));
        } else {
            return refuse(a, ret_why, name, "has no value");
        }
    }
    *ret = values;
    return 0;
}
