/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation function_operations[];
extern const struct operation permission_operations[];
extern const struct operation invoke_operations[];
