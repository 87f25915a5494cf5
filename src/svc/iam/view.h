/* SPDX-License-Identifier: Apache-2.0 */
/* Parts that several of IAM's answers have in common. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

struct boundary_view {
    struct str type, arn;
};

extern const struct shape boundary_shape;

/* NULL where there is none. */
struct boundary_view *boundary_view(struct arena *a, struct str arn);

/* The tags of an ARN as a field of an answer. */
MUST_CHECK int tags_view(struct op *op, struct str arn, struct list *ret);
