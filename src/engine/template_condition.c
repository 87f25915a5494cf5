/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Conditions: decided once for a stack, each after those it names.
 */
#include "engine/template_internal.h"

#define MAX_CHAIN 32 /* conditions that name conditions: bounds our own stack */

enum progress {
    OPEN,
    IN_PROGRESS, /* met again: it depends on itself */
    DECIDED,
};

struct decider {
    struct template_eval eval;
    struct template_stack *stack;
    enum progress *progress;
    unsigned chain;
};

static bool decide(struct decider *d, size_t index);

static bool truth(struct decider *d, const struct value *v, bool *ret);

static bool equal(struct decider *d, const struct value *argument, bool *ret)
{
    struct str left, right;

    if (!template_eval_text(&d->eval, value_at(argument, 0), "every value of Fn::Equals", &left) ||
        !template_eval_text(&d->eval, value_at(argument, 1), "every value of Fn::Equals", &right))
        return false;
    *ret = str_eq(left, right);
    return true;
}

static bool named(struct decider *d, const struct value *name, bool *ret)
{
    ptrdiff_t index = template_find_condition(d->stack->t, value_str(name));

    if (index < 0)
        return template_refuse(d->eval.error, "Template error: unresolved condition %.*s",
                               STR(value_str(name)));
    if (!decide(d, (size_t)index))
        return false;
    *ret = d->stack->conditions[index];
    return true;
}

/* All operands are decided, so that an error in one shows whatever the others say. */
static bool all_or_any(struct decider *d, const struct value *argument, bool all, bool *ret)
{
    bool result = all, one;

    for (size_t i = 0; i < value_count(argument); i++) {
        if (!truth(d, value_at(argument, i), &one))
            return false;
        result = all ? result && one : result || one;
    }
    *ret = result;
    return true;
}

static bool truth(struct decider *d, const struct value *v, bool *ret)
{
    enum function function;
    const struct value *argument;

    if (value_count(v) == 1 && value_get(v, S("Condition")))
        return named(d, value_get(v, S("Condition")), ret);
    if (!template_function(d->eval.error, v, &function, &argument))
        return false;
    if (function == FUNCTION_EQUALS)
        return equal(d, argument, ret);
    if (function == FUNCTION_AND || function == FUNCTION_OR)
        return all_or_any(d, argument, function == FUNCTION_AND, ret);
    if (function != FUNCTION_NOT)
        return template_refuse(d->eval.error, "Template error: a condition must be a condition "
                                              "function");
    if (!truth(d, value_at(argument, 0), ret))
        return false;
    *ret = !*ret;
    return true;
}

static bool decide(struct decider *d, size_t index)
{
    const struct value_member *m = &d->stack->t->conditions->map.members[index];

    if (d->progress[index] == DECIDED)
        return true;
    if (d->progress[index] == IN_PROGRESS)
        return template_refuse(d->eval.error,
                               "Template format error: Circular dependency in the Conditions block "
                               "of the template: [%.*s]",
                               STR(m->key));
    if (++d->chain > MAX_CHAIN)
        return template_refuse(d->eval.error, "Template error: conditions name each other too "
                                              "deeply");
    d->progress[index] = IN_PROGRESS;
    if (!truth(d, m->value, &d->stack->conditions[index]))
        return false;
    d->progress[index] = DECIDED;
    d->chain--;
    return true;
}

bool template_decide_conditions(struct template_error *e, struct template_stack *s)
{
    size_t count = value_count(s->t->conditions);
    struct decider d = {
        .eval = { .error = e, .stack = s },
        .stack = s,
        .progress = arena_array(e->arena, enum progress, count),
    };

    s->conditions = arena_array(e->arena, bool, count);
    for (size_t i = 0; i < count; i++)
        if (!decide(&d, i))
            return false;
    return true;
}
