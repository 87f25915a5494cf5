/* SPDX-License-Identifier: Apache-2.0 */
/* What a rule hands its events to. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

#define TARGETS_PER_RULE 5

struct target {
    struct str id, arn, role_arn, input;
    int64_t max_attempts; /* after the first; 0..185 */
    int64_t max_age;      /* seconds; 60..86400 */
};

#define TARGET_MAX_ATTEMPTS 185
#define TARGET_MAX_AGE      86400

enum target_kind {
    TARGET_FUNCTION,
    TARGET_AUTOMATION,
    TARGET_UNKNOWN,
};
enum target_kind target_kind_of(struct str arn);

/* --- store ---------------------------------------------------------------- */

MUST_CHECK int target_put(struct op *op, struct str rule, const struct target *target);
MUST_CHECK int target_remove(struct op *op, struct str rule, struct str id);
MUST_CHECK int target_list(struct op *op, struct str rule, struct target **ret,
                           size_t *ret_count); /* by id */
MUST_CHECK int target_rules(struct op *op, struct str arn, struct str after, int64_t limit,
                            struct strs *ret); /* names of the rules with that target */
