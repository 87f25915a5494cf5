/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation patch_run_operations[];
