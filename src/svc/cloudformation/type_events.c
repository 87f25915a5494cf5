/* SPDX-License-Identifier: Apache-2.0 */
/* AWS::Events::Rule. */
#include "svc/cloudformation/types.h"

static const struct property retry_properties[] = {
    { "MaximumRetryAttempts", PROPERTY_INTEGER, false, NULL },
    { "MaximumEventAgeInSeconds", PROPERTY_INTEGER, false, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property target_properties[] = {
    { "Arn", PROPERTY_TEXT, true, NULL },
    { "Id", PROPERTY_TEXT, true, NULL },
    { "RoleArn", PROPERTY_TEXT, false, NULL },
    { "Input", PROPERTY_TEXT, false, NULL },
    { "InputPath", PROPERTY_TEXT, false, NULL },
    { "RetryPolicy", PROPERTY_STRUCT, false, retry_properties },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property rule_properties[] = {
    { "Name", PROPERTY_TEXT, false, NULL },
    { "Description", PROPERTY_TEXT, false, NULL },
    { "EventBusName", PROPERTY_TEXT, false, NULL },
    { "EventPattern", PROPERTY_JSON, false, NULL },
    { "RoleArn", PROPERTY_TEXT, false, NULL },
    { "ScheduleExpression", PROPERTY_TEXT, false, NULL },
    { "State", PROPERTY_TEXT, false, NULL },
    { "Targets", PROPERTY_LIST, false, target_properties },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static struct str rule_arn(struct step *s)
{
    return step_arn(s, "events", "rule/");
}

static struct value *of_rule(struct step *s, struct str member)
{
    struct value *in = value_map(s->arena);

    value_set_str(s->arena, in, member, s->physical);
    step_take(s, in, "EventBusName");
    return in;
}

static int put(struct step *s)
{
    static const char *const members[] = { "Description", "EventPattern", "RoleArn",
                                           "ScheduleExpression", "State" };
    struct value *in = of_rule(s, S("Name"));
    struct aws_result result;

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        step_take(s, in, members[i]);
    value_set(s->arena, in, S("Tags"), step_tags(s));
    return step_do(s, "events", "PutRule", in, NULL, &result);
}

/* PutRule replaces what there is, so it is asked for first. */
static int make(struct step *s)
{
    struct aws_result result;

    PASS(step_do(s, "events", "DescribeRule", of_rule(s, S("Name")), "ResourceNotFoundException",
                 &result));
    if (!aws_succeeded(&result))
        return put(s);
    step_fail(s, "%.*s already exists", STR(s->physical));
    return STEP_TAKEN;
}

static int finish(struct step *s)
{
    struct value *targets = value_get(s->properties, S("Targets"));
    struct aws_result result;

    step_attribute(s, "Arn", rule_arn(s));
    if (value_count(targets) == 0)
        return 0;
    struct value *in = of_rule(s, S("Rule"));
    value_set(s->arena, in, S("Targets"), targets);
    PASS(step_do(s, "events", "PutTargets", in, NULL, &result));
    const struct value *failed = value_at(value_get(result.out, S("FailedEntries")), 0);
    if (failed)
        return step_fail(s, "%.*s", STR(value_get_str(failed, S("ErrorMessage"))));
    return 0;
}

static int unmake(struct step *s)
{
    const struct value *targets = value_get(s->properties, S("Targets"));
    struct value *ids = value_list(s->arena);
    struct aws_result result;

    for (size_t i = 0; i < value_count(targets); i++)
        value_append(s->arena, ids, value_get(value_at(targets, i), S("Id")));
    if (value_count(ids) > 0) {
        struct value *in = of_rule(s, S("Rule"));
        value_set(s->arena, in, S("Ids"), ids);
        PASS(step_do(s, "events", "RemoveTargets", in, "ResourceNotFoundException", &result));
    }
    return step_do(s, "events", "DeleteRule", of_rule(s, S("Name")), "ResourceNotFoundException",
                   &result);
}

const struct resource_type type_events_rule = {
    .name = "AWS::Events::Rule",
    .properties = rule_properties,
    .name_property = "Name",
    .name_max = 64,
    .arn = rule_arn,
    .make = make,
    .finish = finish,
    .unmake = unmake,
};
