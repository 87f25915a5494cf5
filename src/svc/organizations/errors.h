/* SPDX-License-Identifier: Apache-2.0 */
/* Organizations' outcomes and the names they have on the wire. */
#pragma once

#include "api/service.h"

enum organizations_outcome {
    ORG_NOT_IN_USE = OP_FIRST,
    ORG_ALREADY_IN_ORGANIZATION,
    ORG_ACCOUNT_NOT_FOUND,
    ORG_CHILD_NOT_FOUND,
    ORG_CONSTRAINT_VIOLATION,
    ORG_CREATION_NOT_FOUND,
    ORG_DESTINATION_NOT_FOUND,
    ORG_DUPLICATE_ACCOUNT,
    ORG_DUPLICATE_UNIT,
    ORG_PARENT_NOT_FOUND,
    ORG_SOURCE_NOT_FOUND,
    ORG_UNIT_NOT_EMPTY,
    ORG_UNIT_NOT_FOUND,
};

#define ORG_N_ERRORS 13

extern const struct service_error organizations_errors[ORG_N_ERRORS];
