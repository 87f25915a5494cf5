/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/errors.h"

const struct service_error cfn_errors[CFN_N_ERRORS] = {
    { CFN_ALREADY_EXISTS, "AlreadyExistsException", 400 },
    { CFN_LIMIT_EXCEEDED, "LimitExceededException", 400 },
    { CFN_INSUFFICIENT_CAPABILITIES, "InsufficientCapabilitiesException", 400 },
    { CFN_NAME_EXISTS, "NameAlreadyExistsException", 409 },
    { CFN_SET_NOT_FOUND, "StackSetNotFoundException", 404 },
    { CFN_SET_NOT_EMPTY, "StackSetNotEmptyException", 409 },
    { CFN_INSTANCE_NOT_FOUND, "StackInstanceNotFoundException", 404 },
    { CFN_OPERATION_NOT_FOUND, "OperationNotFoundException", 404 },
    { CFN_OPERATION_EXISTS, "OperationIdAlreadyExistsException", 409 },
    { CFN_OPERATION_IN_PROGRESS, "OperationInProgressException", 409 },
    { CFN_INVALID_OPERATION, "InvalidOperationException", 400 },
};
