/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/patchbay/errors.h"

const struct service_error patchbay_errors[PATCHBAY_N_ERRORS] = {
    { PATCHBAY_INVALID_FACTS, "InvalidPatchFacts", 400 },
    { PATCHBAY_NO_FACTS, "NoPatchFacts", 400 },
    { PATCHBAY_NO_NODE, "InvalidInstanceId", 400 },
    { PATCHBAY_NO_PACKAGE, "PackageNotInstalled", 400 },
    { PATCHBAY_NO_BASELINE, "UnsupportedOperatingSystem", 400 },
    { PATCHBAY_TOO_MANY_PINS, "TooManyPatchPins", 400 },
    { PATCHBAY_UNKNOWN_HASH, "PatchFactsMismatch", 400 },
};
