/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/logs.h"

#include "svc/logs/errors.h"
#include "svc/logs/operations.h"
#include "svc/logs/schema.h"

static const struct operation *const nouns[] = {
    log_group_operations,
    log_stream_operations,
    log_event_operations,
    NULL,
};

const struct service logs_service = {
    .name = "logs",
    .target_prefix = "Logs_20140328",
    .protocol = PROTOCOL_JSON_1_1,
    .nouns = nouns,
    .errors = logs_errors,
    .n_errors = LOGS_N_ERRORS,
    .schema = &logs_schema,
    .max_body = 4 * 1024 * 1024,
};
