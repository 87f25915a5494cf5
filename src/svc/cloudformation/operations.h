/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include "api/service.h"

extern const struct operation stack_operations[];
extern const struct operation stack_read_operations[];
extern const struct operation resource_operations[];
extern const struct operation template_operations[];
extern const struct operation refused_operations[];
extern const struct operation set_operations[];
extern const struct operation instance_operations[];
extern const struct operation set_operation_operations[];
