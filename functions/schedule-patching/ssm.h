/* SPDX-License-Identifier: Apache-2.0 */
/*
 * StartAutomationExecution at the endpoint of the environment: AWS_ENDPOINT_URL
 * where there is one, else AWS's own of the Region.
 */
#pragma once

#include "base/value.h"
#include "sys/http_client.h"

struct ssm_answer {
    struct str execution_id;
    struct str code, message; /* of the failure */
};

enum ssm_outcome {
    SSM_FAILED = 1,
    SSM_STARTED_BEFORE = 2, /* the event has a run already, started with other settings */
};

/* Tries again until `deadline` (wall clock) where that may help: the request's
 * token makes it the same run. Outcomes above. */
MUST_CHECK int ssm_start(struct http_client *http, struct arena *a, const struct value *request,
                         msec deadline, struct ssm_answer *ret);
