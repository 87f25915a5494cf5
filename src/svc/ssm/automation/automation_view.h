/* SPDX-License-Identifier: Apache-2.0 */
/* Executions and their steps as the answers show them. */
#pragma once

#include "svc/ssm/automation/automation.h"

struct failure_details {
    struct str stage, type;
    struct value *details;
};

struct step_view {
    struct str name, action, on_failure, status, response_code, response, failure_message, id;
    struct str next_step;
    int64_t timeout_seconds, max_attempts;
    msec started_at, ended_at;
    struct text_map inputs;
    struct value *outputs;
    struct failure_details *failure;
    struct automation_location *location;
    struct strs valid_next_steps;
    enum tristate is_end, is_critical;
};
extern const struct shape step_view_shape;

struct progress_view {
    int64_t total, success, failed, cancelled, timed_out;
};

struct resolved_targets {
    struct strs values;
    bool truncated;
};

/* What DescribeAutomationExecutions and GetAutomationExecution have both. */
struct execution_view {
    struct str id, document_name, document_version, status, failure_message, mode, parent_id;
    struct str executed_by, current_step, current_action, type;
    struct str target_parameter, max_concurrency, max_errors;
    msec started_at, ended_at;
    struct value *parameters, *outputs;
    struct list steps, locations, targets;
    bool steps_truncated;
    struct progress_view *progress;
    struct resolved_targets *resolved;
};
extern const struct shape execution_view_shape; /* whole */
extern const struct shape execution_item_shape; /* as lists have it */

/* Without its steps. `text` is what was loaded for the row. */
MUST_CHECK int execution_view(struct op *op, const struct automation *row,
                              const struct automation_text *text, struct execution_view *ret);
MUST_CHECK int execution_count_steps(struct op *op, const struct automation *row,
                                     const struct automation_text *text, int64_t *ret);
/* At most `limit` steps from number `from` on; *ret_more: there are further ones. */
MUST_CHECK int execution_steps(struct op *op, const struct automation *row,
                               const struct automation_text *text, int64_t from, int64_t limit,
                               struct list *ret, bool *ret_more);
