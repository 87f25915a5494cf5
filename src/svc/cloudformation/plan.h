/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A template text and its parameters made ready for use, the same way for requests,
 * for the machine of a stack and for stack sets.
 */
#pragma once

#include "api/ports.h"
#include "engine/template.h"
#include "wire/shape.h"

#include "svc/cloudformation/stack.h"

#define TEMPLATE_MAX_BODY 51200

enum plan_outcome {
    PLAN_INVALID = 1, /* the sentence is in *ret_why */
};

/* --- in requests ---------------------------------------------------------- */

struct parameter {
    struct str key, value;
};
extern const struct shape parameter_shape;
extern const char *const capabilities[];

/* Checks the template of a request. Outcomes: OP_INVALID. */
MUST_CHECK int plan_read(struct op *op, struct str body, const struct template **ret);

/* That the caller acknowledged what the template makes. Outcome: CFN_INSUFFICIENT_CAPABILITIES. */
MUST_CHECK int plan_check_capabilities(struct op *op, const struct template *t, struct strs given);

/* --- parameters: a map from name to value --------------------------------- */

struct value *parameters_map(struct arena *a, const struct list *parameters);

/* Sealed, as they are stored; `about` is the id of what they belong to. */
struct str parameters_seal(const struct plane *plane, struct arena *a, struct str about,
                           const struct value *map);
MUST_CHECK int parameters_open(const struct plane *plane, struct arena *a, struct str about,
                               struct str sealed, struct value **ret);

/* As they are shown: with defaults, NoEcho ones as ****. `given` may be NULL. */
struct list parameters_view(struct arena *a, const struct template *t, const struct value *given,
                            bool with_defaults);

/* --- bound ---------------------------------------------------------------- */

/* Outcome: PLAN_INVALID. */
MUST_CHECK int plan_bind(struct arena *a, const struct template *t, const struct value *parameters,
                         const struct stack *stack, const struct template_stack **ret,
                         struct str *ret_why);

/* The stored stack's. What was once accepted is valid: a fault otherwise. */
MUST_CHECK int plan_of(const struct plane *plane, struct arena *a, const struct stack *stack,
                       const struct template_stack **ret);

/* The same with the NoEcho parameters as ****, to be shown. */
const struct template_stack *plan_masked(struct arena *a, const struct template_stack *bound);

/* template_lookup over rows. */
struct plan_rows {
    struct arena *arena;
    const struct resource *items;
    size_t count;
};
const struct value *plan_lookup(void *context, struct str id, struct str attribute);
