/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/sts/errors.h"

const struct service_error sts_errors[STS_N_ERRORS] = {
    { STS_MALFORMED_POLICY_DOCUMENT, "MalformedPolicyDocument", 400 },
};
