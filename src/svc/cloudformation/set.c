/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/set.h"

#include "base/json.h"

/* clang-format off */
static const char *const region_concurrency[] = { "SEQUENTIAL", "PARALLEL", NULL };
static const char *const modes[] = { "STRICT_FAILURE_TOLERANCE", "SOFT_FAILURE_TOLERANCE", NULL };

static const struct field preferences_fields[] = {
    STRING(struct preferences,  region_concurrency,  "RegionConcurrencyType",      OPTIONAL, .values = region_concurrency),
    STRINGS(struct preferences, region_order,        "RegionOrder",                OPTIONAL),
    INTEGER(struct preferences, tolerance_count,     "FailureToleranceCount",      OPTIONAL, RANGE(0, INT32_MAX)),
    INTEGER(struct preferences, tolerance_percent,   "FailureTolerancePercentage", OPTIONAL, RANGE(0, 100)),
    INTEGER(struct preferences, concurrency_count,   "MaxConcurrentCount",         OPTIONAL, RANGE(1, INT32_MAX)),
    INTEGER(struct preferences, concurrency_percent, "MaxConcurrentPercentage",    OPTIONAL, RANGE(1, 100)),
    STRING(struct preferences,  mode,                "ConcurrencyMode",            OPTIONAL | NEWER, .values = modes),
};
/* clang-format on */
const struct shape preferences_shape =
    SHAPE("StackSetOperationPreferences", struct preferences, preferences_fields);

static int64_t or_none(int64_t number)
{
    return number == UNSET ? -1 : number;
}

int preferences_read(const struct preferences *in, struct stackset_preferences *ret,
                     struct str *ret_why)
{
    *ret = (struct stackset_preferences){ 0 };
    if (!in)
        return 0;
    struct stackset_limits limits = {
        or_none(in->tolerance_count),
        or_none(in->tolerance_percent),
        or_none(in->concurrency_count),
        or_none(in->concurrency_percent),
    };
    ret->region_order = in->region_order;
    ret->is_parallel = str_eq(in->region_concurrency, S("PARALLEL"));
    ret->is_soft = str_eq(in->mode, S("SOFT_FAILURE_TOLERANCE"));
    PASS(stackset_set_limits(ret, &limits, ret_why));
    return 0;
}

struct str preferences_to(struct arena *a, const struct preferences *in)
{
    return in ? json_format(a, shape_write(&preferences_shape, in, a)) : S("{}");
}

int preferences_from(struct arena *a, struct str json, struct preferences **ret)
{
    struct value *v;
    struct str why;

    *ret = arena_new(a, struct preferences);
    TRY(json_parse(a, json, &v, NULL));
    TRY(shape_read(&preferences_shape, v, a, *ret, &why));
    return 0;
}
