/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled form of a policy, shared by the policy_*.c files only.
 */
#pragma once

#include "engine/policy.h"

/* One request being decided. */
struct policy_eval {
    struct arena *arena;
    const struct policy_request *request;
    struct str action; /* in lower case */
};

/* Values of a context key, `count` 0 if it is absent. */
struct strs policy_context(const struct policy_eval *e, struct str key);

enum pattern_form {
    PATTERN_ANY,      /* "*" */
    PATTERN_EXACT,    /* nothing special in it */
    PATTERN_GLOB,     /* '*' or '?' in it */
    PATTERN_VARIABLE, /* "${...}" in it, known only at the request */
};

struct pattern {
    enum pattern_form form;
    struct str text;
    size_t n_literal; /* leading bytes that stand for themselves: the cheap first test */
};

struct patterns {
    struct pattern *items;
    size_t count;
};

enum pattern_flags {
    PATTERN_WILDCARDS = BIT(0), /* '*' and '?' are wildcards */
    PATTERN_FOLD = BIT(1),      /* ASCII case does not count */
};

struct pattern pattern_compile(struct str text, unsigned flags, bool variables);
bool pattern_match(const struct policy_eval *e, const struct pattern *p, unsigned flags,
                   struct str s);
/* Component by component, as ArnLike does. */
bool pattern_match_arn(const struct policy_eval *e, const struct pattern *p, struct str s);

enum condition_family {
    CONDITION_STRING,
    CONDITION_NUMERIC,
    CONDITION_DATE,
    CONDITION_BOOL,
    CONDITION_IP,
    CONDITION_ARN,
    CONDITION_NULL,
};

enum condition_order {
    CONDITION_EQUAL,
    CONDITION_LESS,
    CONDITION_LESS_EQUAL,
    CONDITION_GREATER,
    CONDITION_GREATER_EQUAL,
};

struct condition_operator {
    const char *name;
    enum condition_family family;
    enum condition_order order;
    unsigned flags; /* enum pattern_flags, of strings */
    bool negated;
};

enum condition_set {
    CONDITION_PLAIN,
    CONDITION_FOR_ALL,
    CONDITION_FOR_ANY,
};

struct ip_range {
    uint8_t bytes[16]; /* IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
};

/* One value of a condition, ready to compare. Which member counts is the family's. */
struct condition_value {
    struct pattern pattern;
    double number;
    msec time;
    bool truth;
    struct ip_range range;
};

struct condition {
    const struct condition_operator *op;
    enum condition_set set;
    bool if_exists;
    struct str key;
    struct condition_value *values;
    size_t n_values;
};

/* Appends the conditions of one "Condition" block. False with *ret_why. */
bool condition_compile(struct arena *a, const struct value *block, bool variables,
                       struct condition **ret, size_t *ret_count, struct str *ret_why);
bool condition_holds(const struct policy_eval *e, const struct condition *c);

enum principal_form {
    PRINCIPAL_IS_ANYONE,
    PRINCIPAL_IS_ACCOUNT,
    PRINCIPAL_IS_ARN,
    PRINCIPAL_IS_SERVICE,
    PRINCIPAL_IS_FEDERATED, /* kept, matches nobody: there is no federation */
};

struct principal_entry {
    enum principal_form form;
    struct str text;
};

struct policy_statement {
    bool is_deny, not_action, not_resource, not_principal;
    struct patterns actions, resources; /* no resources: the policy hangs on its resource */
    struct principal_entry *principals;
    size_t n_principals;
    struct condition *conditions;
    size_t n_conditions;
};

struct policy {
    enum policy_kind kind;
    struct policy_statement *statements;
    size_t n_statements;
};

/* A scalar or a list of scalars, as texts. False if it is anything else. */
bool policy_texts(struct arena *a, const struct value *v, struct strs *ret);
