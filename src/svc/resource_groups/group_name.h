/* SPDX-License-Identifier: Apache-2.0 */
/* How a request names a group: by name or by ARN, in `Group` or the older `GroupName`. */
#pragma once

#include "svc/resource_groups/group.h"

bool group_name_is_valid(struct str s);
struct str group_arn(struct op *op, struct str name);

/* "arn:...:group/NAME" or NAME -> NAME */
struct str group_name_in(struct str group);

/* The group meant; GROUPS_BAD_REQUEST, GROUPS_NOT_FOUND with their sentences. */
MUST_CHECK int group_find(struct op *op, struct str group_name, struct str group,
                          struct group *ret);
