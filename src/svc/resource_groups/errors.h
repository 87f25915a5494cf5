/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

enum resource_groups_outcome {
    GROUPS_BAD_REQUEST = OP_FIRST,
    GROUPS_NOT_FOUND,
    GROUPS_END,
};

#define GROUPS_N_ERRORS (GROUPS_END - OP_FIRST)

extern const struct service_error resource_groups_errors[GROUPS_N_ERRORS];
