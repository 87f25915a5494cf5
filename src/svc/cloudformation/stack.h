/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A stack, its resources and its events, as they are stored. The rows are the whole
 * state of its machine (machine.h).
 */
#pragma once

#include "api/op.h"

#define STACK_KEPT        (90 * MSEC_DAY) /* how long a deleted one can be described by its id */
#define STACKS_PER_REGION 2000
#define STACK_TYPE        "AWS::CloudFormation::Stack"

struct stack {
    struct str id, account, region, name, description;
    struct str template, parameters; /* parameters: sealed, see plan.h */
    struct str principal;            /* who it acts as, JSON */
    struct str role_arn;             /* absent: as the principal itself */
    struct str status, reason, on_failure;
    struct str capabilities, tags, outputs; /* JSON */
    struct str token;                       /* of CreateStack */
    bool is_protected;
    int64_t timeout_minutes; /* 0: none */
    msec created_at, deleted_at;
};

/* What is known of a resource's existence. */
enum made {
    MADE_NOT,
    MADE_SURELY,
    MADE_PERHAPS, /* its making was never answered: whose it is must be looked up */
};

struct resource {
    struct str stack, id, type;
    int64_t position;                /* in the order of creation */
    struct str token;                /* random: the end of a generated name */
    struct str needs;                /* JSON list of logical ids */
    int policy;                      /* enum template_policy */
    struct str physical, attributes; /* attributes: JSON */
    struct str status, reason;       /* status "": not begun */
    int made;
    msec updated_at;
};

struct stack_event {
    int64_t number;
    struct str id, stack, logical, physical, type;
    msec happened_at;
    struct str status, reason, properties, token;
};

/* Outcome: DB_NO_ROW. By id, or by the name of one that is not deleted. */
MUST_CHECK int stack_get(struct db *db, struct arena *a, struct str id, struct stack *ret);
MUST_CHECK int stack_get_live(struct op *op, struct str name, struct stack *ret);
/* `name_or_id` as clients give it, of this account and Region. Outcome: DB_NO_ROW. */
MUST_CHECK int stack_find(struct op *op, struct str name_or_id, struct stack *ret);

MUST_CHECK int stack_insert(struct op *op, const struct stack *stack);
/* Status, reason, principal, role, outputs, protection, deleted_at. */
MUST_CHECK int stack_update(struct op *op, const struct stack *stack);
MUST_CHECK int stack_forget(struct op *op, struct str id);
MUST_CHECK int stack_count(struct op *op, int64_t *ret);

struct stack_page {
    bool with_deleted;
    msec before; /* 0: from the newest */
    struct str before_id;
    int64_t limit;
};

/* Newest first. */
MUST_CHECK int stack_list(struct op *op, const struct stack_page *page, struct stack **ret,
                          size_t *ret_count);

/* By position. */
MUST_CHECK int resource_list(struct db *db, struct arena *a, struct str stack,
                             struct resource **ret, size_t *ret_count);
MUST_CHECK int resource_insert(struct op *op, const struct resource *resource);
MUST_CHECK int resource_update(struct op *op, const struct resource *resource);

/* The id of the stack that a physical id belongs to. Outcome: DB_NO_ROW. */
MUST_CHECK int resource_stack_of(struct op *op, struct str physical, struct str *ret);

MUST_CHECK int event_insert(struct op *op, const struct stack_event *event);
/* Newest first, below `before`. */
MUST_CHECK int event_list(struct op *op, struct str stack, int64_t before, int64_t limit,
                          struct stack_event **ret, size_t *ret_count);
