/* SPDX-License-Identifier: Apache-2.0 */
/* What the operations on stack sets have in common. */
#pragma once

#include "svc/cloudformation/set.h"
#include "svc/cloudformation/view.h"

#define SET_PAGE 100

struct set_listing {
    struct list items;
    struct str next_token;
};

extern const char *const call_as[];
extern const char *const permission_models[];

bool account_is_valid(struct str s);
bool region_is_valid(struct str s);

/* Acting as a delegated administrator is refused. Outcome: OP_UNSUPPORTED. */
MUST_CHECK int call_as_self(struct op *op, struct str call_as);

/* The ARN to authorize for a set's name or id. */
struct str set_resource(struct op *op, struct str name_or_id);

/* clang-format off */
#define SET_NAME_FIELD(T) STRING(T, name, "StackSetName", REQUIRED, LENGTH(1, 256))
#define CALL_AS_FIELD(T)  STRING(T, call_as, "CallAs", OPTIONAL, .values = call_as)
#define SET_PAGING_FIELDS(T)                                                                       \
    STRING(T, next_token, "NextToken", OPTIONAL, LENGTH(1, 1024)),                                 \
    INTEGER(T, max_results, "MaxResults", OPTIONAL, RANGE(1, SET_PAGE), DEFAULT(SET_PAGE))
#define OPERATION_ID_FIELD(T, FLAGS)                                                               \
    STRING(T, operation, "OperationId", FLAGS, LENGTH(1, 128), .matches = token_is_valid,          \
           .pattern = TOKEN_PATTERN)
/* clang-format on */
