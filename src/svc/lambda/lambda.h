/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AWS Lambda: functions that run in the plane's sandbox as their own role,
 * called by clients or, under their resource policy, by other services.
 */
#pragma once

#include "api/service.h"

extern const struct service lambda_service;
