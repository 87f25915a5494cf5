/* SPDX-License-Identifier: Apache-2.0 */
/* What several operations have in common: how a stack is named, found, paged. */
#pragma once

#include "api/tags.h"
#include "wire/shape.h"

#include "svc/cloudformation/stack.h"

#define PAGE_SIZE 100

/* "Stack with id X does not exist", as a ValidationError. */
MUST_CHECK int stack_must(struct op *op, struct str name_or_id, struct stack *ret);

/* The ARN to authorize for a name or id. */
struct str stack_resource(struct op *op, struct str name_or_id);

extern const struct shape cfn_tag_shape; /* struct tag; a value is never empty here */

bool stack_name_is_valid(struct str s);
bool token_is_valid(struct str s);

struct strs strings_of(struct arena *a, struct str json); /* a stored JSON list of strings */
struct list tags_from(struct arena *a, struct str json);  /* a stored list of Key/Value */
struct str tags_to(struct arena *a, const struct list *tags);

/* The position of a page that goes on below a number. Outcome: OP_INVALID. */
MUST_CHECK int page_below(struct op *op, struct str token, int64_t *ret_before);

#define TOKEN_PATTERN "[a-zA-Z0-9][-a-zA-Z0-9]*"
/* clang-format off */
#define STACK_NAME_FIELD(T, FLAGS) STRING(T, name, "StackName", FLAGS, LENGTH(1, 2048))
#define NEXT_TOKEN_FIELD(T)        STRING(T, next_token, "NextToken", OPTIONAL, LENGTH(1, 1024))
#define REQUEST_TOKEN_FIELD(T)                                                                     \
    STRING(T, token, "ClientRequestToken", OPTIONAL, LENGTH(1, 128), .matches = token_is_valid,    \
           .pattern = TOKEN_PATTERN)
/* clang-format on */
