/* SPDX-License-Identifier: Apache-2.0 */
/* The outcomes of S3's operations; errors.c has AWS's names for them. */
#pragma once

#include "api/service.h"

enum s3_outcome {
    S3_NO_BUCKET = OP_FIRST,
    S3_NO_KEY,
    S3_BUCKET_EXISTS,
    S3_BUCKET_YOURS,
    S3_BUCKET_NOT_EMPTY,
    S3_BUCKET_NAME,
    S3_TOO_MANY_BUCKETS,
    S3_LOCATION,
    S3_KEY_TOO_LONG,
    S3_METADATA_TOO_LARGE,
    S3_INVALID_DIGEST,
    S3_BAD_DIGEST,
    S3_NO_ACLS,
    S3_PRECONDITION,
    S3_NOT_MODIFIED,
    S3_RANGE,
    S3_INVALID_ARGUMENT,
    S3_INCOMPLETE_BODY,
    S3_END,
};

#define S3_N_ERRORS (S3_END - OP_FIRST)

extern const struct service_error s3_errors[S3_N_ERRORS];
