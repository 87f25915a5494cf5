/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shared by the template_*.c files only.
 */
#pragma once

#include "engine/template.h"

/* Every helper answers false once it has said why. */
struct template_error {
    struct arena *arena;
    struct str why;
};

/* Always false; the macro says so to who sees one file at a time. */
PRINTF(2, 3) bool(template_refuse)(struct template_error *e, const char *fmt, ...);
#define template_refuse(...) ((void)(template_refuse)(__VA_ARGS__), false)

/* "[A, B]" without the brackets. */
struct str template_names(struct arena *a, struct strs names);

ptrdiff_t template_find_condition(const struct template *t, struct str name);
bool template_is_pseudo(struct str name);

/* ---- template_parameter.c ---- */
bool template_read_parameters(struct template_error *e, const struct value *section,
                              struct template *t);
bool template_take_parameters(struct template_error *e, const struct template_given *given,
                              size_t n_given, struct template_stack *s);

/* ---- template_function.c: the functions' names and forms ---- */
enum function {
    FUNCTION_NONE, /* plain data */
    FUNCTION_REF,
    FUNCTION_GET_ATT,
    FUNCTION_SUB,
    FUNCTION_JOIN,
    FUNCTION_SELECT,
    FUNCTION_SPLIT,
    FUNCTION_FIND_IN_MAP,
    FUNCTION_BASE64,
    FUNCTION_IF,
    FUNCTION_EQUALS,
    FUNCTION_AND,
    FUNCTION_OR,
    FUNCTION_NOT,
};

/* Which function `v` calls, its argument in *ret_argument. False if it calls one that is
 * refused, or with the wrong number of arguments. */
bool template_function(struct template_error *e, const struct value *v, enum function *ret,
                       const struct value **ret_argument);

/* Fn::GetAtt's two forms. The attribute may be a Ref. */
bool template_get_att(struct template_error *e, const struct value *argument, struct str *ret_id,
                      const struct value **ret_attribute);

/* The next piece of a Fn::Sub text: plain text, or the name in "${name}". */
struct sub_piece {
    struct str text;
    bool is_name;
};
bool template_sub_next(struct template_error *e, struct str *rest, struct sub_piece *ret);

/* ---- template_walk.c: which names a value refers to ---- */
struct template_walk {
    struct template_error *error;
    const struct template *t;
    const bool *conditions; /* if decided: only the branch of Fn::If that is taken */
    bool skip_ifs;          /* nothing under Fn::If */
    bool no_resources;      /* in the Conditions section */
    bool *needs;            /* by resource: referred to */
    struct strs unresolved;
    size_t capacity;
};
bool template_walk_value(struct template_walk *w, const struct value *v);
bool template_walk_condition(struct template_walk *w, const struct value *v);
void template_walk_unresolved(struct template_walk *w, struct str name);

/* ---- template_eval.c ---- */
struct template_eval {
    struct template_error *error;
    const struct template_stack *stack;
    template_lookup *lookup; /* NULL: resources may not be asked */
    void *context;
    size_t made; /* bytes so far, against TEMPLATE_MAX_RESOLVED */
};
/* *ret is NULL where the value is AWS::NoValue. */
bool template_eval(struct template_eval *e, const struct value *v, struct value **ret);
bool template_eval_text(struct template_eval *e, const struct value *v, const char *what,
                        struct str *ret);

/* ---- template_condition.c ---- */
bool template_decide_conditions(struct template_error *e, struct template_stack *s);

/* ---- template_plan.c ---- */
/* Circular dependencies that no condition can open. */
bool template_check_cycles(struct template_error *e, const struct template *t);
