/* SPDX-License-Identifier: Apache-2.0 */
#include "api/tags.h"
#include "engine/schedule.h"
#include "svc/events/errors.h"
#include "svc/events/operations.h"
#include "svc/events/rule.h"
#include "svc/events/target.h"
#include "svc/events/tick.h"

bool rule_name_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, ".-_");
}

struct str rule_arn(struct op *op, struct str name)
{
    return op_arn(op, "events", "rule/%.*s", STR(name));
}

int rule_check_bus(struct op *op, struct str bus)
{
    if (!str_is_set(bus) || str_eq(bus, S("default")) ||
        str_eq(bus, op_arn(op, "events", "event-bus/default")))
        return 0;
    return op_fail(op, EVENTS_NOT_FOUND, "Event bus %.*s does not exist.", STR(bus));
}

int rule_find(struct op *op, struct str name, struct rule *ret)
{
    int found = rule_get(op, name, ret);
    if (found == DB_NO_ROW)
        return op_fail(op, EVENTS_NOT_FOUND, "Rule %.*s does not exist on EventBus default.",
                       STR(name));
    TRY(found);
    return 0;
}

/* clang-format off */
#define NAME(T, m, WIRE) \
    STRING(T, m, WIRE, REQUIRED, LENGTH(1, 64), .matches = rule_name_is_valid, .pattern = "[\\.\\-_A-Za-z0-9]+")
#define BUS(T) STRING(T, bus, "EventBusName", OPTIONAL, LENGTH(1, 1600))
/* clang-format on */

/* --- PutRule -------------------------------------------------------------- */

struct put_in {
    struct str name, schedule, state, description, role_arn, bus;
    struct list tags;
};

static const char *const states[] = { "ENABLED", "DISABLED", NULL };

static const struct field put_in_fields[] = {
    NAME(struct put_in, name, "Name"),
    STRING(struct put_in, schedule, "ScheduleExpression", OPTIONAL, LENGTH(0, 256)),
    STRING(struct put_in, state, "State", OPTIONAL, .values = states),
    STRING(struct put_in, description, "Description", OPTIONAL, LENGTH(0, 512)),
    STRING(struct put_in, role_arn, "RoleArn", OPTIONAL, LENGTH(1, 1600)),
    LIST(struct put_in, tags, "Tags", OPTIONAL, tag_shape),
    BUS(struct put_in),
};
static const struct shape put_in = SHAPE("PutRuleRequest", struct put_in, put_in_fields);

struct put_out {
    struct str arn;
};

static const struct field put_out_fields[] = {
    STRING(struct put_out, arn, "RuleArn", OPTIONAL),
};
static const struct shape put_out = SHAPE("PutRuleResponse", struct put_out, put_out_fields);

static int check_put(struct op *op, const struct put_in *in)
{
    struct schedule schedule;

    PASS(rule_check_bus(op, in->bus));
    if (str_is_empty(in->schedule))
        return op_invalid(op, "Parameter(s) EventPattern or ScheduleExpression must be specified.");
    int parsed = schedule_parse(in->schedule, &schedule);
    if (parsed == SCHEDULE_INVALID)
        return op_invalid(op, "Parameter ScheduleExpression is not valid.");
    TRY(parsed);
    if (str_is_set(in->role_arn))
        PASS(op_pass_role(op, in->role_arn, S("events.amazonaws.com")));
    return 0;
}

/* A new rule: room for it, and its tags, which an update ignores (API reference). */
static int prepare_new(struct op *op, const struct put_in *in)
{
    int64_t count;

    TRY(rule_count(op, &count));
    if (count >= RULES_PER_BUS)
        return op_fail(op, EVENTS_LIMIT_EXCEEDED,
                       "The requested resource exceeds the maximum number allowed.");
    struct tagged resource = { rule_arn(op, in->name), op->account, op->region,
                               S("AWS::Events::Rule") };
    PASS(tags_put(op, &resource, in->tags.items, in->tags.count));
    return 0;
}

/* The whole rule is replaced: what is not given is gone, and no State means ENABLED. */
static int put_rule(struct op *op, const struct put_in *in, struct put_out *out)
{
    struct rule old = { 0 };

    PASS(check_put(op, in));
    int found = rule_get(op, in->name, &old);
    if (found == DB_NO_ROW)
        PASS(prepare_new(op, in));
    else
        TRY(found);

    struct rule rule = {
        .name = in->name,
        .description = in->description,
        .schedule = in->schedule,
        .role_arn = in->role_arn,
        .enabled = !str_eq(in->state, S("DISABLED")),
        .phase_at = old.phase_at,
    };
    bool goes_on = found == 0 && old.enabled && str_eq(old.schedule, rule.schedule);
    if (!goes_on)
        rule.phase_at = op->now;
    TRY(rule_put(op, &rule));
    if (!goes_on || !rule.enabled)
        TRY(tick_arm(op, &rule, op->now));
    out->arn = rule_arn(op, in->name);
    return 0;
}
OP_HANDLER(put_rule)

/* --- DescribeRule, EnableRule, DisableRule, DeleteRule -------------------- */

struct named_in {
    struct str name, bus;
    bool force;
};

static const struct field named_in_fields[] = {
    NAME(struct named_in, name, "Name"),
    BUS(struct named_in),
};
static const struct shape named_in = SHAPE("RuleRequest", struct named_in, named_in_fields);

static const struct field delete_in_fields[] = {
    NAME(struct named_in, name, "Name"), BUS(struct named_in),
    BOOLEAN(struct named_in, force, "Force", OPTIONAL), /* of managed rules; none is here */
};
static const struct shape delete_in = SHAPE("DeleteRuleRequest", struct named_in, delete_in_fields);

struct view {
    struct str name, arn, schedule, state, description, role_arn, bus, created_by;
};

/* clang-format off */
#define VIEW_FIELDS \
    STRING(struct view, name, "Name", OPTIONAL), \
    STRING(struct view, arn, "Arn", OPTIONAL), \
    STRING(struct view, schedule, "ScheduleExpression", OPTIONAL), \
    STRING(struct view, state, "State", OPTIONAL), \
    STRING(struct view, description, "Description", OPTIONAL), \
    STRING(struct view, role_arn, "RoleArn", OPTIONAL), \
    STRING(struct view, bus, "EventBusName", OPTIONAL)
/* clang-format on */

static const struct field view_fields[] = { VIEW_FIELDS };
static const struct shape view_shape = SHAPE("Rule", struct view, view_fields);

static const struct field describe_out_fields[] = {
    VIEW_FIELDS,
    STRING(struct view, created_by, "CreatedBy", OPTIONAL),
};
static const struct shape describe_out =
    SHAPE("DescribeRuleResponse", struct view, describe_out_fields);

static struct view view_of(struct op *op, const struct rule *rule)
{
    return (struct view){
        .name = rule->name,
        .arn = rule_arn(op, rule->name),
        .schedule = rule->schedule,
        .state = rule->enabled ? S("ENABLED") : S("DISABLED"),
        .description = rule->description,
        .role_arn = rule->role_arn,
        .bus = S("default"),
        .created_by = op->account,
    };
}

static int describe_rule(struct op *op, const struct named_in *in, struct view *out)
{
    struct rule rule;

    PASS(rule_check_bus(op, in->bus));
    PASS(rule_find(op, in->name, &rule));
    *out = view_of(op, &rule);
    return 0;
}
OP_HANDLER(describe_rule)

static int switch_rule(struct op *op, const struct named_in *in, bool on)
{
    struct rule rule;

    PASS(rule_check_bus(op, in->bus));
    PASS(rule_find(op, in->name, &rule));
    if (rule.enabled == on)
        return 0;
    rule.enabled = on;
    rule.phase_at = op->now;
    TRY(rule_put(op, &rule));
    TRY(tick_arm(op, &rule, op->now));
    return 0;
}

static int enable_rule(struct op *op, const struct named_in *in, struct nothing *out)
{
    (void)out;
    return switch_rule(op, in, true);
}
OP_HANDLER(enable_rule)

static int disable_rule(struct op *op, const struct named_in *in, struct nothing *out)
{
    (void)out;
    return switch_rule(op, in, false);
}
OP_HANDLER(disable_rule)

static int delete_rule(struct op *op, const struct named_in *in, struct nothing *out)
{
    struct target *targets;
    struct rule rule;
    size_t count;

    (void)out;
    PASS(rule_check_bus(op, in->bus));
    int found = rule_get(op, in->name, &rule);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    TRY(target_list(op, in->name, &targets, &count));
    if (count > 0)
        return op_invalid(op, "Rule can't be deleted since it has targets.");
    TRY(rule_delete(op, in->name));
    TRY(tags_remove_all(op, rule_arn(op, in->name)));
    TRY(tick_disarm(op, in->name));
    return 0;
}
OP_HANDLER(delete_rule)

/* --- ListRules ------------------------------------------------------------ */

struct list_in {
    struct str prefix, bus, token;
    int64_t limit;
};

static const struct field list_in_fields[] = {
    STRING(struct list_in, prefix, "NamePrefix", OPTIONAL, LENGTH(1, 64)),
    BUS(struct list_in),
    STRING(struct list_in, token, "NextToken", OPTIONAL, LENGTH(1, 2048)),
    INTEGER(struct list_in, limit, "Limit", OPTIONAL, RANGE(1, 100), DEFAULT(100)),
};
static const struct shape list_in = SHAPE("ListRulesRequest", struct list_in, list_in_fields);

struct list_out {
    struct list rules;
    struct str token;
};

static const struct field list_out_fields[] = {
    LIST(struct list_out, rules, "Rules", OPTIONAL, view_shape),
    STRING(struct list_out, token, "NextToken", OPTIONAL),
};
static const struct shape list_out = SHAPE("ListRulesResponse", struct list_out, list_out_fields);

static int list_rules(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct str after;
    struct rule *rules;
    size_t count;

    PASS(rule_check_bus(op, in->bus));
    PASS(page_open(op, in->token, &after));
    TRY(rule_list(op, in->prefix, after, in->limit + 1, &rules, &count));
    if (count > (size_t)in->limit) {
        count = (size_t)in->limit;
        out->token = page_token(op, rules[count - 1].name);
    }
    struct view *views = arena_array(op->arena, struct view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = view_of(op, &rules[i]);
    out->rules = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_rules)

/* -------------------------------------------------------------------------- */

static struct str put_arn(struct op *op, const void *in)
{
    return rule_arn(op, ((const struct put_in *)in)->name);
}

static struct str named_arn(struct op *op, const void *in)
{
    return rule_arn(op, ((const struct named_in *)in)->name);
}

/* clang-format off */
const struct operation rule_operations[] = {
    OP("PutRule", put_rule, put_in, put_out, OP_WRITES,
       RAISES(EVENTS_NOT_FOUND, EVENTS_LIMIT_EXCEEDED), .resource = put_arn),
    OP("DescribeRule", describe_rule, named_in, describe_out, OP_READS, RAISES(EVENTS_NOT_FOUND),
       .resource = named_arn),
    OP("EnableRule", enable_rule, named_in, shape_nothing, OP_WRITES, RAISES(EVENTS_NOT_FOUND),
       .resource = named_arn),
    OP("DisableRule", disable_rule, named_in, shape_nothing, OP_WRITES, RAISES(EVENTS_NOT_FOUND),
       .resource = named_arn),
    OP("DeleteRule", delete_rule, delete_in, shape_nothing, OP_WRITES, RAISES(EVENTS_NOT_FOUND),
       .resource = named_arn),
    OP("ListRules", list_rules, list_in, list_out, OP_READS, RAISES(EVENTS_NOT_FOUND)),
    OP_END,
};
/* clang-format on */
