/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/errors.h"

const struct service_error logs_errors[LOGS_N_ERRORS] = {
    { LOGS_NOT_FOUND, "ResourceNotFoundException", 400 },
    { LOGS_ALREADY_EXISTS, "ResourceAlreadyExistsException", 400 },
    { LOGS_INVALID_PARAMETER, "InvalidParameterException", 400 },
    { LOGS_LIMIT_EXCEEDED, "LimitExceededException", 400 },
};
