/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The resource types: what properties they have, and how one is made and unmade by
 * calls to the service that owns it. Every call runs as the owner of the stack.
 *
 * Making is done at least once: a crash between a call and its record repeats it. So
 * whatever is made carries the tags aws:cloudformation:stack-id and -logical-id from its
 * first call on, and "it exists already" is looked into: with our tags it is the work of
 * an attempt that was cut short, without it is somebody else's and a failure. A lambda
 * permission has no tags; its statement id has a random end and is ours alone.
 */
#pragma once

#include "api/aws_client.h"
#include "api/task.h"

#include "svc/cloudformation/properties.h"
#include "svc/cloudformation/stack.h"

enum step_outcome {
    STEP_FAILED = 1, /* the reason is in step.why */
    STEP_TAKEN = 2,  /* of make(): there is one of that name; step.why says so */
};

struct step {
    struct task_run *run;
    struct arena *arena;
    const struct principal *as;
    const struct stack *stack;
    const struct resource *resource;
    const struct value *stack_tags; /* Key/Value members */
    struct value *properties;       /* as the type's table converts them */
    struct str physical;
    struct value *attributes; /* what Fn::GetAtt gives */
    bool is_made;
    struct str why;
};

struct resource_type {
    const char *name;
    const struct property *properties;
    const char *name_property; /* what names it; NULL or not given: a generated name */
    size_t name_max;
    const char *tags_property;        /* the user's own: NULL if it has none */
    struct str (*arn)(struct step *); /* that carries its tags; NULL: it has none */
    int (*make)(struct step *);       /* outcomes: STEP_FAILED, STEP_TAKEN */
    int (*finish)(struct step *);     /* what may be repeated; NULL: nothing. STEP_FAILED */
    int (*unmake)(struct step *);     /* what is gone already is success. STEP_FAILED */
};

extern const struct resource_type type_events_rule;
extern const struct resource_type type_iam_role;
extern const struct resource_type type_lambda_function;
extern const struct resource_type type_lambda_permission;
extern const struct resource_type type_resource_group;
extern const struct resource_type type_ssm_document;

const struct resource_type *type_find(struct str name); /* NULL if there is none */

/* Outcome: STEP_FAILED. `properties` are resolved, not yet converted. */
MUST_CHECK int type_create(struct step *s, const struct value *properties);
MUST_CHECK int type_delete(struct step *s, const struct value *properties);

/* --- for the types -------------------------------------------------------- */

/* STEP_FAILED with this reason. */
PRINTF(2, 3) int step_fail(struct step *s, const char *fmt, ...);

/* A call as the stack's principal in the stack's Region. What is worth a retry is a fault; any
 * other refusal, but one of the code `but`, is STEP_FAILED with the refusal as the reason. */
MUST_CHECK int step_do(struct step *s, const char *service, const char *operation, struct value *in,
                       const char *but, struct aws_result *ret);

/* in[name] = properties[name], if it is there. */
void step_take(struct step *s, struct value *in, const char *name);

/* The stack's marks, the stack's tags, the resource's own (which win). */
struct value *step_tags(struct step *s);    /* a list of Key/Value */
struct value *step_tag_map(struct step *s); /* the same as a map */

struct str step_arn(struct step *s, const char *service, const char *kind);
void step_attribute(struct step *s, const char *name, struct str value);
