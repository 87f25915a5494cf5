/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CloudFormation's template language: what a template declares, what it needs,
 * in which order its resources are made and with which properties. It creates
 * nothing and knows no resource type; what a resource's Ref and attributes are,
 * the caller answers through `template_lookup`.
 *
 * template_open() reads a template, template_bind() ties it to parameters and
 * to a stack, and then template_properties() and template_outputs() resolve it
 * bit by bit as resources come into being. All are deterministic, so a stack in
 * progress is its template, its parameters and its resources' answers; nothing
 * else need be stored.
 *
 * Refused: Transform, Rules, Fn::GetAZs, Fn::Cidr, Fn::ImportValue, Export,
 * CreationPolicy, UpdatePolicy, and parameters of AWS-specific and SSM types.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#include "engine/regex.h"

#define TEMPLATE_MAX_PARAMETERS      200
#define TEMPLATE_MAX_RESOURCES       500
#define TEMPLATE_MAX_OUTPUTS         200
#define TEMPLATE_MAX_MAPPINGS        200
#define TEMPLATE_MAX_CONDITIONS      500 /* ours; AWS names none */
#define TEMPLATE_MAX_NAME            255
#define TEMPLATE_MAX_DESCRIPTION     1024
#define TEMPLATE_MAX_PARAMETER_VALUE 4096
#define TEMPLATE_MAX_RESOLVED        (4U << 20) /* bytes that functions may make in one call */

enum template_outcome {
    TEMPLATE_INVALID = 1, /* CloudFormation's ValidationError; the sentence is in *ret_why */
};

enum template_type {
    TEMPLATE_STRING,
    TEMPLATE_NUMBER,
    TEMPLATE_NUMBER_LIST, /* List<Number> */
    TEMPLATE_STRING_LIST, /* CommaDelimitedList */
};

struct template_parameter {
    struct str name, type_name, description, constraint;
    enum template_type type;
    struct str otherwise; /* its Default; absent if it has none */
    struct strs allowed;
    struct str pattern_text;
    const struct regex *pattern;
    int64_t min_length, max_length; /* max < 0: none */
    double min_value, max_value;
    bool has_min, has_max, no_echo;
};

enum template_policy {
    TEMPLATE_DELETE,
    TEMPLATE_RETAIN,
    TEMPLATE_RETAIN_EXCEPT_ON_CREATE,
};

struct template_resource {
    struct str id, type, condition; /* condition absent: always there */
    const struct value *properties; /* unresolved; NULL if it has none */
    const struct value *metadata;
    struct strs depends_on;
    enum template_policy deletion, replacement;
};

struct template_output {
    struct str name, description, condition;
    const struct value *value;
};

enum template_capability {
    TEMPLATE_IAM = BIT(0),       /* CAPABILITY_IAM */
    TEMPLATE_NAMED_IAM = BIT(1), /* CAPABILITY_NAMED_IAM, which covers the other */
};

/* clang-format takes the name for C++. */
/* clang-format off */
struct template {
    struct str description;
    const struct value *metadata, *mappings, *conditions;
    struct template_parameter *parameters;
    struct template_resource *resources;
    struct template_output *outputs;
    size_t n_parameters, n_resources, n_outputs;
    unsigned capabilities;
    struct strs capability_types; /* the resource types that want them, each once */
};
/* clang-format on */

/* Keeps views into the document. */
MUST_CHECK int template_open(struct arena *a, const struct value *document,
                             const struct template **ret, struct str *ret_why);

/* Where the stack is: the pseudo parameters. */
struct template_place {
    struct str account, region, partition, url_suffix, stack_id, stack_name;
    struct strs notification_arns;
};

struct template_given {
    struct str name, value;
};

/* One resource to make, and what must be there before it. */
struct template_step {
    size_t resource; /* index into the template's resources */
    unsigned level;  /* 0: needs nothing; else one above the highest it needs */
    size_t *needs;   /* indices into the template's resources */
    size_t n_needs;
};

struct template_stack {
    const struct template *t;
    struct template_place place;
    struct str *texts;           /* of each parameter, as given or by default */
    struct value **values;       /* of each parameter, as Ref gives it */
    bool *conditions;            /* of each condition */
    bool *exists;                /* of each resource: its condition holds */
    struct template_step *steps; /* in the order of creation; deletion is the reverse */
    size_t n_steps;
};

/* Checks the parameters, decides the conditions and plans. Outcome: TEMPLATE_INVALID. */
MUST_CHECK int template_bind(struct arena *a, const struct template *t,
                             const struct template_given *given, size_t n_given,
                             const struct template_place *place, const struct template_stack **ret,
                             struct str *ret_why);

/*
 * What a created resource answers: to Ref where `attribute` is absent, else to
 * Fn::GetAtt. NULL if its type has no such attribute. Asked only for what the
 * resource being resolved needs.
 */
typedef const struct value *template_lookup(void *context, struct str id, struct str attribute);

/* The resource's properties with every function resolved; an empty map if it has none.
 * Outcome: TEMPLATE_INVALID. */
MUST_CHECK int template_properties(struct arena *a, const struct template_stack *s, size_t resource,
                                   template_lookup *lookup, void *context, struct value **ret,
                                   struct str *ret_why);

struct template_result {
    const struct template_output *output;
    struct str value;
};

/* The outputs whose conditions hold. Outcome: TEMPLATE_INVALID. */
MUST_CHECK int template_outputs(struct arena *a, const struct template_stack *s,
                                template_lookup *lookup, void *context,
                                struct template_result **ret, size_t *ret_count,
                                struct str *ret_why);

const struct template_parameter *template_find_parameter(const struct template *t, struct str name);
/* The index, or -1. */
ptrdiff_t template_find_resource(const struct template *t, struct str id);

/* "CAPABILITY_IAM", "CAPABILITY_NAMED_IAM" or absent: what a caller must acknowledge who
 * acknowledged only `given`. */
struct str template_missing_capability(const struct template *t, struct strs given);
