/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/errors.h"

const struct service_error events_errors[EVENTS_N_ERRORS] = {
    { EVENTS_NOT_FOUND, "ResourceNotFoundException", 400 },
    { EVENTS_LIMIT_EXCEEDED, "LimitExceededException", 400 },
};
