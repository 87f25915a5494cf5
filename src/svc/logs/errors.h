/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

enum logs_outcome {
    LOGS_NOT_FOUND = OP_FIRST,
    LOGS_ALREADY_EXISTS,
    LOGS_INVALID_PARAMETER,
    LOGS_LIMIT_EXCEEDED,
    LOGS_END,
};

#define LOGS_N_ERRORS (LOGS_END - OP_FIRST)

extern const struct service_error logs_errors[LOGS_N_ERRORS];
