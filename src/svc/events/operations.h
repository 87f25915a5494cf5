/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation rule_operations[];
extern const struct operation target_operations[];
