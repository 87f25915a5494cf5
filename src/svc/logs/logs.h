/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CloudWatch Logs, as far as functions need it: groups, streams, events in
 * order of time. Functions write here as their own role.
 */
#pragma once

#include "api/service.h"

extern const struct service logs_service;
