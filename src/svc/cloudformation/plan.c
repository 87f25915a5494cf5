/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/plan.h"

#include "base/hex.h"
#include "base/json.h"
#include "base/yaml.h"

#include "svc/cloudformation/errors.h"

/* clang-format off */
static const struct field parameter_fields[] = {
    STRING(struct parameter, key,   "ParameterKey",   OPTIONAL),
    STRING(struct parameter, value, "ParameterValue", OPTIONAL | SENSITIVE),
};
/* clang-format on */
const struct shape parameter_shape = SHAPE("Parameter", struct parameter, parameter_fields);

const char *const capabilities[] = { "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM",
                                     "CAPABILITY_AUTO_EXPAND", NULL };

static int open_template(struct arena *a, struct str body, const struct template **ret,
                         struct str *ret_why)
{
    struct value *document;
    struct str why;

    int parsed = yaml_or_json_parse(a, body, &document, &why);
    if (parsed > 0) {
        *ret_why = arena_fmt(a, "Template format error: %.*s", STR(why));
        return PLAN_INVALID;
    }
    TRY(parsed);
    int opened = template_open(a, document, ret, ret_why);
    if (opened > 0)
        return PLAN_INVALID;
    TRY(opened);
    return 0;
}

int plan_read(struct op *op, struct str body, const struct template **ret)
{
    struct str why;

    if (!str_is_set(body))
        return op_invalid(op, "Either Template URL or Template Body must be specified.");
    if (body.len > TEMPLATE_MAX_BODY)
        return op_invalid(op,
                          "1 validation error detected: Value at 'templateBody' failed to "
                          "satisfy constraint: Member must have length less than or equal to %d",
                          TEMPLATE_MAX_BODY);
    int opened = open_template(op->arena, body, ret, &why);
    if (opened == PLAN_INVALID)
        return op_invalid(op, "%.*s", STR(why));
    TRY(opened);
    return 0;
}

int plan_check_capabilities(struct op *op, const struct template *t, struct strs given)
{
    struct str missing = template_missing_capability(t, given);

    if (!str_is_set(missing))
        return 0;
    return op_fail(op, CFN_INSUFFICIENT_CAPABILITIES, "Requires capabilities : [%.*s]",
                   STR(missing));
}

/* --- parameters ----------------------------------------------------------- */

struct value *parameters_map(struct arena *a, const struct list *parameters)
{
    struct value *map = value_map(a);

    for (size_t i = 0; i < parameters->count; i++) {
        const struct parameter *p = LIST_ITEM(struct parameter, *parameters, i);
        if (str_is_set(p->key))
            value_set_str(a, map, p->key, str_or_empty(p->value));
    }
    return map;
}

struct str parameters_seal(const struct plane *plane, struct arena *a, struct str about,
                           const struct value *map)
{
    return base64_encode(a, seal(a, plane->master_key, about, json_format(a, map)));
}

int parameters_open(const struct plane *plane, struct arena *a, struct str about, struct str sealed,
                    struct value **ret)
{
    struct str box, text;

    if (!base64_decode(a, sealed, &box) || !unseal(a, plane->master_key, about, box, &text))
        return err_fault(EBADMSG, "the parameters of %.*s cannot be unsealed", STR(about));
    TRY(json_parse(a, text, ret, NULL));
    return 0;
}

struct list parameters_view(struct arena *a, const struct template *t, const struct value *given,
                            bool with_defaults)
{
    struct parameter *items = arena_array(a, struct parameter, t->n_parameters + 1);
    size_t count = 0;

    for (size_t i = 0; i < t->n_parameters; i++) {
        const struct template_parameter *p = &t->parameters[i];
        struct str value = value_get_str(given, p->name);
        if (!str_is_set(value) && with_defaults)
            value = p->otherwise;
        if (!str_is_set(value))
            continue;
        items[count++] = (struct parameter){ p->name, p->no_echo ? S("****") : value };
    }
    return (struct list){ items, count };
}

/* --- bound ---------------------------------------------------------------- */

int plan_bind(struct arena *a, const struct template *t, const struct value *parameters,
              const struct stack *stack, const struct template_stack **ret, struct str *ret_why)
{
    size_t n_given = value_count(parameters);
    struct template_given *given = arena_array(a, struct template_given, n_given + 1);
    struct template_place place = {
        .account = stack->account,
        .region = stack->region,
        .partition = S("aws"),
        .url_suffix = S("amazonaws.com"),
        .stack_id = stack->id,
        .stack_name = stack->name,
    };

    for (size_t i = 0; i < n_given; i++)
        given[i] = (struct template_given){ parameters->map.members[i].key,
                                            value_str(parameters->map.members[i].value) };
    int bound = template_bind(a, t, given, n_given, &place, ret, ret_why);
    if (bound > 0)
        return PLAN_INVALID;
    TRY(bound);
    return 0;
}

int plan_of(const struct plane *plane, struct arena *a, const struct stack *stack,
            const struct template_stack **ret)
{
    const struct template *t;
    struct value *parameters;
    struct str why;

    TRY(parameters_open(plane, a, stack->id, stack->parameters, &parameters));
    TRY(open_template(a, stack->template, &t, &why));
    TRY(plan_bind(a, t, parameters, stack, ret, &why));
    return 0;
}

const struct template_stack *plan_masked(struct arena *a, const struct template_stack *bound)
{
    struct template_stack *copy = arena_new(a, struct template_stack);
    size_t count = bound->t->n_parameters;

    *copy = *bound;
    copy->values = arena_array(a, struct value *, count + 1);
    for (size_t i = 0; i < count; i++)
        copy->values[i] =
            bound->t->parameters[i].no_echo ? value_string(a, S("****")) : bound->values[i];
    return copy;
}

const struct value *plan_lookup(void *context, struct str id, struct str attribute)
{
    const struct plan_rows *rows = context;
    struct value *attributes;

    for (size_t i = 0; i < rows->count; i++) {
        const struct resource *r = &rows->items[i];
        if (!str_eq(r->id, id))
            continue;
        if (!str_is_set(attribute))
            return str_is_set(r->physical) ? value_string(rows->arena, r->physical) : NULL;
        if (!str_is_set(r->attributes) ||
            json_parse(rows->arena, r->attributes, &attributes, NULL) != 0)
            return NULL;
        return value_get(attributes, attribute);
    }
    return NULL;
}
