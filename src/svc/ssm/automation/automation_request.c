/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/automation/automation_request.h"

#include "base/json.h"

static const char *const modes[] = { "Auto", "Interactive", NULL };

/* clang-format off */
#define L struct automation_location
static const struct field location_fields[] = {
    STRINGS(L, accounts,        "Accounts",                         OPTIONAL, .min = 1, .max = 50),
    STRINGS(L, regions,         "Regions",                          OPTIONAL, .min = 1, .max = 50),
    STRING(L,  max_concurrency, "TargetLocationMaxConcurrency",     OPTIONAL, LENGTH(1, 7)),
    STRING(L,  max_errors,      "TargetLocationMaxErrors",          OPTIONAL, LENGTH(1, 7)),
    STRING(L,  role_name,       "ExecutionRoleName",                OPTIONAL, LENGTH(1, 64)),
    BOOLEAN(L, with_children,   "IncludeChildOrganizationUnits",    NEWER),
    STRINGS(L, exclude,         "ExcludeAccounts",                  NEWER, .min = 1, .max = 5000),
};
#undef L
const struct shape automation_location_shape =
    SHAPE("TargetLocation", struct automation_location, location_fields);

#define R struct automation_request
static const struct field request_fields[] = {
    STRING(R,   document_name,    "DocumentName",    REQUIRED, CHECK_DOCUMENT_ARN),
    STRING(R,   document_version, "DocumentVersion", OPTIONAL, CHECK_VERSION),
    STRS_MAP(R, parameters,       "Parameters",      OPTIONAL, .min = 1, .max = 200,
             .item_min = 1, .item_max = 50),
    STRING(R,   client_token,     "ClientToken",     OPTIONAL, LENGTH(36, 36), .matches = check_uuid,
           .pattern = "[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}"),
    STRING(R,   mode,             "Mode",            OPTIONAL, .values = modes),
    STRING(R,   target_parameter, "TargetParameterName", OPTIONAL, LENGTH(1, 50)),
    LIST(R,     targets,          "Targets",         OPTIONAL, target_shape, .max = 5),
    STRING(R,   max_concurrency,  "MaxConcurrency",  OPTIONAL, LENGTH(1, 7)),
    STRING(R,   max_errors,       "MaxErrors",       OPTIONAL, LENGTH(1, 7)),
    LIST(R,     locations,        "TargetLocations", OPTIONAL, automation_location_shape, .min = 1, .max = 100),
};
#undef R
const struct shape automation_request_shape =
    SHAPE("StartAutomationExecutionRequest", struct automation_request, request_fields);
/* clang-format on */

struct str automation_request_format(struct arena *a, const struct automation_request *request)
{
    return json_format(a, shape_write(&automation_request_shape, request, a));
}

int automation_request_parse(struct arena *a, struct str text, struct automation_request *ret)
{
    struct value *v;
    struct str why = S("");

    TRY(json_parse(a, text, &v, NULL));
    if (shape_read(&automation_request_shape, v, a, ret, &why) != 0)
        return err_fault(EINVAL, "a stored request is unreadable: %.*s", STR(why));
    return 0;
}
