/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/properties.h"

#include "base/json.h"

static int wrong(struct arena *a, const struct property *p, const char *what, struct str *ret_why)
{
    *ret_why = arena_fmt(a, "Value of property %s must be %s", p->name, what);
    return PROPERTY_WRONG;
}

static int take_text(struct arena *a, const struct property *p, const struct value *v,
                     struct value **ret, struct str *ret_why)
{
    struct str text = value_text(a, v);

    if (!str_is_set(text))
        return wrong(a, p, "of type String", ret_why);
    *ret = value_string(a, text);
    return 0;
}

static int take_integer(struct arena *a, const struct property *p, const struct value *v,
                        struct value **ret, struct str *ret_why)
{
    int64_t number;

    if (!str_to_int(value_text(a, v), &number))
        return wrong(a, p, "of type Integer", ret_why);
    *ret = value_int(a, number);
    return 0;
}

static int take_boolean(struct arena *a, const struct property *p, const struct value *v,
                        struct value **ret, struct str *ret_why)
{
    struct str text = value_text(a, v);

    if (!str_ieq(text, S("true")) && !str_ieq(text, S("false")))
        return wrong(a, p, "of type Boolean", ret_why);
    *ret = value_bool(a, str_ieq(text, S("true")));
    return 0;
}

static int take_texts(struct arena *a, const struct property *p, const struct value *v,
                      struct value **ret, struct str *ret_why)
{
    struct value *item;

    *ret = value_list(a);
    if (!value_is(v, VALUE_LIST)) {
        PASS(take_text(a, p, v, &item, ret_why));
        value_append(a, *ret, item);
        return 0;
    }
    for (size_t i = 0; i < value_count(v); i++) {
        PASS(take_text(a, p, value_at(v, i), &item, ret_why));
        value_append(a, *ret, item);
    }
    return 0;
}

static int take_text_map(struct arena *a, const struct property *p, const struct value *v,
                         struct value **ret, struct str *ret_why)
{
    struct value *item;

    if (!value_is(v, VALUE_MAP))
        return wrong(a, p, "an object", ret_why);
    *ret = value_map(a);
    for (size_t i = 0; i < value_count(v); i++) {
        PASS(take_text(a, p, v->map.members[i].value, &item, ret_why));
        value_set(a, *ret, v->map.members[i].key, item);
    }
    return 0;
}

static int take_json(struct arena *a, const struct property *p, const struct value *v,
                     struct value **ret, struct str *ret_why)
{
    if (value_is(v, VALUE_MAP))
        *ret = value_string(a, json_format(a, v));
    else
        return take_text(a, p, v, ret, ret_why);
    return 0;
}

static int take_list(struct arena *a, const struct property *p, const struct value *v,
                     struct value **ret, struct str *ret_why)
{
    struct value *item;

    if (!value_is(v, VALUE_LIST))
        return wrong(a, p, "of type List", ret_why);
    *ret = value_list(a);
    for (size_t i = 0; i < value_count(v); i++) {
        PASS(properties_convert(a, p->inner, value_at(v, i), &item, ret_why));
        value_append(a, *ret, item);
    }
    return 0;
}

static int take(struct arena *a, const struct property *p, const struct value *v,
                struct value **ret, struct str *ret_why)
{
    switch (p->kind) {
    case PROPERTY_TEXT:
        return take_text(a, p, v, ret, ret_why);
    case PROPERTY_INTEGER:
        return take_integer(a, p, v, ret, ret_why);
    case PROPERTY_BOOLEAN:
        return take_boolean(a, p, v, ret, ret_why);
    case PROPERTY_TEXTS:
        return take_texts(a, p, v, ret, ret_why);
    case PROPERTY_TEXT_MAP:
        return take_text_map(a, p, v, ret, ret_why);
    case PROPERTY_JSON:
        return take_json(a, p, v, ret, ret_why);
    case PROPERTY_STRUCT:
        return properties_convert(a, p->inner, v, ret, ret_why);
    case PROPERTY_LIST:
        return take_list(a, p, v, ret, ret_why);
    }
    return FAULT(EINVAL);
}

static const struct property *find(const struct property *table, struct str name)
{
    for (const struct property *p = table; p->name; p++)
        if (str_eq(name, str_of(p->name)))
            return p;
    return NULL;
}

int properties_convert(struct arena *a, const struct property *table, const struct value *in,
                       struct value **ret, struct str *ret_why)
{
    if (!value_is(in, VALUE_MAP)) {
        *ret_why = S("Properties validation failed: an object was expected");
        return PROPERTY_WRONG;
    }
    *ret = value_map(a);
    for (size_t i = 0; i < value_count(in); i++) {
        const struct value_member *m = &in->map.members[i];
        const struct property *p = find(table, m->key);
        struct value *v;
        if (!p) {
            *ret_why = arena_fmt(a, "Encountered unsupported property %.*s", STR(m->key));
            return PROPERTY_WRONG;
        }
        if (value_is(m->value, VALUE_NULL))
            continue;
        PASS(take(a, p, m->value, &v, ret_why));
        value_set(a, *ret, m->key, v);
    }
    for (const struct property *p = table; p->name; p++) {
        if (p->is_required && !value_get(*ret, str_of(p->name))) {
            *ret_why = arena_fmt(a, "Property %s cannot be empty.", p->name);
            return PROPERTY_WRONG;
        }
    }
    return 0;
}

const struct property tag_properties[] = {
    { "Key", PROPERTY_TEXT, true, NULL },
    { "Value", PROPERTY_TEXT, true, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};
