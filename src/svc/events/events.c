/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/events.h"

#include "svc/events/errors.h"
#include "svc/events/operations.h"
#include "svc/events/schema.h"
#include "svc/events/tick.h"

static const struct operation *const nouns[] = { rule_operations, target_operations, NULL };

static const struct task_kind tasks[] = {
    { .name = "events.tick", .settle = tick_settle },
    { .name = "events.deliver", .perform = delivery_perform, .settle = delivery_settle },
    { .name = NULL },
};

const struct service events_service = {
    .name = "events",
    .target_prefix = "AWSEvents",
    .protocol = PROTOCOL_JSON_1_1,
    .nouns = nouns,
    .errors = events_errors,
    .n_errors = EVENTS_N_ERRORS,
    .tasks = tasks,
    .schema = &events_schema,
};
