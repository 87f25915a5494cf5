/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/wiring.h"

#include "api/schema.h"
#include "svc/iam/iam.h"
#include "svc/organizations/organizations.h"
#include "svc/sts/sts.h"

/* One a line, in alphabetical order. */
const struct service *const wiring_services[] = {
    &iam_service,
    &organizations_service,
    &sts_service,
    NULL,
};

const struct schema *const wiring_schemas[] = {
    &api_schema,
    &iam_schema,
    &organizations_schema,
};
const size_t wiring_n_schemas = ARRAY_LEN(wiring_schemas);

void wiring_connect(struct plane *plane)
{
    plane->services = wiring_services;
    plane->identity = &iam_identity;
    plane->directory = &organizations_directory;
}
