/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a stack. Its rows are its state; a stack in progress has exactly one
 * task, "cloudformation.step", which makes or unmakes the one resource that is marked
 * *_IN_PROGRESS. The answer is recorded and the next resource marked in one
 * transaction, so a crash at any moment goes on where it was: at worst the call for the
 * marked resource is made again (types.h says why that is harmless).
 *
 * Resources are made one after the other in the order of their dependencies, and
 * unmade in reverse. Where one cannot be unmade, what it needs stays too.
 */
#pragma once

#include "api/task.h"

#include "svc/cloudformation/stack.h"

#define MACHINE_TASK     "cloudformation.step"
#define MACHINE_FORGET   "cloudformation.forget"
#define MACHINE_ATTEMPTS 10

/* Sets status and reason, stores the stack and writes the event. */
MUST_CHECK int machine_move(struct op *op, struct stack *stack, struct str status,
                            struct str reason);

/* Go on with whatever is next: of a stack that was moved to *_IN_PROGRESS and has no task. */
MUST_CHECK int machine_advance(struct op *op, struct stack *stack);

/* An event of a resource as its row now says. */
MUST_CHECK int machine_tell(struct op *op, const struct stack *stack, const struct resource *r,
                            struct str properties);

bool stack_is_in_progress(const struct stack *stack);

int machine_perform(struct task_run *run, const struct task *task, struct value **ret_answer);
int machine_settle(struct op *op, const struct task *task, const struct value *answer);
int machine_forget(struct op *op, const struct task *task, const struct value *answer);
