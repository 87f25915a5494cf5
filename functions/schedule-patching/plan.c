/* SPDX-License-Identifier: Apache-2.0 */
#include "functions/schedule-patching/plan.h"

#include "base/buf.h"
#include "base/crypto.h"
#include "base/hex.h"

struct str plan_event_id(struct arena *a, const struct value *event, struct str request_id)
{
    struct str id = value_get_str(event, S("id")), time = value_get_str(event, S("time"));
    struct str rule = value_str(value_at(value_get(event, S("resources")), 0));

    if (id.len > 0)
        return id;
    if (rule.len > 0 && time.len > 0)
        return arena_fmt(a, "%.*s %.*s", STR(rule), STR(time));
    return request_id;
}

/* As version 5 of RFC 9562, with SHA-256 in place of SHA-1. */
/* A UUID that only this function gives this event for this purpose. */
static struct str uuid_for(struct arena *a, struct str purpose, struct str function_arn,
                           struct str event_id)
{
    struct str name =
        arena_fmt(a, "%.*s\n%.*s\n%.*s", STR(purpose), STR(function_arn), STR(event_id));
    struct digest d = sha256(name);

    d.bytes[6] = (uint8_t)((d.bytes[6] & 0x0f) | 0x50);
    d.bytes[8] = (uint8_t)((d.bytes[8] & 0x3f) | 0x80);
    struct str hex = hex_encode(a, str_slice(digest_str(&d), 0, 16));
    return arena_fmt(a, "%.8s-%.4s-%.4s-%.4s-%.12s", hex.p, hex.p + 8, hex.p + 12, hex.p + 16,
                     hex.p + 20);
}

static void set_parameter(struct arena *a, struct value *parameters, struct str name,
                          struct str value)
{
    struct value *list = value_list(a);
    value_append(a, list, value_string(a, value));
    value_set(a, parameters, name, list);
}

static struct value *parameters(struct arena *a, const struct settings *s, struct str snapshot)
{
    struct value *v = value_map(a);

    set_parameter(a, v, S("AutomationAssumeRole"), s->administration_role);
    set_parameter(a, v, S("Operation"), s->operation);
    set_parameter(a, v, S("RebootOption"), s->reboot_option);
    if (s->override_list.len > 0) /* an empty parameter is refused */
        set_parameter(a, v, S("InstallOverrideList"), s->override_list);
    set_parameter(a, v, S("SnapshotId"), snapshot);
    return v;
}

static struct value *target_location(struct arena *a, const struct settings *s)
{
    struct value *v = value_map(a);

    value_set(a, v, S("Accounts"), value_strings(a, s->accounts));
    value_set(a, v, S("Regions"), value_strings(a, s->regions));
    value_set_str(a, v, S("TargetLocationMaxConcurrency"), s->location_concurrency);
    value_set_str(a, v, S("TargetLocationMaxErrors"), s->location_errors);
    value_set_str(a, v, S("ExecutionRoleName"), s->execution_role);
    return v;
}

struct value *plan_request(struct arena *a, const struct settings *s, struct str function_arn,
                           struct str event_id)
{
    struct value *v = value_map(a), *locations = value_list(a);

    value_set_str(a, v, S("DocumentName"), s->document);
    value_set(a, v, S("Parameters"),
              parameters(a, s, uuid_for(a, S("snapshot"), function_arn, event_id)));
    value_append(a, locations, target_location(a, s));
    value_set(a, v, S("TargetLocations"), locations);
    value_set_str(a, v, S("ClientToken"), uuid_for(a, S("client token"), function_arn, event_id));
    return v;
}
