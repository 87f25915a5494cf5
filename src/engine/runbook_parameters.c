/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "engine/regex.h"
#include "engine/runbook.h"

#define SHOWN_MAX 100 /* of a value in a sentence */

static const struct str type_names[RUNBOOK_TYPES] = {
    [RUNBOOK_STRING] = S_INIT("String"),        [RUNBOOK_STRING_LIST] = S_INIT("StringList"),
    [RUNBOOK_INTEGER] = S_INIT("Integer"),      [RUNBOOK_BOOLEAN] = S_INIT("Boolean"),
    [RUNBOOK_STRING_MAP] = S_INIT("StringMap"), [RUNBOOK_MAP_LIST] = S_INIT("MapList"),
};

struct str runbook_type_name(enum runbook_type type)
{
    return type_names[type];
}

/* ---- rules ---- */

static bool is_list_of(const struct value *v, enum value_type type)
{
    if (!value_is(v, VALUE_LIST))
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (!value_is(v->list.items[i], type))
            return false;
    return true;
}

static bool has_type(const struct value *v, enum runbook_type type)
{
    switch (type) {
    case RUNBOOK_STRING:
        return value_is(v, VALUE_STRING);
    case RUNBOOK_STRING_LIST:
        return is_list_of(v, VALUE_STRING);
    case RUNBOOK_INTEGER:
        return value_is(v, VALUE_INT);
    case RUNBOOK_BOOLEAN:
        return value_is(v, VALUE_BOOL);
    case RUNBOOK_STRING_MAP:
        return value_is(v, VALUE_MAP);
    case RUNBOOK_MAP_LIST:
        return is_list_of(v, VALUE_MAP);
    case RUNBOOK_TYPES:
        break;
    }
    return false;
}

static struct str shown(struct arena *a, const struct value *v)
{
    struct str text = value_text(a, v);

    if (!str_is_set(text))
        text = json_format(a, v);
    return str_slice(text, 0, SHOWN_MAX);
}

static int violates(struct arena *a, const struct runbook_parameter *p, const struct value *v,
                    struct str rule, struct str *ret_why)
{
    *ret_why = arena_fmt(a, "Parameter \"%.*s\" has value \"%.*s\" %.*s.", STR(p->name),
                         STR(shown(a, v)), STR(rule));
    return RUNBOOK_INVALID;
}

static bool is_allowed(const struct runbook_parameter *p, const struct value *v)
{
    for (size_t i = 0; i < value_count(p->allowed); i++)
        if (value_equal(value_at(p->allowed, i), v))
            return true;
    return p->allowed == NULL;
}

static struct str allowed_list(struct arena *a, const struct runbook_parameter *p)
{
    size_t count = value_count(p->allowed);
    struct strs texts = { arena_array(a, struct str, count), count };

    for (size_t i = 0; i < count; i++)
        texts.items[i] = shown(a, value_at(p->allowed, i));
    return arena_join(a, texts, S(", "));
}

/* One string, integer, boolean or map: of a list, each item. */
static int check_item(struct arena *a, const struct runbook_parameter *p, const struct value *v,
                      struct str *ret_why)
{
    struct str text = value_text(a, v);
    int64_t n_chars = (int64_t)str_utf8_len(text);

    if (!is_allowed(p, v))
        return violates(a, p, v, arena_fmt(a, "not found in [%.*s]", STR(allowed_list(a, p))),
                        ret_why);
    if (!str_is_set(text))
        return 0;
    if (p->min_chars >= 0 && n_chars < p->min_chars)
        return violates(a, p, v,
                        arena_fmt(a, "shorter than %lld characters", (long long)p->min_chars),
                        ret_why);
    if (p->max_chars >= 0 && n_chars > p->max_chars)
        return violates(
            a, p, v, arena_fmt(a, "longer than %lld characters", (long long)p->max_chars), ret_why);
    if (p->pattern && !regex_matches(a, p->pattern, text))
        return violates(
            a, p, v, arena_fmt(a, "not matching the pattern %.*s", STR(p->pattern_text)), ret_why);
    return 0;
}

static int check_count(struct arena *a, const struct runbook_parameter *p, size_t count,
                       struct str *ret_why)
{
    bool is_few = p->min_items >= 0 && (int64_t)count < p->min_items;

    if (!is_few && (p->max_items < 0 || (int64_t)count <= p->max_items))
        return 0;
    *ret_why =
        arena_fmt(a, "Parameter \"%.*s\" has %zu items, %s than %lld.", STR(p->name), count,
                  is_few ? "fewer" : "more", (long long)(is_few ? p->min_items : p->max_items));
    return RUNBOOK_INVALID;
}

int runbook_check_value(struct arena *a, const struct runbook_parameter *p, const struct value *v,
                        struct str *ret_why)
{
    if (!has_type(v, p->type))
        return violates(a, p, v, arena_fmt(a, "that is not of type %.*s", STR(type_names[p->type])),
                        ret_why);
    if (!value_is(v, VALUE_LIST)) {
        if (value_is(v, VALUE_MAP))
            PASS(check_count(a, p, v->map.count, ret_why));
        return check_item(a, p, v, ret_why);
    }
    PASS(check_count(a, p, v->list.count, ret_why));
    /* AWS's runbooks give allowedValues of a list as values of its items. */
    for (size_t i = 0; i < v->list.count; i++)
        PASS(check_item(a, p, v->list.items[i], ret_why));
    return 0;
}

/* ---- the request's lists of strings ---- */

static struct value *boolean_of(struct arena *a, struct str text)
{
    if (str_ieq(text, S("true")) || str_ieq(text, S("false")))
        return value_bool(a, str_ieq(text, S("true")));
    return NULL;
}

static struct value *integer_of(struct arena *a, struct str text)
{
    int64_t n;

    return str_to_int(text, &n) ? value_int(a, n) : NULL;
}

static struct value *document_of(struct arena *a, struct str text)
{
    struct value *v;

    return json_parse(a, text, &v, NULL) == 0 ? v : NULL;
}

/* A list of maps comes as one text with all of them, or as a text for each. */
static struct value *map_list_of(struct arena *a, const struct value *texts)
{
    struct value *list = value_list(a), *first = document_of(a, value_str(value_at(texts, 0)));

    if (value_count(texts) == 1 && value_is(first, VALUE_LIST))
        return first;
    for (size_t i = 0; i < value_count(texts); i++) {
        struct value *item = document_of(a, value_str(value_at(texts, i)));
        if (!value_is(item, VALUE_MAP))
            return NULL;
        value_append(a, list, item);
    }
    return list;
}

/* NULL if the texts do not make a value of that type. */
static const struct value *convert(struct arena *a, enum runbook_type type,
                                   const struct value *texts)
{
    bool is_list = type == RUNBOOK_STRING_LIST || type == RUNBOOK_MAP_LIST;
    struct str text = value_str(value_at(texts, 0));

    if (!is_list_of(texts, VALUE_STRING) || (!is_list && value_count(texts) != 1))
        return NULL;
    switch (type) {
    case RUNBOOK_STRING:
        return value_at(texts, 0);
    case RUNBOOK_STRING_LIST:
        return texts;
    case RUNBOOK_INTEGER:
        return integer_of(a, text);
    case RUNBOOK_BOOLEAN:
        return boolean_of(a, text);
    case RUNBOOK_STRING_MAP:
        return document_of(a, text);
    case RUNBOOK_MAP_LIST:
        return map_list_of(a, texts);
    case RUNBOOK_TYPES:
        break;
    }
    return NULL;
}

static int take_parameter(struct arena *a, const struct runbook_parameter *p,
                          const struct value *given, struct value *map, struct str *ret_why)
{
    const struct value *texts = value_get(given, p->name), *v = p->fallback;

    if (!texts && !v) {
        *ret_why = arena_fmt(a, "Missing required parameter: %.*s in user inputs.", STR(p->name));
        return RUNBOOK_INVALID;
    }
    if (texts) {
        v = convert(a, p->type, texts);
        if (!v)
            return violates(a, p, value_count(texts) == 1 ? value_at(texts, 0) : texts,
                            arena_fmt(a, "that is not of type %.*s", STR(type_names[p->type])),
                            ret_why);
        PASS(runbook_check_value(a, p, v, ret_why));
    }
    value_set(a, map, p->name, value_copy(a, v));
    return 0;
}

int runbook_parameters(struct arena *a, const struct runbook *book, const struct value *given,
                       struct value **ret, struct str *ret_why)
{
    struct value *map = value_map(a);

    for (size_t i = 0; value_is(given, VALUE_MAP) && i < given->map.count; i++) {
        struct str name = given->map.members[i].key;
        if (!runbook_find_parameter(book, name)) {
            *ret_why =
                arena_fmt(a, "Parameter \"%.*s\" is not defined in the document.", STR(name));
            return RUNBOOK_INVALID;
        }
    }
    for (uint32_t i = 0; i < book->n_parameters; i++)
        PASS(take_parameter(a, &book->parameters[i], given, map, ret_why));
    *ret = map;
    return 0;
}
