/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/document/doc_parameter.h"

#include "engine/regex.h"

static const char *const members[] = {
    "type",     "description", "default",  "allowedValues", "allowedPattern",
    "minChars", "maxChars",    "minItems", "maxItems",      "displayType",
};

static int refuse(struct arena *a, struct str *ret_why, struct str name, const char *what)
{
    *ret_why = arena_fmt(a, "Parameter \"%.*s\" %s.", STR(str_slice(name, 0, 100)), what);
    return COMMAND_DOC_INVALID;
}

static bool is_known(struct str member)
{
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        if (str_eq(member, str_of(members[i])))
            return true;
    return false;
}

static bool is_strings(const struct value *v)
{
    if (!value_is(v, VALUE_LIST))
        return false;
    for (size_t i = 0; i < v->list.count; i++)
        if (!value_is(v->list.items[i], VALUE_STRING))
            return false;
    return true;
}

/* --- one text ------------------------------------------------------------- */

static bool is_allowed(const struct doc_parameter *p, struct str text)
{
    if (!p->allowed)
        return true;
    for (size_t i = 0; i < p->allowed->list.count; i++)
        if (str_eq(value_str(p->allowed->list.items[i]), text))
            return true;
    return false;
}

static int check_text(struct arena *a, const struct doc_parameter *p, struct str text,
                      struct str *ret_why)
{
    int64_t length = (int64_t)str_utf8_len(text);

    if (str_contains(text, S("{{ssm")) || str_contains(text, S("{{ ssm")))
        return refuse(a, ret_why, p->name, "refers to the Parameter Store, which is not supported");
    if (!is_allowed(p, text))
        return refuse(a, ret_why, p->name, "has a value that is not one of its allowedValues");
    if (p->pattern && !regex_matches(a, p->pattern, text))
        return refuse(a, ret_why, p->name, "has a value that does not match its allowedPattern");
    if ((p->min_chars >= 0 && length < p->min_chars) ||
        (p->max_chars >= 0 && length > p->max_chars))
        return refuse(a, ret_why, p->name, "has a value that is too short or too long");
    return 0;
}

static int check_count(struct arena *a, const struct doc_parameter *p, size_t count,
                       struct str *ret_why)
{
    if ((p->min_items >= 0 && count < (uint64_t)p->min_items) ||
        (p->max_items >= 0 && count > (uint64_t)p->max_items))
        return refuse(a, ret_why, p->name, "has too few or too many values");
    return 0;
}

/* --- what a document declares --------------------------------------------- */

static int read_pattern(struct arena *a, struct doc_parameter *p, const struct value *v,
                        struct str *ret_why)
{
    struct str why;
    const struct value *pattern = value_get(v, S("allowedPattern"));

    if (!pattern)
        return 0;
    p->pattern_text = value_str(pattern);
    if (!str_is_set(p->pattern_text))
        return refuse(a, ret_why, p->name, "has an allowedPattern that is no string");
    p->pattern = regex_compile(a, p->pattern_text, &why);
    if (!p->pattern) {
        *ret_why = arena_fmt(a, "The allowedPattern of \"%.*s\" cannot be used: %.*s", STR(p->name),
                             STR(why));
        return COMMAND_DOC_INVALID;
    }
    return 0;
}

static int read_fallback(struct arena *a, struct doc_parameter *p, const struct value *v,
                         struct str *ret_why)
{
    p->fallback = v;
    if (!v)
        return 0;
    if (p->is_list ? !is_strings(v) : !value_is(v, VALUE_STRING))
        return refuse(a, ret_why, p->name, "has a default of another type");
    if (!p->is_list)
        return check_text(a, p, v->string, ret_why);
    for (size_t i = 0; i < v->list.count; i++)
        PASS(check_text(a, p, v->list.items[i]->string, ret_why));
    return 0;
}

static int read_parameter(struct arena *a, const struct value_member *m, struct doc_parameter *p,
                          struct str *ret_why)
{
    const struct value *v = m->value;
    struct str type = value_get_str(v, S("type"));

    *p = (struct doc_parameter){
        .name = m->key,
        .description = value_get_str(v, S("description")),
        .is_list = str_eq(type, S("StringList")),
        .allowed = value_get(v, S("allowedValues")),
        .min_chars = value_get_int(v, S("minChars"), -1),
        .max_chars = value_get_int(v, S("maxChars"), -1),
        .min_items = value_get_int(v, S("minItems"), -1),
        .max_items = value_get_int(v, S("maxItems"), -1),
    };
    if (m->key.len == 0 || m->key.len > 128 || !str_is_word(m->key, "_-."))
        return refuse(a, ret_why, m->key, "has no proper name");
    if (!p->is_list && !str_eq(type, S("String")))
        return refuse(a, ret_why, m->key, "must be of type String or StringList");
    for (size_t i = 0; i < value_count(v); i++)
        if (!is_known(v->map.members[i].key))
            return refuse(a, ret_why, m->key, "has an unknown member");
    if (p->allowed && !is_strings(p->allowed))
        return refuse(a, ret_why, m->key, "has allowedValues that are no list of strings");
    PASS(read_pattern(a, p, v, ret_why));
    return read_fallback(a, p, value_get(v, S("default")), ret_why);
}

int doc_parameters_read(struct arena *a, const struct value *map, struct command_doc *doc,
                        struct str *ret_why)
{
    size_t count = value_count(map);

    if (!value_is(map, VALUE_MAP) || count > COMMAND_DOC_MAX_PARAMETERS) {
        *ret_why =
            arena_fmt(a, "parameters must be a map of at most %d.", COMMAND_DOC_MAX_PARAMETERS);
        return COMMAND_DOC_INVALID;
    }
    doc->parameters = arena_array(a, struct doc_parameter, count);
    doc->n_parameters = count;
    for (size_t i = 0; i < count; i++)
        PASS(read_parameter(a, &map->map.members[i], &doc->parameters[i], ret_why));
    return 0;
}

/* --- what a run gives ----------------------------------------------------- */

static const struct doc_parameter *find(const struct command_doc *doc, struct str name)
{
    for (size_t i = 0; i < doc->n_parameters; i++)
        if (str_eq(doc->parameters[i].name, name))
            return &doc->parameters[i];
    return NULL;
}

static int check_given(struct arena *a, const struct doc_parameter *p, const struct value *list,
                       struct str *ret_why)
{
    if (!is_strings(list))
        return refuse(a, ret_why, p->name, "must be a list of strings");
    if (!p->is_list && list->list.count != 1)
        return refuse(a, ret_why, p->name, "takes exactly one value");
    if (p->is_list)
        PASS(check_count(a, p, list->list.count, ret_why));
    for (size_t i = 0; i < list->list.count; i++)
        PASS(check_text(a, p, list->list.items[i]->string, ret_why));
    return 0;
}

int command_doc_arguments(struct arena *a, const struct command_doc *doc, const struct value *given,
                          struct value **ret, struct str *ret_why)
{
    struct value *arguments = value_map(a);

    for (size_t i = 0; i < value_count(given); i++) {
        const struct value_member *m = &given->map.members[i];
        const struct doc_parameter *p = find(doc, m->key);
        if (!p)
            return refuse(a, ret_why, m->key, "is not defined in the document");
        PASS(check_given(a, p, m->value, ret_why));
        value_set(a, arguments, m->key, p->is_list ? m->value : value_at(m->value, 0));
    }
    for (size_t i = 0; i < doc->n_parameters; i++)
        if (!doc->parameters[i].fallback && !value_get(given, doc->parameters[i].name))
            return refuse(a, ret_why, doc->parameters[i].name, "is required");
    *ret = arguments;
    return 0;
}
