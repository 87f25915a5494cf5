/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/iam/errors.h"

const struct service_error iam_errors[IAM_N_ERRORS] = {
    { IAM_NO_SUCH_ENTITY, "NoSuchEntity", 404 },
    { IAM_ENTITY_ALREADY_EXISTS, "EntityAlreadyExists", 409 },
    { IAM_DELETE_CONFLICT, "DeleteConflict", 409 },
    { IAM_MALFORMED_POLICY_DOCUMENT, "MalformedPolicyDocument", 400 },
    { IAM_LIMIT_EXCEEDED, "LimitExceeded", 409 },
    { IAM_INVALID_INPUT, "InvalidInput", 400 },
};
