/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation group_operations[];
extern const struct operation group_resource_operations[];
