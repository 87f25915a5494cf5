/* SPDX-License-Identifier: Apache-2.0 */
/* Commands as the answers show them. */
#pragma once

#include "svc/ssm/checks.h"
#include "svc/ssm/command/runcommand.h"

struct command_view {
    struct str id, document_name, document_version, comment, status, detail;
    struct str max_concurrency, max_errors;
    msec requested_at, expires_at;
    int64_t timeout_seconds, target_count, completed_count, error_count;
    int64_t delivery_timed_out_count;
    struct value *parameters;
    struct strs instance_ids;
    struct list targets;
};
extern const struct shape command_view_shape;

MUST_CHECK int command_view(struct op *op, const struct runcommand_view *row,
                            struct command_view *ret);

/* Targets and lists of strings as they are kept, JSON. */
struct str targets_format(struct arena *a, const struct list *targets);
MUST_CHECK int targets_parse(struct arena *a, struct str text, struct list *ret);
struct str strs_format(struct arena *a, struct strs list);
MUST_CHECK int strs_parse(struct arena *a, struct str text, struct strs *ret);

/* Filters of ListCommands and ListCommandInvocations, as parameters of queries. */
struct command_filters {
    struct str status, document_name;
    msec after, before;
    int64_t is_over; /* -1: either */
};
extern const struct shape command_filter_shape; /* in lists */
/* Outcome: SSM_INVALID_FILTER_KEY. `stage`: ExecutionStage is allowed. */
MUST_CHECK int command_filters_read(struct op *op, const struct list *in, bool stage,
                                    struct command_filters *ret);
