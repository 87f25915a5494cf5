/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states that Automation executions, their steps, and the children of
 * several accounts and Regions share, and what may follow which.
 */
#pragma once

#include "base/str.h"
#include "engine/command.h"

enum automation_status {
    AUTOMATION_PENDING, /* also for ever, of what was never reached */
    AUTOMATION_IN_PROGRESS,
    AUTOMATION_CANCELLING,
    AUTOMATION_SUCCESS,
    AUTOMATION_FAILED,
    AUTOMATION_TIMED_OUT,
    AUTOMATION_CANCELLED,
    AUTOMATION_STATUSES,
};

/* StopAutomationExecution's Type */
enum automation_stop {
    AUTOMATION_STOP_NONE,
    AUTOMATION_STOP_COMPLETE, /* what runs may finish, nothing follows */
    AUTOMATION_STOP_CANCEL,
};

/* AWS lets the flow of a cancellation run for two minutes. */
#define AUTOMATION_CANCEL_LIMIT (2 * MSEC_MINUTE)

bool automation_is_over(enum automation_status status);
bool automation_may_follow(enum automation_status status, enum automation_status next);
bool automation_is_error(enum automation_status status); /* Failed or TimedOut */
struct str automation_status_name(enum automation_status status);
bool automation_status_parse(struct str text, enum automation_status *ret);

/* How a step that sent a command ends when that is over. NoInstancesInTag is a
 * success, as on AWS; the shell makes it seen. */
enum automation_status automation_of_command(enum command_detail detail);
