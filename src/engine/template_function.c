/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The intrinsic functions' names and forms, as a table.
 */
#include "engine/template_internal.h"

#define JOIN_USAGE                                                                                 \
    "every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "     \
    "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to "   \
    "be joined."
#define SPLIT_USAGE                                                                                \
    "every Fn::Split object requires two parameters, (1) a string delimiter and (2) a string to "  \
    "be split or a function that returns a string to be split."
#define MAP_USAGE                                                                                  \
    "every Fn::FindInMap object requires three parameters, the map name, map key and the "         \
    "attribute for return value"
#define SELECT_USAGE                                                                               \
    "Fn::Select requires a list argument with two elements: an integer index and a list"
#define EQUALS_USAGE "every Fn::Equals object requires a list of 2 string parameters."
#define AND_USAGE                                                                                  \
    "every Fn::And object requires a list of at least 2 and at most 10 boolean parameters."
#define OR_USAGE                                                                                   \
    "every Fn::Or object requires a list of at least 2 and at most 10 boolean parameters."
#define NOT_USAGE "every Fn::Not object requires a list of 1 boolean parameter."

/* max 0: the argument is not a list of arguments. */
static const struct {
    const char *name;
    enum function function;
    size_t min, max;
    const char *usage;
} functions[] = {
    { "Ref", FUNCTION_REF, 0, 0, NULL },
    { "Fn::GetAtt", FUNCTION_GET_ATT, 0, 0, NULL },
    { "Fn::Sub", FUNCTION_SUB, 0, 0, NULL },
    { "Fn::Join", FUNCTION_JOIN, 2, 2, JOIN_USAGE },
    { "Fn::Select", FUNCTION_SELECT, 2, 2, SELECT_USAGE },
    { "Fn::Split", FUNCTION_SPLIT, 2, 2, SPLIT_USAGE },
    { "Fn::FindInMap", FUNCTION_FIND_IN_MAP, 3, 3, MAP_USAGE },
    { "Fn::Base64", FUNCTION_BASE64, 0, 0, NULL },
    { "Fn::If", FUNCTION_IF, 3, 3, "Fn::If requires a list argument with three elements" },
    { "Fn::Equals", FUNCTION_EQUALS, 2, 2, EQUALS_USAGE },
    { "Fn::And", FUNCTION_AND, 2, 10, AND_USAGE },
    { "Fn::Or", FUNCTION_OR, 2, 10, OR_USAGE },
    { "Fn::Not", FUNCTION_NOT, 1, 1, NOT_USAGE },
};

bool template_function(struct template_error *e, const struct value *v, enum function *ret,
                       const struct value **ret_argument)
{
    *ret = FUNCTION_NONE;
    if (!value_is(v, VALUE_MAP) || value_count(v) != 1)
        return true;

    struct str name = v->map.members[0].key;
    const struct value *argument = v->map.members[0].value;
    for (size_t i = 0; i < ARRAY_LEN(functions); i++) {
        if (!str_eq(name, str_of(functions[i].name)))
            continue;
        if (functions[i].max > 0 &&
            (!value_is(argument, VALUE_LIST) || value_count(argument) < functions[i].min ||
             value_count(argument) > functions[i].max))
            return template_refuse(e, "Template error: %s", functions[i].usage);
        *ret = functions[i].function;
        *ret_argument = argument;
        return true;
    }
    if (str_starts(name, S("Fn::")))
        return template_refuse(e, "Template error: %.*s is not supported", STR(name));
    return true;
}

bool template_get_att(struct template_error *e, const struct value *argument, struct str *ret_id,
                      const struct value **ret_attribute)
{
    if (value_is(argument, VALUE_STRING)) {
        struct str attribute;
        if (str_cut(argument->string, '.', ret_id, &attribute) && attribute.len > 0) {
            *ret_attribute = value_string(e->arena, attribute);
            return true;
        }
    } else if (value_count(argument) == 2 && value_is(value_at(argument, 0), VALUE_STRING)) {
        *ret_id = value_str(value_at(argument, 0));
        *ret_attribute = value_at(argument, 1);
        if (!value_is(*ret_attribute, VALUE_STRING) || value_str(*ret_attribute).len > 0)
            return true;
    }
    return template_refuse(e, "Template error: every Fn::GetAtt object requires two non-empty "
                              "parameters, the resource name and the resource attribute");
}

/* Offset of the next "${", or the length. */
static size_t find_opening(struct str s)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.p[i] == '$' && s.p[i + 1] == '{')
            return i;
    return s.len;
}

bool template_sub_next(struct template_error *e, struct str *rest, struct sub_piece *ret)
{
    size_t opening = find_opening(*rest);

    if (opening > 0) {
        *ret = (struct sub_piece){ .text = str_slice(*rest, 0, opening) };
        *rest = str_from(*rest, opening);
        return true;
    }
    ptrdiff_t end = str_find(*rest, '}');
    struct str name = str_slice(*rest, 2, end < 0 ? 0 : (size_t)end - 2);
    if (str_starts(name, S("!"))) { /* ${!Literal} is ${Literal}: "${" now, the rest next */
        *ret = (struct sub_piece){ .text = str_slice(*rest, 0, 2) };
        *rest = str_from(*rest, 3);
        return true;
    }
    if (name.len == 0 || !str_is_word(name, "_.:"))
        return template_refuse(e, "Template error: variable names in Fn::Sub syntax must contain "
                                  "only alphanumeric characters, underscores, periods, and colons");
    *ret = (struct sub_piece){ name, true };
    *rest = str_from(*rest, (size_t)end + 1);
    return true;
}
