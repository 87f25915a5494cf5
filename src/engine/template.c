/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading a template: its sections, its limits, and whether every name in it
 * stands for something.
 */
#include <stdarg.h>
#include <stdio.h>

#include "engine/template_internal.h"

bool(template_refuse)(struct template_error *e, const char *fmt, ...)
{
    char text[2048]; /* names are bounded, lists of them are cut */
    va_list args;

    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    struct str why = str_of(text);
    while (!str_is_utf8(why) && why.len > 0) /* cut inside a character */
        why.len--;
    e->why = arena_dup(e->arena, why);
    return false;
}

struct str template_names(struct arena *a, struct strs names)
{
    return arena_join(a, names, S(", "));
}

bool template_is_pseudo(struct str name)
{
    struct str names[] = {
        S_INIT("AWS::AccountId"), S_INIT("AWS::NotificationARNs"), S_INIT("AWS::NoValue"),
        S_INIT("AWS::Partition"), S_INIT("AWS::Region"),           S_INIT("AWS::StackId"),
        S_INIT("AWS::StackName"), S_INIT("AWS::URLSuffix"),
    };

    return strs_have((struct strs){ names, ARRAY_LEN(names) }, name);
}

const struct template_parameter *template_find_parameter(const struct template *t, struct str name)
{
    for (size_t i = 0; i < t->n_parameters; i++)
        if (str_eq(t->parameters[i].name, name))
            return &t->parameters[i];
    return NULL;
}

ptrdiff_t template_find_resource(const struct template *t, struct str id)
{
    for (size_t i = 0; i < t->n_resources; i++)
        if (str_eq(t->resources[i].id, id))
            return (ptrdiff_t)i;
    return -1;
}

ptrdiff_t template_find_condition(const struct template *t, struct str name)
{
    for (size_t i = 0; i < value_count(t->conditions); i++)
        if (str_eq(t->conditions->map.members[i].key, name))
            return (ptrdiff_t)i;
    return -1;
}

struct reader {
    struct template_error error;
    struct template *t;
};

/* ---- members of objects ---- */

static bool has_only(struct template_error *e, const struct value *v, struct strs known,
                     const char *what)
{
    for (size_t i = 0; i < value_count(v); i++)
        if (!strs_have(known, v->map.members[i].key))
            return template_refuse(e, "Invalid template %s [%.*s]", what,
                                   STR(v->map.members[i].key));
    return true;
}

/* A string member; *ret stays absent if there is none. */
static bool read_string(struct template_error *e, const struct value *v, const char *name,
                        struct str where, struct str *ret)
{
    const struct value *member = value_get(v, str_of(name));

    *ret = value_str(member);
    return !member || str_is_set(*ret) ||
           template_refuse(e, "Template format error: [%.*s] The value of %s must be a string.",
                           STR(where), name);
}

static bool check_name(struct template_error *e, const char *kind, struct str name)
{
    if (name.len > 0 && name.len <= TEMPLATE_MAX_NAME && str_is_word(name, ""))
        return true;
    return template_refuse(e, "Template format error: %s name %.*s is non alphanumeric.", kind,
                           (int)(name.len > 300 ? 300 : name.len), name.p);
}

/* The condition that an object hangs on. */
static bool read_condition(struct reader *r, const struct value *v, const char *block,
                           struct str where, struct str *ret)
{
    if (!read_string(&r->error, v, "Condition", where, ret))
        return false;
    return !str_is_set(*ret) || template_find_condition(r->t, *ret) >= 0 ||
           template_refuse(&r->error,
                           "Template format error: Unresolved condition dependency %.*s in the %s "
                           "block of the template",
                           STR(*ret), block);
}

static bool check_resolved(struct template_walk *w, const char *block)
{
    return w->unresolved.count == 0 ||
           template_refuse(w->error,
                           "Template format error: Unresolved resource dependencies [%.*s] in the "
                           "%s block of the template",
                           STR(template_names(w->error->arena, w->unresolved)), block);
}

/* ---- resources ---- */

static bool read_policy(struct reader *r, const struct value *v, const char *name, struct str where,
                        struct str type, enum template_policy *ret)
{
    struct str text;

    if (!read_string(&r->error, v, name, where, &text))
        return false;
    if (str_eq(text, S("Snapshot")))
        return template_refuse(&r->error,
                               "Template error: resource type %.*s does not support deletion "
                               "policy Snapshot",
                               STR(type));
    if (str_eq(text, S("Retain")))
        *ret = TEMPLATE_RETAIN;
    else if (str_eq(text, S("RetainExceptOnCreate")))
        *ret = TEMPLATE_RETAIN_EXCEPT_ON_CREATE;
    else if (str_is_set(text) && !str_eq(text, S("Delete")))
        return template_refuse(&r->error,
                               "Template format error: Unrecognized %s %.*s for resource %.*s",
                               name, STR(text), STR(where));
    return true;
}

static bool read_depends_on(struct reader *r, const struct value *v, struct template_resource *res)
{
    const struct value *list = value_get(v, S("DependsOn"));
    bool is_list = value_is(list, VALUE_LIST);
    size_t count = !list ? 0 : is_list ? value_count(list) : 1;

    res->depends_on.items = arena_array(r->error.arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        struct str id = value_str(is_list ? value_at(list, i) : list);
        if (!str_is_set(id))
            return template_refuse(&r->error, "Template format error: DependsOn must be a string "
                                              "or list of strings.");
        res->depends_on.items[res->depends_on.count++] = id;
    }
    return true;
}

static bool check_attributes(struct reader *r, const struct value *v, struct str where)
{
    struct str names[] = {
        S_INIT("Type"),      S_INIT("Properties"),     S_INIT("DependsOn"),
        S_INIT("Condition"), S_INIT("DeletionPolicy"), S_INIT("UpdateReplacePolicy"),
        S_INIT("Metadata"),  S_INIT("CreationPolicy"), S_INIT("UpdatePolicy"),
    };

    if (!value_is(v, VALUE_MAP))
        return template_refuse(&r->error,
                               "Template format error: [%.*s] resource definition is "
                               "malformed",
                               STR(where));
    if (value_get(v, S("CreationPolicy")) || value_get(v, S("UpdatePolicy")))
        return template_refuse(&r->error,
                               "Template error: [%.*s] CreationPolicy and UpdatePolicy "
                               "are not supported",
                               STR(where));
    return has_only(&r->error, v, (struct strs){ names, ARRAY_LEN(names) }, "resource property");
}

static bool read_resource(struct reader *r, const struct value_member *m,
                          struct template_resource *res)
{
    const struct value *v = m->value;
    struct str where = arena_fmt(r->error.arena, "/Resources/%.*s", STR(m->key));

    res->id = m->key;
    if (!check_name(&r->error, "Resource", m->key) || !check_attributes(r, v, where) ||
        !read_string(&r->error, v, "Type", where, &res->type))
        return false;
    if (res->type.len == 0 || res->type.len > TEMPLATE_MAX_NAME)
        return template_refuse(&r->error,
                               "Template format error: [%.*s] Every Resources object must contain "
                               "a Type member.",
                               STR(where));
    res->properties = value_get(v, S("Properties"));
    res->metadata = value_get(v, S("Metadata"));
    if (res->properties && !value_is(res->properties, VALUE_MAP))
        return template_refuse(&r->error,
                               "Template format error: [%.*s/Properties] The value must be an "
                               "object",
                               STR(where));
    return read_condition(r, v, "Resources", where, &res->condition) &&
           read_policy(r, v, "DeletionPolicy", where, res->type, &res->deletion) &&
           read_policy(r, v, "UpdateReplacePolicy", where, res->type, &res->replacement) &&
           read_depends_on(r, v, res);
}

static bool read_resources(struct reader *r, const struct value *section)
{
    struct template *t = r->t;

    t->resources = arena_array(r->error.arena, struct template_resource, value_count(section));
    for (size_t i = 0; i < value_count(section); i++) {
        if (!read_resource(r, &section->map.members[i], &t->resources[i]))
            return false;
        t->n_resources++;
    }
    return true;
}

static bool check_resources(struct reader *r)
{
    struct template_walk w = { .error = &r->error, .t = r->t };

    for (size_t i = 0; i < r->t->n_resources; i++) {
        const struct template_resource *res = &r->t->resources[i];
        if (res->properties && !template_walk_value(&w, res->properties))
            return false;
        for (size_t k = 0; k < res->depends_on.count; k++)
            if (template_find_resource(r->t, res->depends_on.items[k]) < 0)
                template_walk_unresolved(&w, res->depends_on.items[k]);
    }
    return check_resolved(&w, "Resources");
}

/* ---- outputs ---- */

static bool read_output(struct reader *r, const struct value_member *m, struct template_output *out)
{
    struct str names[] = { S_INIT("Description"), S_INIT("Value"), S_INIT("Condition"),
                           S_INIT("Export") };
    struct str where = arena_fmt(r->error.arena, "/Outputs/%.*s", STR(m->key));

    *out = (struct template_output){ .name = m->key, .value = value_get(m->value, S("Value")) };
    if (!check_name(&r->error, "Output", m->key))
        return false;
    if (!out->value)
        return template_refuse(&r->error,
                               "Template format error: Output %.*s is malformed. The "
                               "Value field is required.",
                               STR(m->key));
    if (value_get(m->value, S("Export")))
        return template_refuse(&r->error, "Template error: [%.*s] Export is not supported",
                               STR(where));
    return has_only(&r->error, m->value, (struct strs){ names, ARRAY_LEN(names) },
                    "output property") &&
           read_string(&r->error, m->value, "Description", where, &out->description) &&
           read_condition(r, m->value, "Outputs", where, &out->condition);
}

static bool read_outputs(struct reader *r, const struct value *section)
{
    struct template_walk w = { .error = &r->error, .t = r->t };

    r->t->outputs = arena_array(r->error.arena, struct template_output, value_count(section));
    for (size_t i = 0; i < value_count(section); i++) {
        struct template_output *out = &r->t->outputs[r->t->n_outputs++];
        if (!read_output(r, &section->map.members[i], out) || !template_walk_value(&w, out->value))
            return false;
    }
    return check_resolved(&w, "Outputs");
}

/* ---- mappings and conditions ---- */

/* Map, key, attribute: a scalar or a list of scalars, and no functions. */
static bool read_mappings(struct reader *r, const struct value *section)
{
    r->t->mappings = section;
    for (size_t i = 0; i < value_count(section); i++) {
        const struct value_member *map = &section->map.members[i];
        if (!check_name(&r->error, "Mapping", map->key))
            return false;
        bool ok = value_is(map->value, VALUE_MAP);
        for (size_t k = 0; ok && k < value_count(map->value); k++) {
            const struct value *inner = map->value->map.members[k].value;
            ok = value_is(inner, VALUE_MAP);
            for (size_t n = 0; ok && n < value_count(inner); n++)
                ok = !value_is(inner->map.members[n].value, VALUE_MAP);
        }
        if (!ok)
            return template_refuse(&r->error,
                                   "Template format error: Every Mappings attribute must be a "
                                   "String or a List: %.*s",
                                   STR(map->key));
    }
    return true;
}

static bool read_conditions(struct reader *r, const struct value *section)
{
    struct template_walk w = { .error = &r->error, .t = r->t, .no_resources = true };

    r->t->conditions = section;
    for (size_t i = 0; i < value_count(section); i++)
        if (!check_name(&r->error, "Condition", section->map.members[i].key) ||
            !template_walk_condition(&w, section->map.members[i].value))
            return false;
    return w.unresolved.count == 0 ||
           template_refuse(&r->error,
                           "Template format error: Unresolved dependencies [%.*s]. Cannot "
                           "reference resources in the Conditions block of the template",
                           STR(template_names(r->error.arena, w.unresolved)));
}

/* ---- capabilities ---- */

static bool add_capabilities(struct reader *r)
{
    static const struct {
        const char *type, *name;
    } iam[] = {
        { "AWS::IAM::Role", "RoleName" },
        { "AWS::IAM::User", "UserName" },
        { "AWS::IAM::Group", "GroupName" },
        { "AWS::IAM::ManagedPolicy", "ManagedPolicyName" },
        { "AWS::IAM::InstanceProfile", "InstanceProfileName" },
        { "AWS::IAM::Policy", NULL }, /* its name is inside its role's */
        { "AWS::IAM::AccessKey", NULL },
        { "AWS::IAM::UserToGroupAddition", NULL },
    };
    struct template *t = r->t;

    t->capability_types.items = arena_array(r->error.arena, struct str, ARRAY_LEN(iam));
    for (size_t i = 0; i < t->n_resources; i++) {
        const struct template_resource *res = &t->resources[i];
        for (size_t k = 0; k < ARRAY_LEN(iam); k++) {
            if (!str_eq(res->type, str_of(iam[k].type)))
                continue;
            t->capabilities |= TEMPLATE_IAM;
            if (iam[k].name && value_get(res->properties, str_of(iam[k].name)))
                t->capabilities |= TEMPLATE_NAMED_IAM;
            if (!strs_have(t->capability_types, res->type))
                t->capability_types.items[t->capability_types.count++] = res->type;
        }
    }
    return true;
}

struct str template_missing_capability(const struct template *t, struct strs given)
{
    bool named = strs_have(given, S("CAPABILITY_NAMED_IAM"));

    if (t->capabilities & TEMPLATE_NAMED_IAM)
        return named ? (struct str){ 0 } : S("CAPABILITY_NAMED_IAM");
    if ((t->capabilities & TEMPLATE_IAM) && !named && !strs_have(given, S("CAPABILITY_IAM")))
        return S("CAPABILITY_IAM");
    return (struct str){ 0 };
}

/* ---- the whole ---- */

static bool check_sections(struct reader *r, const struct value *document)
{
    static const struct {
        const char *name;
        size_t max;
    } limits[] = {
        { "Parameters", TEMPLATE_MAX_PARAMETERS }, { "Mappings", TEMPLATE_MAX_MAPPINGS },
        { "Conditions", TEMPLATE_MAX_CONDITIONS }, { "Resources", TEMPLATE_MAX_RESOURCES },
        { "Outputs", TEMPLATE_MAX_OUTPUTS },
    };
    struct str names[] = {
        S_INIT("AWSTemplateFormatVersion"),
        S_INIT("Description"),
        S_INIT("Metadata"),
        S_INIT("Parameters"),
        S_INIT("Mappings"),
        S_INIT("Conditions"),
        S_INIT("Resources"),
        S_INIT("Outputs"),
        S_INIT("Transform"),
        S_INIT("Rules"),
    };

    if (!value_is(document, VALUE_MAP))
        return template_refuse(&r->error, "Template format error: unsupported structure.");
    if (!has_only(&r->error, document, (struct strs){ names, ARRAY_LEN(names) },
                  "property or properties"))
        return false;
    if (value_get(document, S("Transform")) || value_get(document, S("Rules")))
        return template_refuse(&r->error, "Template error: the sections Transform and Rules are "
                                          "not supported");
    for (size_t i = 0; i < ARRAY_LEN(limits); i++) {
        const struct value *section = value_get(document, str_of(limits[i].name));
        if (section && !value_is(section, VALUE_MAP))
            return template_refuse(&r->error, "Template format error: %s must be an object.",
                                   limits[i].name);
        if (value_count(section) > limits[i].max)
            return template_refuse(&r->error,
                                   "Template format error: Number of %s, %zu, is greater than "
                                   "maximum allowed, %zu",
                                   limits[i].name, value_count(section), limits[i].max);
    }
    return true;
}

static bool read_head(struct reader *r, const struct value *document)
{
    struct str version;
    struct arena *a = r->error.arena;

    if (!read_string(&r->error, document, "Description", S("/"), &r->t->description))
        return false;
    version = value_text(a, value_get(document, S("AWSTemplateFormatVersion")));
    if (value_get(document, S("AWSTemplateFormatVersion")) && !str_eq(version, S("2010-09-09")))
        return template_refuse(&r->error,
                               "Template format error: %.*s is not a supported value for "
                               "AWSTemplateFormatVersion.",
                               STR(version));
    if (r->t->description.len > TEMPLATE_MAX_DESCRIPTION)
        return template_refuse(&r->error,
                               "Template format error: 'Description' length is greater than %d.",
                               TEMPLATE_MAX_DESCRIPTION);
    if (value_count(value_get(document, S("Resources"))) == 0)
        return template_refuse(&r->error, "Template format error: At least one Resources member "
                                          "must be defined.");
    r->t->metadata = value_get(document, S("Metadata"));
    return true;
}

int template_open(struct arena *a, const struct value *document, const struct template **ret,
                  struct str *ret_why)
{
    struct reader r = { .error = { .arena = a }, .t = arena_new(a, struct template) };

    if (check_sections(&r, document) && read_head(&r, document) &&
        template_read_parameters(&r.error, value_get(document, S("Parameters")), r.t) &&
        read_mappings(&r, value_get(document, S("Mappings"))) &&
        read_conditions(&r, value_get(document, S("Conditions"))) &&
        read_resources(&r, value_get(document, S("Resources"))) && check_resources(&r) &&
        read_outputs(&r, value_get(document, S("Outputs"))) &&
        template_check_cycles(&r.error, r.t) && add_capabilities(&r)) {
        *ret = r.t;
        return 0;
    }
    if (ret_why)
        *ret_why = r.error.why;
    return TEMPLATE_INVALID;
}
