/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

enum lambda_outcome {
    LAMBDA_NOT_FOUND = OP_FIRST,
    LAMBDA_CONFLICT,
    LAMBDA_INVALID_PARAMETER,
    LAMBDA_CODE_TOO_LARGE,
    LAMBDA_PRECONDITION_FAILED,
    LAMBDA_INVALID_REQUEST,
    LAMBDA_POLICY_TOO_LONG,
    LAMBDA_END,
};

#define LAMBDA_N_ERRORS (LAMBDA_END - OP_FIRST)

extern const struct service_error lambda_errors[LAMBDA_N_ERRORS];
