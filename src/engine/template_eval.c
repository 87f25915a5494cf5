/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Resolving: a value with functions in it to one without. What functions make
 * is counted, because a small template can describe a very large result.
 */
#include "base/buf.h"
#include "base/hex.h"

#include "engine/template_internal.h"

static bool spend(struct template_eval *e, size_t bytes)
{
    if (bytes > TEMPLATE_MAX_RESOLVED || e->made + bytes > TEMPLATE_MAX_RESOLVED)
        return template_refuse(e->error, "Template error: the resolved template is too large");
    e->made += bytes;
    return true;
}

static bool make_text(struct template_eval *e, struct str s, struct value **ret)
{
    *ret = value_string(e->error->arena, s);
    return spend(e, s.len);
}

/* A copy, so that what is resolved twice may be changed once; counted by its text. */
static bool make_copy(struct template_eval *e, const struct value *v, struct value **ret)
{
    bool is_map = value_is(v, VALUE_MAP);
    struct value *copy;

    if (!spend(e, sizeof(*v)))
        return false;
    if (!is_map && !value_is(v, VALUE_LIST)) {
        *ret = value_copy(e->error->arena, v);
        return !value_is(v, VALUE_STRING) || spend(e, v->string.len);
    }
    *ret = is_map ? value_map(e->error->arena) : value_list(e->error->arena);
    for (size_t i = 0; i < value_count(v); i++) {
        if (!make_copy(e, is_map ? v->map.members[i].value : v->list.items[i], &copy))
            return false;
        if (is_map)
            value_set(e->error->arena, *ret, v->map.members[i].key, copy);
        else
            value_append(e->error->arena, *ret, copy);
    }
    return true;
}

bool template_eval_text(struct template_eval *e, const struct value *v, const char *what,
                        struct str *ret)
{
    struct value *resolved;

    if (!template_eval(e, v, &resolved))
        return false;
    *ret = value_text(e->error->arena, resolved);
    return str_is_set(*ret) ||
           template_refuse(e->error, "Template error: %s must be a string", what);
}

static bool eval_list(struct template_eval *e, const struct value *v, const char *what,
                      struct value **ret)
{
    return template_eval(e, v, ret) &&
           (value_is(*ret, VALUE_LIST) ||
            template_refuse(e->error, "Template error: %s must be a list", what));
}

/* ---- names ---- */

static bool eval_pseudo(struct template_eval *e, struct str name, struct value **ret)
{
    const struct template_place *p = &e->stack->place;
    const struct {
        struct str name, value;
    } texts[] = {
        { S("AWS::AccountId"), p->account },    { S("AWS::Region"), p->region },
        { S("AWS::Partition"), p->partition },  { S("AWS::StackId"), p->stack_id },
        { S("AWS::StackName"), p->stack_name }, { S("AWS::URLSuffix"), p->url_suffix },
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (str_eq(name, texts[i].name))
            return make_text(e, texts[i].value, ret);
    *ret = NULL;
    if (str_eq(name, S("AWS::NotificationARNs")))
        *ret = value_strings(e->error->arena, p->notification_arns);
    return true;
}

/* `attribute` absent: Ref. */
static bool ask_resource(struct template_eval *e, struct str id, struct str attribute,
                         struct value **ret)
{
    ptrdiff_t index = template_find_resource(e->stack->t, id);

    if (index < 0 || !e->lookup || !e->stack->exists[index])
        return template_refuse(e->error,
                               "Template format error: Unresolved resource dependencies [%.*s] in "
                               "the Resources block of the template",
                               STR(id));
    const struct value *answer = e->lookup(e->context, id, attribute);
    if (!answer)
        return template_refuse(e->error,
                               "Template error: resource %.*s does not support attribute type "
                               "%.*s in Fn::GetAtt",
                               STR(id), STR(attribute));
    return make_copy(e, answer, ret);
}

static bool eval_name(struct template_eval *e, struct str name, struct value **ret)
{
    const struct template_parameter *p = template_find_parameter(e->stack->t, name);

    if (template_is_pseudo(name))
        return eval_pseudo(e, name, ret);
    if (p)
        return make_copy(e, e->stack->values[p - e->stack->t->parameters], ret);
    return ask_resource(e, name, (struct str){ 0 }, ret);
}

static bool eval_ref(struct template_eval *e, const struct value *argument, struct value **ret)
{
    return eval_name(e, value_str(argument), ret);
}

static bool eval_get_att(struct template_eval *e, const struct value *argument, struct value **ret)
{
    const struct value *attribute;
    struct str id, name;

    return template_get_att(e->error, argument, &id, &attribute) &&
           template_eval_text(e, attribute, "the attribute of Fn::GetAtt", &name) &&
           ask_resource(e, id, name, ret);
}

/* ---- texts ---- */

static bool sub_name(struct template_eval *e, struct str name, const struct value *map,
                     struct str *ret)
{
    struct str id, attribute;
    struct value *v;

    if (value_get(map, name))
        return template_eval_text(e, value_get(map, name), "a value of Fn::Sub", ret);
    if (!(str_cut(name, '.', &id, &attribute) ? ask_resource(e, id, attribute, &v)
                                              : eval_name(e, name, &v)))
        return false;
    *ret = value_text(e->error->arena, v);
    return str_is_set(*ret) ||
           template_refuse(e->error, "Template error: ${%.*s} in Fn::Sub is not a string",
                           STR(name));
}

static bool eval_sub(struct template_eval *e, const struct value *argument, struct value **ret)
{
    bool is_list = value_is(argument, VALUE_LIST);
    const struct value *map = is_list ? value_at(argument, 1) : NULL;
    struct str rest = value_str(is_list ? value_at(argument, 0) : argument);
    struct buf out = buf_in(e->error->arena);

    while (rest.len > 0) {
        struct sub_piece piece;
        struct str text;
        if (!template_sub_next(e->error, &rest, &piece))
            return false;
        text = piece.text;
        if (piece.is_name && !sub_name(e, piece.text, map, &text))
            return false;
        if (!spend(e, text.len))
            return false;
        buf_add(&out, text);
    }
    *ret = value_string(e->error->arena, buf_str(&out));
    return true;
}

static bool eval_join(struct template_eval *e, const struct value *argument, struct value **ret)
{
    struct str delimiter = value_str(value_at(argument, 0));
    struct buf out = buf_in(e->error->arena);
    struct value *list;

    if (!value_is(value_at(argument, 0), VALUE_STRING))
        return template_refuse(e->error, "Template error: the delimiter of Fn::Join must be a "
                                         "string");
    if (!eval_list(e, value_at(argument, 1), "the second parameter of Fn::Join", &list))
        return false;
    for (size_t i = 0; i < value_count(list); i++) {
        struct str text = value_text(e->error->arena, value_at(list, i));
        if (!str_is_set(text))
            return template_refuse(e->error, "Template error: every item of Fn::Join must be a "
                                             "string");
        if (!spend(e, text.len + delimiter.len))
            return false;
        if (i > 0)
            buf_add(&out, delimiter);
        buf_add(&out, text);
    }
    *ret = value_string(e->error->arena, buf_str(&out));
    return true;
}

static bool eval_split(struct template_eval *e, const struct value *argument, struct value **ret)
{
    struct str delimiter = value_str(value_at(argument, 0)), text;

    if (delimiter.len == 0)
        return template_refuse(e->error, "Template error: the delimiter of Fn::Split must be a "
                                         "string of at least one character");
    if (!template_eval_text(e, value_at(argument, 1), "the second parameter of Fn::Split", &text))
        return false;

    *ret = value_list(e->error->arena);
    size_t from = 0;
    for (size_t i = 0; i <= text.len; i++) {
        bool is_end = i == text.len;
        if (!is_end && !str_starts(str_from(text, i), delimiter))
            continue;
        struct value *piece;
        if (!spend(e, sizeof(*piece)) || !make_text(e, str_slice(text, from, i - from), &piece))
            return false;
        value_append(e->error->arena, *ret, piece);
        from = i + delimiter.len;
        i += is_end ? 0 : delimiter.len - 1;
    }
    return true;
}

static bool eval_base64(struct template_eval *e, const struct value *argument, struct value **ret)
{
    struct str text;

    return template_eval_text(e, argument, "the value of Fn::Base64", &text) &&
           spend(e, text.len) && make_text(e, base64_encode(e->error->arena, text), ret);
}

/* ---- choices ---- */

static bool eval_select(struct template_eval *e, const struct value *argument, struct value **ret)
{
    struct str text;
    struct value *list;
    int64_t index;

    if (!template_eval_text(e, value_at(argument, 0), "the index of Fn::Select", &text) ||
        !eval_list(e, value_at(argument, 1), "the second parameter of Fn::Select", &list))
        return false;
    if (!str_to_int(text, &index) || index < 0 || (uint64_t)index >= value_count(list))
        return template_refuse(e->error,
                               "Template error: Fn::Select cannot select nonexistent value at "
                               "index %.*s",
                               STR(text));
    *ret = value_at(list, (size_t)index);
    return true;
}

static bool eval_find_in_map(struct template_eval *e, const struct value *argument,
                             struct value **ret)
{
    struct str name[3];

    for (size_t i = 0; i < 3; i++)
        if (!template_eval_text(e, value_at(argument, i), "every parameter of Fn::FindInMap",
                                &name[i]))
            return false;
    const struct value *map = value_get(e->stack->t->mappings, name[0]);
    const struct value *found = value_get(value_get(map, name[1]), name[2]);
    if (!found)
        return template_refuse(e->error,
                               "Template error: Unable to get mapping for %.*s::%.*s::%.*s",
                               STR(name[0]), STR(name[1]), STR(name[2]));
    return make_copy(e, found, ret);
}

static bool eval_if(struct template_eval *e, const struct value *argument, struct value **ret)
{
    ptrdiff_t condition = template_find_condition(e->stack->t, value_str(value_at(argument, 0)));

    if (condition < 0)
        return template_refuse(e->error, "Template error: Fn::If names no condition");
    return template_eval(e, value_at(argument, e->stack->conditions[condition] ? 1 : 2), ret);
}

static bool eval_data(struct template_eval *e, const struct value *v, struct value **ret)
{
    bool is_map = value_is(v, VALUE_MAP);
    struct value *child;

    if (!is_map && !value_is(v, VALUE_LIST)) {
        *ret = value_copy(e->error->arena, v);
        return true;
    }
    *ret = is_map ? value_map(e->error->arena) : value_list(e->error->arena);
    for (size_t i = 0; i < value_count(v); i++) {
        if (!template_eval(e, is_map ? v->map.members[i].value : v->list.items[i], &child))
            return false;
        if (child && is_map)
            value_set(e->error->arena, *ret, v->map.members[i].key, child);
        else if (child)
            value_append(e->error->arena, *ret, child);
    }
    return true;
}

bool template_eval(struct template_eval *e, const struct value *v, struct value **ret)
{
    enum function function;
    const struct value *argument;

    if (!template_function(e->error, v, &function, &argument))
        return false;
    switch (function) {
    case FUNCTION_NONE:
        return eval_data(e, v, ret);
    case FUNCTION_REF:
        return eval_ref(e, argument, ret);
    case FUNCTION_GET_ATT:
        return eval_get_att(e, argument, ret);
    case FUNCTION_SUB:
        return eval_sub(e, argument, ret);
    case FUNCTION_JOIN:
        return eval_join(e, argument, ret);
    case FUNCTION_SELECT:
        return eval_select(e, argument, ret);
    case FUNCTION_SPLIT:
        return eval_split(e, argument, ret);
    case FUNCTION_FIND_IN_MAP:
        return eval_find_in_map(e, argument, ret);
    case FUNCTION_BASE64:
        return eval_base64(e, argument, ret);
    case FUNCTION_IF:
        return eval_if(e, argument, ret);
    case FUNCTION_EQUALS:
    case FUNCTION_AND:
    case FUNCTION_OR:
    case FUNCTION_NOT:
        break;
    }
    return template_refuse(e->error, "Template error: condition functions may be used in the "
                                     "Conditions section only");
}
