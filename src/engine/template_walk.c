/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which names a value refers to: the names that must exist, and the resources
 * that must be there first.
 */
#include "engine/template_internal.h"

void template_walk_unresolved(struct template_walk *w, struct str name)
{
    if (strs_have(w->unresolved, name))
        return;
    w->unresolved.items =
        ARENA_GROW(w->error->arena, w->unresolved.items, w->unresolved.count, &w->capacity);
    w->unresolved.items[w->unresolved.count++] = name;
}

static void refer_to_resource(struct template_walk *w, struct str id)
{
    ptrdiff_t resource = template_find_resource(w->t, id);

    if (resource < 0 || w->no_resources)
        template_walk_unresolved(w, id);
    else if (w->needs)
        w->needs[resource] = true;
}

static void refer(struct template_walk *w, struct str name)
{
    if (!template_is_pseudo(name) && !template_find_parameter(w->t, name))
        refer_to_resource(w, name);
}

static bool walk_ref(struct template_walk *w, const struct value *argument)
{
    if (!value_is(argument, VALUE_STRING) || argument->string.len == 0)
        return template_refuse(w->error, "Template error: every Ref object must have a single "
                                         "String value.");
    refer(w, argument->string);
    return true;
}

static bool walk_get_att(struct template_walk *w, const struct value *argument)
{
    struct str id;
    const struct value *attribute;

    if (!template_get_att(w->error, argument, &id, &attribute))
        return false;
    if (template_find_resource(w->t, id) < 0)
        return template_refuse(w->error,
                               "Template error: instance of Fn::GetAtt references undefined "
                               "resource %.*s",
                               STR(id));
    refer_to_resource(w, id);
    return template_walk_value(w, attribute);
}

static bool walk_sub(struct template_walk *w, const struct value *argument)
{
    const struct value *text = argument, *map = NULL;

    if (value_is(argument, VALUE_LIST)) {
        text = value_at(argument, 0);
        map = value_at(argument, 1);
        if (value_count(argument) != 2 || !value_is(map, VALUE_MAP))
            text = NULL;
    }
    if (!value_is(text, VALUE_STRING))
        return template_refuse(w->error,
                               "Template error: One or more Fn::Sub intrinsic functions don't "
                               "specify expected arguments. Specify a string as first argument, "
                               "and an optional second argument to specify a mapping of values to "
                               "replace in the string");

    struct str rest = text->string; /* NOLINT(clang-analyzer-core.*): value_is() said so */
    while (rest.len > 0) {
        struct sub_piece piece;
        if (!template_sub_next(w->error, &rest, &piece))
            return false;
        if (!piece.is_name || value_get(map, piece.text))
            continue;
        struct str id, attribute;
        if (str_cut(piece.text, '.', &id, &attribute))
            refer_to_resource(w, id);
        else
            refer(w, piece.text);
    }
    for (size_t i = 0; i < value_count(map); i++) {
        /* NULL has a count of 0. NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
        if (!template_walk_value(w, map->map.members[i].value))
            return false;
    }
    return true;
}

static bool walk_if(struct template_walk *w, const struct value *argument)
{
    struct str name = value_str(value_at(argument, 0));
    ptrdiff_t condition = template_find_condition(w->t, name);

    if (!value_is(value_at(argument, 0), VALUE_STRING))
        return template_refuse(w->error, "Template error: Fn::If requires a list argument with "
                                         "the first element being a condition");
    if (condition < 0)
        return template_refuse(
            w->error, "Template error: unresolved condition dependency %.*s in Fn::If", STR(name));
    if (w->no_resources)
        return template_refuse(w->error, "Template error: Fn::If cannot be used in the Conditions "
                                         "section");
    if (w->skip_ifs)
        return true;
    if (w->conditions)
        return template_walk_value(w, value_at(argument, w->conditions[condition] ? 1 : 2));
    return template_walk_value(w, value_at(argument, 1)) &&
           template_walk_value(w, value_at(argument, 2));
}

static bool walk_children(struct template_walk *w, const struct value *v)
{
    bool is_map = value_is(v, VALUE_MAP);

    for (size_t i = 0; i < value_count(v); i++)
        if (!template_walk_value(w, is_map ? v->map.members[i].value : v->list.items[i]))
            return false;
    return true;
}

/* The map's name may be dynamic; where it is not, it must exist. */
static bool walk_find_in_map(struct template_walk *w, const struct value *argument)
{
    const struct value *name = value_at(argument, 0);

    if (value_is(name, VALUE_STRING) && !value_get(w->t->mappings, name->string))
        return template_refuse(w->error,
                               "Template error: Mapping named '%.*s' is not present in the "
                               "'Mappings' section of template.",
                               STR(name->string));
    return walk_children(w, argument);
}

bool template_walk_value(struct template_walk *w, const struct value *v)
{
    enum function function;
    const struct value *argument;

    if (!template_function(w->error, v, &function, &argument))
        return false;
    switch (function) {
    case FUNCTION_NONE:
        return walk_children(w, v);
    case FUNCTION_REF:
        return walk_ref(w, argument);
    case FUNCTION_GET_ATT:
        return walk_get_att(w, argument);
    case FUNCTION_SUB:
        return walk_sub(w, argument);
    case FUNCTION_IF:
        return walk_if(w, argument);
    case FUNCTION_FIND_IN_MAP:
        return walk_find_in_map(w, argument);
    case FUNCTION_JOIN:
    case FUNCTION_SELECT:
    case FUNCTION_SPLIT:
    case FUNCTION_BASE64:
        return template_walk_value(w, argument);
    case FUNCTION_EQUALS:
    case FUNCTION_AND:
    case FUNCTION_OR:
    case FUNCTION_NOT:
        break;
    }
    return template_refuse(w->error,
                           "Template error: condition functions such as %.*s may be used "
                           "in the Conditions section only",
                           STR(v->map.members[0].key));
}

static bool walk_condition_name(struct template_walk *w, const struct value *name)
{
    if (template_find_condition(w->t, value_str(name)) >= 0)
        return true;
    return template_refuse(w->error,
                           "Template format error: Unresolved condition dependency %.*s in the "
                           "Conditions block of the template",
                           STR(value_str(name)));
}

bool template_walk_condition(struct template_walk *w, const struct value *v)
{
    enum function function;
    const struct value *argument;

    if (value_count(v) == 1 && value_get(v, S("Condition")))
        return walk_condition_name(w, value_get(v, S("Condition")));
    if (!template_function(w->error, v, &function, &argument))
        return false;
    if (function == FUNCTION_EQUALS)
        return walk_children(w, argument);
    if (function != FUNCTION_AND && function != FUNCTION_OR && function != FUNCTION_NOT)
        return template_refuse(w->error, "Template format error: Every Conditions member must "
                                         "contain a condition function: Fn::And, Fn::Equals, "
                                         "Fn::Not, Fn::Or or Condition.");
    for (size_t i = 0; i < value_count(argument); i++)
        if (!template_walk_condition(w, value_at(argument, i)))
            return false;
    return true;
}
