/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The clockwork. Each enabled rule has one pending timer, for its next instant.
 * When it fires, the event, one delivery for each target, and the next timer are
 * written in one transaction: a tick is durable before anything is delivered,
 * and cannot be half there. A rule that slept through several instants (the plane
 * was down) fires once, for the latest of them.
 */
#pragma once

#include "api/task.h"
#include "svc/events/rule.h"

/* Arm, re-arm or disarm the rule's timer to match it. `after`: the instant that has been
 * dealt with. */
MUST_CHECK int tick_arm(struct op *op, const struct rule *rule, msec after);
MUST_CHECK int tick_disarm(struct op *op, struct str rule);

/* Task kinds. */
int tick_settle(struct op *op, const struct task *task, const struct value *answer);
int delivery_perform(struct task_run *run, const struct task *task, struct value **ret_answer);
int delivery_settle(struct op *op, const struct task *task, const struct value *answer);
