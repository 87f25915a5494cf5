/* SPDX-License-Identifier: Apache-2.0 */
/* The operation tables of STS's nouns, for the service's list of them. */
#pragma once

#include "api/service.h"

extern const struct operation assume_role_operations[];
extern const struct operation caller_operations[];
