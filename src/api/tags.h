/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one tag table. The owning service writes it in its own transaction;
 * groups, targets and policy conditions read it.
 */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

#define TAGS_MAX 50

struct tag {
    struct str key, value;
};

/* The two usual spellings of a list of tags on the wire: Key/Value members. */
extern const struct shape tag_shape; /* struct tag as {"Key","Value"} */

struct tagged {
    struct str arn, account, region;
    struct str type; /* "AWS::SSM::ManagedInstance" */
};

/* Add or overwrite; OP_INVALID with AWS's sentence for bad keys, aws: prefix, too many. */
MUST_CHECK int tags_put(struct op *op, const struct tagged *resource, const struct tag *tags,
                        size_t count);
MUST_CHECK int tags_remove(struct op *op, struct str arn, struct strs keys);
MUST_CHECK int tags_remove_all(struct op *op, struct str arn);
MUST_CHECK int tags_of(struct db *db, struct arena *a, struct str arn, struct tag **ret,
                       size_t *ret_count); /* sorted by key */

struct tag_filter {
    struct str key;
    struct strs values; /* empty: any value */
};

/* Resources of (account, Region) of one of `types` (empty: any) that satisfy every filter,
 * sorted by ARN, after `after`, at most `limit`. */
MUST_CHECK int tags_find(struct db *db, struct arena *a, struct str account, struct str region,
                         struct strs types, const struct tag_filter *filters, size_t n_filters,
                         struct str after, int64_t limit, struct tagged **ret, size_t *ret_count);
