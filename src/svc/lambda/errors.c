/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/lambda/errors.h"

const struct service_error lambda_errors[LAMBDA_N_ERRORS] = {
    { LAMBDA_NOT_FOUND, "ResourceNotFoundException", 404 },
    { LAMBDA_CONFLICT, "ResourceConflictException", 409 },
    { LAMBDA_INVALID_PARAMETER, "InvalidParameterValueException", 400 },
    { LAMBDA_CODE_TOO_LARGE, "CodeStorageExceededException", 400 },
    { LAMBDA_PRECONDITION_FAILED, "PreconditionFailedException", 412 },
    { LAMBDA_INVALID_REQUEST, "InvalidRequestContentException", 400 },
    { LAMBDA_POLICY_TOO_LONG, "PolicyLengthExceededException", 400 },
};
