/* SPDX-License-Identifier: Apache-2.0 */
/* A bucket: its row, its name's rules, and who may use it. */
#pragma once

#include "api/op.h"

#define BUCKETS_MAX 1000 /* of one account */

struct bucket {
    struct str name, account, region;
    msec created_at;
};

/* What is not a name by S3's rules ("Bucket naming rules"), or is kept for the plane. */
bool bucket_name_is_valid(struct str name);

struct str bucket_arn(struct op *op, struct str name);

/* The bucket, if it is there, is `expected_owner`'s (absent: anybody's) and the caller may
 * do `action` on `resource` in it. S3_NO_BUCKET, OP_DENIED, or OP_UNSUPPORTED for a request
 * with headers that the operation does not carry out. */
MUST_CHECK int bucket_enter(struct op *op, struct str name, struct str expected_owner,
                            struct str action, struct str resource, struct bucket *ret);

/* Headers that ask for what is not done here: x-amz-... and the standard ones that S3 gives
 * a meaning, unless the operation's table has them. OP_UNSUPPORTED. */
MUST_CHECK int request_check_headers(struct op *op);

/* --- store: outcomes DB_NO_ROW, DB_CONFLICT ------------------------------- */

MUST_CHECK int bucket_get(struct db *db, struct arena *a, struct str name, struct bucket *ret);
MUST_CHECK int bucket_insert(struct op *op, const struct bucket *b);
MUST_CHECK int bucket_delete(struct op *op, struct str name);
MUST_CHECK int bucket_count(struct op *op, int64_t *ret);
MUST_CHECK int bucket_list(struct op *op, struct bucket **ret, size_t *ret_count);
MUST_CHECK int bucket_is_empty(struct op *op, struct str name, bool *ret);
