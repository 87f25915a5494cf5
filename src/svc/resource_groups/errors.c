/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/errors.h"

const struct service_error resource_groups_errors[GROUPS_N_ERRORS] = {
    { GROUPS_BAD_REQUEST, "BadRequestException", 400 },
    { GROUPS_NOT_FOUND, "NotFoundException", 404 },
};
