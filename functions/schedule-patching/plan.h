/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From an event to the call that starts the patching. Pure: the same event
 * always gives the same call, so that one delivered twice starts one run.
 */
#pragma once

#include "base/value.h"
#include "functions/schedule-patching/settings.h"

/* Which event it is: its id, else its rule and time, else the invocation's id
 * (which the tries of one invocation share). */
struct str plan_event_id(struct arena *a, const struct value *event, struct str request_id);

/* The body of StartAutomationExecution. */
struct value *plan_request(struct arena *a, const struct settings *s, struct str function_arn,
                           struct str event_id);
