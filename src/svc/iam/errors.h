/* SPDX-License-Identifier: Apache-2.0 */
/* IAM's outcomes and the names they have on the wire. */
#pragma once

#include "api/service.h"

enum iam_outcome {
    IAM_NO_SUCH_ENTITY = OP_FIRST,
    IAM_ENTITY_ALREADY_EXISTS,
    IAM_DELETE_CONFLICT,
    IAM_MALFORMED_POLICY_DOCUMENT,
    IAM_LIMIT_EXCEEDED,
    IAM_INVALID_INPUT,
};

#define IAM_N_ERRORS 6

extern const struct service_error iam_errors[IAM_N_ERRORS];
