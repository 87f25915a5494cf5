/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation log_group_operations[];
extern const struct operation log_stream_operations[];
extern const struct operation log_event_operations[];
