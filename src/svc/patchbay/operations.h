/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation explain_operations[];
extern const struct operation facts_operations[];
extern const struct operation patch_run_operations[];
extern const struct operation pin_operations[];
