/* SPDX-License-Identifier: Apache-2.0 */
/* CloudFormation's outcomes and the names they have on the wire. */
#pragma once

#include "api/service.h"

enum cfn_outcome {
    CFN_ALREADY_EXISTS = OP_FIRST,
    CFN_LIMIT_EXCEEDED,
    CFN_INSUFFICIENT_CAPABILITIES,
    CFN_NAME_EXISTS,
    CFN_SET_NOT_FOUND,
    CFN_SET_NOT_EMPTY,
    CFN_INSTANCE_NOT_FOUND,
    CFN_OPERATION_NOT_FOUND,
    CFN_OPERATION_EXISTS,
    CFN_OPERATION_IN_PROGRESS,
    CFN_INVALID_OPERATION,
    CFN_END,
};

#define CFN_N_ERRORS (CFN_END - OP_FIRST)

extern const struct service_error cfn_errors[CFN_N_ERRORS];
