/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

enum events_outcome {
    EVENTS_NOT_FOUND = OP_FIRST,
    EVENTS_LIMIT_EXCEEDED,
    EVENTS_END,
};

#define EVENTS_N_ERRORS (EVENTS_END - OP_FIRST)

extern const struct service_error events_errors[EVENTS_N_ERRORS];
