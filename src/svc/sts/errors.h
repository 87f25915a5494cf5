/* SPDX-License-Identifier: Apache-2.0 */
/* STS's outcomes and the names they have on the wire. */
#pragma once

#include "api/service.h"

enum sts_outcome {
    STS_MALFORMED_POLICY_DOCUMENT = OP_FIRST,
};

#define STS_N_ERRORS 1

extern const struct service_error sts_errors[STS_N_ERRORS];
