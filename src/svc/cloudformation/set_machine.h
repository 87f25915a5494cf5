/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an operation on a stack set. Its rows are the state of engine/stackset's
 * machine. Each instance that the machine starts has one task, which looks at the
 * instance's stack through the two roles, does what is next (create, delete, wait) and
 * comes again until that stack is done; then the machine is told.
 */
#pragma once

#include "api/task.h"

#include "svc/cloudformation/set.h"

#define SET_TASK          "cloudformation.instance"
#define SET_TASK_ATTEMPTS 10

/* A new operation over (account, Region) pairs, whose instances have rows; starts it.
 * `instances` and the preferences are the plan. Outcome: STACKSET_INVALID. */
MUST_CHECK int set_machine_start(struct op *op, struct set_operation *operation,
                                 struct stackset_operation *plan, struct str *ret_why);

MUST_CHECK int set_machine_tell(struct op *op, int64_t number, const struct stackset_event *event);

int set_task_perform(struct task_run *run, const struct task *task, struct value **ret_answer);
int set_task_settle(struct op *op, const struct task *task, const struct value *answer);
