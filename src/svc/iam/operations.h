/* SPDX-License-Identifier: Apache-2.0 */
/* The operation tables of IAM's nouns, for the service's list of them. */
#pragma once

#include "api/service.h"

extern const struct operation user_operations[];
extern const struct operation access_key_operations[];
extern const struct operation role_operations[];
extern const struct operation boundary_operations[];
extern const struct operation inline_operations[];
extern const struct operation attachment_operations[];
extern const struct operation tag_operations[];
extern const struct operation managed_operations[];
extern const struct operation version_operations[];
