/* SPDX-License-Identifier: Apache-2.0 */
/* The outcomes of the service patchbay, and their names on the wire. */
#pragma once

#include "api/service.h"

enum patchbay_outcome {
    PATCHBAY_INVALID_FACTS = OP_FIRST,
    PATCHBAY_NO_FACTS,
    PATCHBAY_NO_NODE,
    PATCHBAY_NO_PACKAGE,
    PATCHBAY_NO_BASELINE,
    PATCHBAY_TOO_MANY_PINS,
    PATCHBAY_UNKNOWN_HASH,
    PATCHBAY_OUTCOMES_END,
};

#define PATCHBAY_N_ERRORS (PATCHBAY_OUTCOMES_END - OP_FIRST)

extern const struct service_error patchbay_errors[PATCHBAY_N_ERRORS];
