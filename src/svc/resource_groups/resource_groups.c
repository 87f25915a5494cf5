/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/resource_groups.h"

#include "svc/resource_groups/errors.h"
#include "svc/resource_groups/operations.h"
#include "svc/resource_groups/schema.h"

static const struct operation *const nouns[] = { group_operations, group_resource_operations,
                                                 NULL };

const struct service resource_groups_service = {
    .name = "resource-groups",
    .protocol = PROTOCOL_REST_JSON,
    .nouns = nouns,
    .errors = resource_groups_errors,
    .n_errors = GROUPS_N_ERRORS,
    .schema = &resource_groups_schema,
};
