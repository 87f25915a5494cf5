/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/errors.h"

const struct service_error s3_errors[S3_N_ERRORS] = {
    { S3_NO_BUCKET, "NoSuchBucket", 404 },
    { S3_NO_KEY, "NoSuchKey", 404 },
    { S3_BUCKET_EXISTS, "BucketAlreadyExists", 409 },
    { S3_BUCKET_YOURS, "BucketAlreadyOwnedByYou", 409 },
    { S3_BUCKET_NOT_EMPTY, "BucketNotEmpty", 409 },
    { S3_BUCKET_NAME, "InvalidBucketName", 400 },
    { S3_TOO_MANY_BUCKETS, "TooManyBuckets", 400 },
    { S3_LOCATION, "IllegalLocationConstraintException", 400 },
    { S3_KEY_TOO_LONG, "KeyTooLongError", 400 },
    { S3_METADATA_TOO_LARGE, "MetadataTooLarge", 400 },
    { S3_INVALID_DIGEST, "InvalidDigest", 400 },
    { S3_BAD_DIGEST, "BadDigest", 400 },
    { S3_NO_ACLS, "AccessControlListNotSupported", 400 },
    { S3_PRECONDITION, "PreconditionFailed", 412 },
    { S3_NOT_MODIFIED, "NotModified", 304 },
    { S3_RANGE, "InvalidRange", 416 },
    { S3_INVALID_ARGUMENT, "InvalidArgument", 400 },
    { S3_INCOMPLETE_BODY, "IncompleteBody", 400 },
};
