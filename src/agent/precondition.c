/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/precondition.h"

#include "agent/parameter.h"
#include "base/buf.h"

static bool is_platform_type(struct str operand)
{
    return str_ieq(operand, S("platformType"));
}

static bool is_platform(struct str operand)
{
    return str_ieq(operand, S("Linux")) || str_ieq(operand, S("Windows")) ||
           str_ieq(operand, S("MacOS"));
}

static struct str filled(struct arena *a, struct str operand, const struct value *values)
{
    struct value *v = parameter_fill(a, value_string(a, operand), values);
    struct str text = value_text(a, v);
    return str_is_set(text) ? text : operand;
}

static struct str quote(struct arena *a, const struct value *precondition)
{
    struct buf b = buf_in(a);

    for (size_t i = 0; i < value_count(precondition); i++) {
        const struct value_member *m = &precondition->map.members[i];
        buf_fmt(&b, "%s\"%.*s\": [", i ? ", " : "", STR(m->key));
        for (size_t j = 0; value_is(m->value, VALUE_LIST) && j < m->value->list.count; j++)
            buf_fmt(&b, "%s%.*s", j ? ", " : "", STR(value_text(a, m->value->list.items[j])));
        buf_lit(&b, "]");
    }
    return buf_str(&b);
}

/* Why the two operands cannot be compared, or NULL. */
static const char *invalid(struct str x, struct str y, const struct value *values)
{
    bool uses_x = parameter_is_used(x, values), uses_y = parameter_is_used(y, values);

    if (str_eq(x, y))
        return "the operands are identical";
    if (is_platform_type(x) || is_platform_type(y)) {
        if (uses_x || uses_y)
            return "platformType cannot be compared with a parameter";
        if (!is_platform(is_platform_type(x) ? y : x))
            return "platformType must be compared with Linux, Windows or MacOS";
        return NULL;
    }
    if (!uses_x && !uses_y)
        return "at least one operand must contain a document parameter";
    return NULL;
}

static bool is_met(struct arena *a, struct str x, struct str y, const struct value *values)
{
    if (is_platform_type(x))
        return str_ieq(y, S("Linux"));
    if (is_platform_type(y))
        return str_ieq(x, S("Linux"));
    return str_eq(filled(a, x, values), filled(a, y, values));
}

enum precondition precondition_decide(struct arena *a, const struct value *precondition,
                                      const struct value *values, struct str *ret_text)
{
    bool all_met = true;
    const char *why = value_is(precondition, VALUE_MAP) ? NULL : "it is not an object";

    for (size_t i = 0; i < value_count(precondition) && !why; i++) {
        const struct value_member *m = &precondition->map.members[i];
        struct str x = value_str(value_at(m->value, 0)), y = value_str(value_at(m->value, 1));

        if (!str_eq(m->key, S("StringEquals")))
            why = "the operator is unknown";
        else if (value_count(m->value) != 2 || !str_is_set(x) || !str_is_set(y))
            why = "StringEquals takes two strings";
        else
            why = invalid(x, y, values);
        if (!why)
            all_met = all_met && is_met(a, x, y, values);
    }
    if (!value_is(precondition, VALUE_MAP)) {
        *ret_text = S("it is not an object");
        return PRECONDITION_INVALID;
    }
    *ret_text = quote(a, precondition);
    if (why) {
        *ret_text = arena_fmt(a, "%.*s: %s", STR(*ret_text), why);
        return PRECONDITION_INVALID;
    }
    return all_met ? PRECONDITION_MET : PRECONDITION_UNMET;
}
