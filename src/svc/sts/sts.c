/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/sts/sts.h"

#include "svc/sts/errors.h"
#include "svc/sts/operations.h"

static const struct operation *const nouns[] = {
    assume_role_operations,
    caller_operations,
    NULL,
};

const struct service sts_service = {
    .name = "sts",
    .version = "2011-06-15",
    .xml_namespace = "https://sts.amazonaws.com/doc/2011-06-15/",
    .protocol = PROTOCOL_QUERY,
    .is_global = true,
    .nouns = nouns,
    .errors = sts_errors,
    .n_errors = STS_N_ERRORS,
};
