/* SPDX-License-Identifier: Apache-2.0 */
/* StartAutomationExecution's request: it is kept whole, and read again from there. */
#pragma once

#include "svc/ssm/checks.h"

struct automation_location {
    struct strs accounts, regions, exclude;
    struct str max_concurrency, max_errors, role_name;
    bool with_children; /* units of units too */
};

struct automation_request {
    struct str document_name, document_version, client_token, mode;
    struct str target_parameter, max_concurrency, max_errors; /* of targets */
    struct value *parameters; /* name -> list of strings; NULL: none */
    struct list targets;
    struct list locations;
};

#define AUTOMATION_ROLE_NAME "AWS-SystemsManager-AutomationExecutionRole"

extern const struct shape automation_location_shape;
extern const struct shape automation_request_shape;

struct str automation_request_format(struct arena *a, const struct automation_request *request);
MUST_CHECK int automation_request_parse(struct arena *a, struct str text,
                                        struct automation_request *ret);
