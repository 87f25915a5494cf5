/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters: their definitions, and whether what a client gives fits them.
 */
#include "engine/template_internal.h"

/* ---- definitions ---- */

struct definition {
    struct template_error *error;
    const struct value *v;
    struct template_parameter *p;
};

static bool read_type(struct definition *d)
{
    static const struct {
        const char *name;
        enum template_type type;
    } types[] = {
        { "String", TEMPLATE_STRING },
        { "Number", TEMPLATE_NUMBER },
        { "List<Number>", TEMPLATE_NUMBER_LIST },
        { "CommaDelimitedList", TEMPLATE_STRING_LIST },
    };

    d->p->type_name = value_get_str(d->v, S("Type"));
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (!str_eq(d->p->type_name, str_of(types[i].name)))
            continue;
        d->p->type = types[i].type;
        return true;
    }
    if (!value_get(d->v, S("Type")))
        return template_refuse(d->error, "Template format error: Every Parameters object must "
                                         "contain a Type member.");
    return template_refuse(d->error, "Template format error: Unrecognized parameter type: %.*s",
                           STR(d->p->type_name));
}

/* Fetches a scalar member as text; *ret stays absent if there is none. */
static bool read_text(struct definition *d, const char *name, struct str *ret)
{
    const struct value *v = value_get(d->v, str_of(name));

    if (!v)
        return true;
    *ret = value_text(d->error->arena, v);
    return str_is_set(*ret) ||
           template_refuse(d->error,
                           "Template format error: Every %s member of a Parameters object must be "
                           "a string.",
                           name);
}

static bool read_list(struct definition *d, const char *name, struct strs *ret)
{
    const struct value *v = value_get(d->v, str_of(name));

    if (!v)
        return true;
    if (!value_is(v, VALUE_LIST) || value_count(v) == 0)
        return template_refuse(d->error,
                               "Template format error: Parameter %.*s: %s must be a list "
                               "of values.",
                               STR(d->p->name), name);
    ret->items = arena_array(d->error->arena, struct str, value_count(v));
    for (size_t i = 0; i < value_count(v); i++) {
        struct str text = value_text(d->error->arena, value_at(v, i));
        if (!str_is_set(text))
            return template_refuse(d->error,
                                   "Template format error: Parameter %.*s: %s must be a "
                                   "list of values.",
                                   STR(d->p->name), name);
        ret->items[ret->count++] = text;
    }
    return true;
}

static bool not_for_type(struct definition *d, const char *name)
{
    return template_refuse(d->error,
                           "Template format error: Parameter %.*s: %s cannot be used with type "
                           "%.*s.",
                           STR(d->p->name), name, STR(d->p->type_name));
}

static bool read_length(struct definition *d, const char *name, int64_t *ret)
{
    struct str text = { 0 };

    if (!read_text(d, name, &text) || !str_is_set(text))
        return text.p == NULL && !str_is_set(d->error->why);
    if (d->p->type != TEMPLATE_STRING)
        return not_for_type(d, name);
    return (str_to_int(text, ret) && *ret >= 0) ||
           template_refuse(d->error, "Template format error: Parameter %.*s: %s must be a number.",
                           STR(d->p->name), name);
}

static bool read_bound(struct definition *d, const char *name, double *ret, bool *ret_has)
{
    struct str text = { 0 };

    if (!read_text(d, name, &text) || !str_is_set(text))
        return text.p == NULL && !str_is_set(d->error->why);
    if (d->p->type != TEMPLATE_NUMBER && d->p->type != TEMPLATE_NUMBER_LIST)
        return not_for_type(d, name);
    *ret_has = str_to_double(text, ret);
    return *ret_has ||
           template_refuse(d->error, "Template format error: Parameter %.*s: %s must be a number.",
                           STR(d->p->name), name);
}

static bool read_pattern(struct definition *d)
{
    struct str why;

    if (!read_text(d, "AllowedPattern", &d->p->pattern_text))
        return false;
    if (!str_is_set(d->p->pattern_text))
        return true;
    if (d->p->type == TEMPLATE_NUMBER || d->p->type == TEMPLATE_NUMBER_LIST)
        return not_for_type(d, "AllowedPattern");
    d->p->pattern = regex_compile(d->error->arena, d->p->pattern_text, &why);
    return d->p->pattern ||
           template_refuse(d->error,
                           "Template format error: Parameter %.*s: AllowedPattern is not valid: "
                           "%.*s.",
                           STR(d->p->name), STR(why));
}

static bool read_no_echo(struct definition *d)
{
    struct str text = { 0 };

    if (!read_text(d, "NoEcho", &text))
        return false;
    d->p->no_echo = str_ieq(text, S("true"));
    return !str_is_set(text) || d->p->no_echo || str_ieq(text, S("false")) ||
           template_refuse(d->error,
                           "Template format error: Parameter %.*s: NoEcho must be a "
                           "boolean.",
                           STR(d->p->name));
}

static bool known_members(struct definition *d)
{
    struct str names[] = {
        S_INIT("Type"),           S_INIT("Description"), S_INIT("ConstraintDescription"),
        S_INIT("Default"),        S_INIT("NoEcho"),      S_INIT("AllowedValues"),
        S_INIT("AllowedPattern"), S_INIT("MinLength"),   S_INIT("MaxLength"),
        S_INIT("MinValue"),       S_INIT("MaxValue"),
    };
    struct strs known = { names, ARRAY_LEN(names) };

    if (!value_is(d->v, VALUE_MAP))
        return template_refuse(d->error, "Template format error: Any Parameters member must be an "
                                         "object.");
    for (size_t i = 0; i < value_count(d->v); i++)
        if (!strs_have(known, d->v->map.members[i].key))
            return template_refuse(d->error, "Invalid template parameter property '%.*s'",
                                   STR(d->v->map.members[i].key));
    return true;
}

static bool read_parameter(struct definition *d)
{
    d->p->max_length = -1;
    return known_members(d) && read_type(d) && read_text(d, "Description", &d->p->description) &&
           read_text(d, "ConstraintDescription", &d->p->constraint) &&
           read_text(d, "Default", &d->p->otherwise) && read_no_echo(d) &&
           read_list(d, "AllowedValues", &d->p->allowed) && read_pattern(d) &&
           read_length(d, "MinLength", &d->p->min_length) &&
           read_length(d, "MaxLength", &d->p->max_length) &&
           read_bound(d, "MinValue", &d->p->min_value, &d->p->has_min) &&
           read_bound(d, "MaxValue", &d->p->max_value, &d->p->has_max);
}

bool template_read_parameters(struct template_error *e, const struct value *section,
                              struct template *t)
{
    size_t count = value_count(section);

    t->parameters = arena_array(e->arena, struct template_parameter, count);
    for (size_t i = 0; i < count; i++) {
        struct definition d = { e, section->map.members[i].value, &t->parameters[i] };
        d.p->name = section->map.members[i].key;
        if (d.p->name.len == 0 || d.p->name.len > TEMPLATE_MAX_NAME || !str_is_word(d.p->name, ""))
            return template_refuse(e,
                                   "Template format error: Parameter name %.*s is non "
                                   "alphanumeric.",
                                   STR(d.p->name));
        if (!read_parameter(&d))
            return false;
        t->n_parameters++;
    }
    return true;
}

/* ---- what a client gives ---- */

/* CloudFormation's words for a broken rule; a ConstraintDescription takes their place. */
static bool broken(struct template_error *e, const struct template_parameter *p, const char *rule)
{
    if (str_is_set(p->constraint))
        return template_refuse(e, "Parameter %.*s failed to satisfy constraint: %.*s", STR(p->name),
                               STR(p->constraint));
    return template_refuse(e, "Parameter %.*s failed to satisfy constraint: Parameter value %s",
                           STR(p->name), rule);
}

static bool check_number(struct template_error *e, const struct template_parameter *p,
                         struct str text)
{
    double number;

    if (!str_to_double(text, &number))
        return template_refuse(e, "Parameter '%.*s' must be a number", STR(p->name));
    if (p->has_min && number < p->min_value)
        return broken(e, p,
                      arena_fmt(e->arena, "must be a number not less than %g", p->min_value).p);
    if (p->has_max && number > p->max_value)
        return broken(e, p,
                      arena_fmt(e->arena, "must be a number not greater than %g", p->max_value).p);
    return true;
}

/* One value, or one item of a list. */
static bool check_item(struct template_error *e, const struct template_parameter *p,
                       struct str text)
{
    bool is_number = p->type == TEMPLATE_NUMBER || p->type == TEMPLATE_NUMBER_LIST;
    int64_t length = (int64_t)str_utf8_len(text);

    if (is_number && !check_number(e, p, text))
        return false;
    if (p->allowed.count > 0 && !strs_have(p->allowed, text))
        return broken(e, p, "must be one of AllowedValues");
    if (length < p->min_length)
        return broken(
            e, p,
            arena_fmt(e->arena, "must contain at least %lld characters", (long long)p->min_length)
                .p);
    if (p->max_length >= 0 && length > p->max_length)
        return broken(
            e, p,
            arena_fmt(e->arena, "must contain at most %lld characters", (long long)p->max_length)
                .p);
    if (p->pattern && !regex_matches(e->arena, p->pattern, text))
        return broken(e, p, arena_fmt(e->arena, "must match pattern %.*s", STR(p->pattern_text)).p);
    return true;
}

static bool take_value(struct template_error *e, const struct template_parameter *p,
                       struct str text, struct value **ret)
{
    if (text.len > TEMPLATE_MAX_PARAMETER_VALUE)
        return template_refuse(e, "Parameter '%.*s' must not be longer than %d bytes", STR(p->name),
                               TEMPLATE_MAX_PARAMETER_VALUE);
    if (p->type == TEMPLATE_STRING || p->type == TEMPLATE_NUMBER) {
        *ret = value_string(e->arena, text);
        return check_item(e, p, text);
    }

    *ret = value_list(e->arena);
    struct str rest = text, item;
    while (text.len > 0 && str_next(&rest, ',', &item)) {
        item = str_trim(item);
        if (!check_item(e, p, item))
            return false;
        value_append(e->arena, *ret, value_string(e->arena, item));
    }
    return true;
}

static bool check_names(struct template_error *e, const struct template *t,
                        const struct template_given *given, size_t n_given)
{
    struct strs unknown = { arena_array(e->arena, struct str, n_given), 0 };

    for (size_t i = 0; i < n_given; i++)
        if (!template_find_parameter(t, given[i].name))
            unknown.items[unknown.count++] = given[i].name;
    return unknown.count == 0 ||
           template_refuse(e, "Parameters: [%.*s] do not exist in the template",
                           STR(template_names(e->arena, unknown)));
}

bool template_take_parameters(struct template_error *e, const struct template_given *given,
                              size_t n_given, struct template_stack *s)
{
    const struct template *t = s->t;
    struct strs missing = { arena_array(e->arena, struct str, t->n_parameters), 0 };

    s->texts = arena_array(e->arena, struct str, t->n_parameters);
    s->values = arena_array(e->arena, struct value *, t->n_parameters);
    if (n_given > TEMPLATE_MAX_PARAMETERS)
        return template_refuse(e, "At most %d parameters may be given", TEMPLATE_MAX_PARAMETERS);
    if (!check_names(e, t, given, n_given))
        return false;
    for (size_t i = 0; i < t->n_parameters; i++) {
        s->texts[i] = t->parameters[i].otherwise;
        for (size_t k = 0; k < n_given; k++)
            if (str_eq(given[k].name, t->parameters[i].name))
                s->texts[i] = given[k].value;
        if (!str_is_set(s->texts[i]))
            missing.items[missing.count++] = t->parameters[i].name;
    }
    if (missing.count > 0)
        return template_refuse(e, "Parameters: [%.*s] must have values",
                               STR(template_names(e->arena, missing)));
    for (size_t i = 0; i < t->n_parameters; i++)
        if (!take_value(e, &t->parameters[i], s->texts[i], &s->values[i]))
            return false;
    return true;
}
