/* SPDX-License-Identifier: Apache-2.0 */
/* The operation tables of Organizations' nouns, for the service's list of them. */
#pragma once

#include "api/service.h"

extern const struct operation organization_operations[];
extern const struct operation account_operations[];
extern const struct operation creation_operations[];
extern const struct operation unit_operations[];
extern const struct operation tree_operations[];
