/* SPDX-License-Identifier: Apache-2.0 */
/* The tasks of executions, by kind, with what their keys are. */
#pragma once

#include "api/task.h"

#define AUTOMATION_TIMER_TASK   "ssm.automation.timer"   /* an execution */
#define AUTOMATION_STEP_TASK    "ssm.automation.step"    /* an attempt: "ID SERIAL" */
#define AUTOMATION_COMMAND_TASK "ssm.automation.command" /* the attempt that sent it */
#define AUTOMATION_EXPAND_TASK  "ssm.automation.expand"  /* a parent */
#define AUTOMATION_START_TASK   "ssm.automation.start"   /* a pair: "ID POSITION" */
#define AUTOMATION_CHILD_TASK   "ssm.automation.child"   /* a child; in its parent's account */
#define AUTOMATION_STOP_TASK    "ssm.automation.stop"    /* a child */
#define AUTOMATION_PURGE_TASK   "ssm.automation.purge"   /* an execution */

struct str automation_task_key(struct arena *a, struct str id, int64_t number);
bool automation_task_key_parse(struct str key, struct str *ret_id, int64_t *ret_number);

int automation_timer_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_step_perform(struct task_run *run, const struct task *task,
                            struct value **ret_answer);
int automation_step_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_command_perform(struct task_run *run, const struct task *task,
                               struct value **ret_answer);
int automation_command_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_expand_perform(struct task_run *run, const struct task *task,
                              struct value **ret_answer);
int automation_expand_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_start_perform(struct task_run *run, const struct task *task,
                             struct value **ret_answer);
int automation_start_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_child_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_stop_settle(struct op *op, const struct task *task, const struct value *answer);
int automation_purge_settle(struct op *op, const struct task *task, const struct value *answer);

/* clang-format off */
#define AUTOMATION_TASKS                                                                           \
    { .name = AUTOMATION_TIMER_TASK, .settle = automation_timer_settle },                          \
    { .name = AUTOMATION_STEP_TASK, .perform = automation_step_perform,                            \
      .settle = automation_step_settle, .max_attempts = 8 },                                       \
    { .name = AUTOMATION_COMMAND_TASK, .perform = automation_command_perform,                      \
      .settle = automation_command_settle },                                                       \
    { .name = AUTOMATION_EXPAND_TASK, .perform = automation_expand_perform,                        \
      .settle = automation_expand_settle, .max_attempts = 8 },                                     \
    { .name = AUTOMATION_START_TASK, .perform = automation_start_perform,                          \
      .settle = automation_start_settle, .max_attempts = 8 },                                      \
    { .name = AUTOMATION_CHILD_TASK, .settle = automation_child_settle },                          \
    { .name = AUTOMATION_STOP_TASK, .settle = automation_stop_settle },                            \
    { .name = AUTOMATION_PURGE_TASK, .settle = automation_purge_settle }
/* clang-format on */
