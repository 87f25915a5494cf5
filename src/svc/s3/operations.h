/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation bucket_operations[];
extern const struct operation list_operations[];
extern const struct operation object_operations[];
