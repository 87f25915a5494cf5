/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EventBridge, as far as schedules go: rules on the default bus that fire at
 * their times and hand the event to functions and runbooks, at least once.
 */
#pragma once

#include "api/service.h"

extern const struct service events_service;
