/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/iam.h"

#include "svc/iam/errors.h"
#include "svc/iam/operations.h"
#include "svc/iam/schema.h"

static const struct operation *const nouns[] = {
    user_operations,    access_key_operations,
    role_operations,    boundary_operations,
    inline_operations,  attachment_operations,
    tag_operations,     managed_operations,
    version_operations, NULL,
};

const struct service iam_service = {
    .name = "iam",
    .version = "2010-05-08",
    .xml_namespace = "https://iam.amazonaws.com/doc/2010-05-08/",
    .protocol = PROTOCOL_QUERY,
    .is_global = true,
    .nouns = nouns,
    .errors = iam_errors,
    .n_errors = IAM_N_ERRORS,
    .schema = &iam_schema,
};
