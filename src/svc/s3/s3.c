/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/s3/s3.h"

#include "svc/s3/errors.h"
#include "svc/s3/object.h"
#include "svc/s3/operations.h"
#include "svc/s3/schema.h"

static const struct operation *const nouns[] = { bucket_operations, list_operations,
                                                 object_operations, NULL };

static const char *const blob_uses[] = { "SELECT 1 FROM s3_object WHERE blob = $1 LIMIT 1", NULL };

const struct service s3_service = {
    .name = "s3",
    .xml_namespace = "http://s3.amazonaws.com/doc/2006-03-01/",
    .protocol = PROTOCOL_REST_XML,
    .nouns = nouns,
    .errors = s3_errors,
    .n_errors = S3_N_ERRORS,
    .schema = &s3_schema,
    .blob_uses = blob_uses,
    .max_body = OBJECT_MAX_SIZE,
};
