/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of operations and the kinds of tasks, as ssm.c lists them. */
#pragma once

#include "api/service.h"
#include "api/task.h"

extern const struct operation activation_operations[];
extern const struct operation automation_get_operations[];
extern const struct operation automation_operations[];
extern const struct operation compliance_operations[];
extern const struct operation compliance_put_operations[];
extern const struct operation document_list_operations[];
extern const struct operation document_operations[];
extern const struct operation document_version_operations[];
extern const struct operation inventory_list_operations[];
extern const struct operation inventory_operations[];
extern const struct operation message_operations[];
extern const struct operation node_list_operations[];
extern const struct operation node_operations[];
extern const struct operation patch_available_operations[];
extern const struct operation patch_baseline_operations[];
extern const struct operation patch_edit_operations[];
extern const struct operation patch_group_operations[];
extern const struct operation patch_items_operations[];
extern const struct operation patch_properties_operations[];
extern const struct operation patch_snapshot_operations[];
extern const struct operation patch_state_operations[];
extern const struct operation registration_operations[];
extern const struct operation runcommand_get_operations[];
extern const struct operation runcommand_list_operations[];
extern const struct operation runcommand_operations[];
extern const struct operation ssm_tag_operations[];

int runcommand_timer_settle(struct op *op, const struct task *task, const struct value *answer);
int runcommand_purge_settle(struct op *op, const struct task *task, const struct value *answer);
int runcommand_expand_perform(struct task_run *run, const struct task *task,
                              struct value **ret_answer);
int runcommand_expand_settle(struct op *op, const struct task *task, const struct value *answer);

/* clang-format off */
#define RUNCOMMAND_TIMER_TASK  "ssm.command.timer"  /* key: the command's id */
#define RUNCOMMAND_EXPAND_TASK "ssm.command.expand"
#define RUNCOMMAND_PURGE_TASK  "ssm.command.purge"
#define RUNCOMMAND_TASKS                                                                           \
    { .name = RUNCOMMAND_TIMER_TASK, .settle = runcommand_timer_settle },                          \
    { .name = RUNCOMMAND_PURGE_TASK, .settle = runcommand_purge_settle },                          \
    { .name = RUNCOMMAND_EXPAND_TASK, .perform = runcommand_expand_perform,                        \
      .settle = runcommand_expand_settle, .max_attempts = 8 }
/* clang-format on */
