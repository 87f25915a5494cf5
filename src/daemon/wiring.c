/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/wiring.h"

#include "api/schema.h"
#include "svc/cloudformation/cloudformation.h"
#include "svc/events/events.h"
#include "svc/iam/iam.h"
#include "svc/lambda/lambda.h"
#include "svc/logs/logs.h"
#include "svc/organizations/organizations.h"
#include "svc/patchbay/patchbay.h"
#include "svc/resource_groups/resource_groups.h"
#include "svc/s3/s3.h"
#include "svc/ssm/ssm.h"
#include "svc/sts/sts.h"
#include "svc/tagging/tagging.h"

/* One a line, in alphabetical order. */
const struct service *const wiring_services[] = {
    &cloudformation_service,
    &ec2messages_service,
    &events_service,
    &iam_service,
    &lambda_service,
    &logs_service,
    &organizations_service,
    &patchbay_service,
    &resource_groups_service,
    &s3_service,
    &ssm_service,
    &sts_service,
    &tagging_service,
    NULL,
};

void wiring_schemas(const struct schema *ret[WIRING_MAX_SCHEMAS], size_t *ret_count)
{
    *ret_count = 0;
    ret[(*ret_count)++] = &api_schema;
    for (const struct service *const *s = wiring_services; *s; s++) {
        assert(*ret_count < WIRING_MAX_SCHEMAS);
        if ((*s)->schema)
            ret[(*ret_count)++] = (*s)->schema;
    }
}

void wiring_connect(struct plane *plane)
{
    plane->services = wiring_services;
    plane->identity = &iam_identity;
    plane->directory = &organizations_directory;
    plane->objects = &s3_objects;
    plane->nodes = &ssm_nodes;
    plane->snapshots = &ssm_snapshots;
}
