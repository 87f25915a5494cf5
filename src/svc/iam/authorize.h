/* SPDX-License-Identifier: Apache-2.0 */
/* Authorization with the condition keys that IAM's own writes have. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

struct iam_keys {
    struct str policy_arn;           /* iam:PolicyARN */
    struct str boundary;             /* iam:PermissionsBoundary */
    const struct list *request_tags; /* struct tag: aws:RequestTag/..., aws:TagKeys */
    const struct strs *tag_keys;     /* of untagging: aws:TagKeys */
};

/* As op_authorize(): the operation of `op` on `arn`. */
MUST_CHECK int authorize_with(struct op *op, struct str arn, const struct iam_keys *keys);
