/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "svc/events/errors.h"
#include "svc/events/operations.h"
#include "svc/events/rule.h"
#include "svc/events/target.h"

#define TARGETS_PER_CALL 10

/* clang-format off */
#define RULE(T) \
    STRING(T, rule, "Rule", REQUIRED, LENGTH(1, 64), .matches = rule_name_is_valid, .pattern = "[\\.\\-_A-Za-z0-9]+")
#define BUS(T) STRING(T, bus, "EventBusName", OPTIONAL, LENGTH(1, 1600))
/* clang-format on */

/* --- shapes --------------------------------------------------------------- */

struct retry {
    int64_t attempts, age;
};

static const struct field retry_fields[] = {
    INTEGER(struct retry, attempts, "MaximumRetryAttempts", OPTIONAL,
            RANGE(0, TARGET_MAX_ATTEMPTS)),
    INTEGER(struct retry, age, "MaximumEventAgeInSeconds", OPTIONAL, RANGE(60, TARGET_MAX_AGE)),
};
static const struct shape retry_shape = SHAPE("RetryPolicy", struct retry, retry_fields);

struct view {
    struct str id, arn, role_arn, input;
    struct retry *retry;
};

static const struct field view_fields[] = {
    STRING(struct view, id, "Id", REQUIRED, LENGTH(1, 64), .matches = rule_name_is_valid,
           .pattern = "[\\.\\-_A-Za-z0-9]+"),
    STRING(struct view, arn, "Arn", REQUIRED, LENGTH(1, 1600)),
    STRING(struct view, role_arn, "RoleArn", OPTIONAL, LENGTH(1, 1600)),
    STRING(struct view, input, "Input", OPTIONAL, LENGTH(0, 8192)),
    STRUCT(struct view, retry, "RetryPolicy", OPTIONAL, retry_shape),
};
static const struct shape view_shape = SHAPE("Target", struct view, view_fields);

struct failed {
    struct str id, code, message;
};

static const struct field failed_fields[] = {
    STRING(struct failed, id, "TargetId", OPTIONAL),
    STRING(struct failed, code, "ErrorCode", OPTIONAL),
    STRING(struct failed, message, "ErrorMessage", OPTIONAL),
};
static const struct shape failed_shape = SHAPE("FailedResultEntry", struct failed, failed_fields);

struct changed_out {
    int64_t failed_count;
    struct list failed;
};

static const struct field changed_out_fields[] = {
    INTEGER(struct changed_out, failed_count, "FailedEntryCount", OPTIONAL),
    LIST(struct changed_out, failed, "FailedEntries", OPTIONAL, failed_shape),
};
static const struct shape changed_out =
    SHAPE("ChangedTargetsResponse", struct changed_out, changed_out_fields);

/* --- PutTargets ----------------------------------------------------------- */

struct put_in {
    struct str rule, bus;
    struct list targets;
};

static const struct field put_in_fields[] = {
    RULE(struct put_in),
    BUS(struct put_in),
    LIST(struct put_in, targets, "Targets", REQUIRED, view_shape, .min = 1, .max = 100),
};
static const struct shape put_in = SHAPE("PutTargetsRequest", struct put_in, put_in_fields);

static int check_input(struct op *op, const struct view *v)
{
    struct value *parsed;

    if (!str_is_set(v->input))
        return 0;
    int result = json_parse(op->arena, v->input, &parsed, NULL);
    if (result == JSON_MALFORMED)
        return op_invalid(op, "JSON syntax error in input for target %.*s", STR(v->id));
    TRY(result);
    return 0;
}

static int check_target(struct op *op, const struct view *v)
{
    PASS(check_input(op, v));
    switch (target_kind_of(v->arn)) {
    case TARGET_FUNCTION:
        return 0;
    case TARGET_AUTOMATION:
        if (!str_is_set(v->role_arn))
            return op_invalid(op, "RoleArn is required for target %.*s.", STR(v->arn));
        return op_pass_role(op, v->role_arn, S("events.amazonaws.com"));
    case TARGET_UNKNOWN:
        break;
    }
    return op_invalid(op,
                      "Target %.*s is not supported: Lambda functions and Automation "
                      "runbooks are.",
                      STR(v->arn));
}

static struct target target_of(const struct view *v)
{
    struct target t = { v->id, v->arn, v->role_arn, v->input, TARGET_MAX_ATTEMPTS, TARGET_MAX_AGE };

    if (v->retry && v->retry->attempts != UNSET)
        t.max_attempts = v->retry->attempts;
    if (v->retry && v->retry->age != UNSET)
        t.max_age = v->retry->age;
    return t;
}

static int put_targets(struct op *op, const struct put_in *in, struct changed_out *out)
{
    struct rule rule;
    struct target *all;
    size_t count;

    PASS(rule_check_bus(op, in->bus));
    PASS(rule_find(op, in->rule, &rule));
    if (in->targets.count > TARGETS_PER_CALL)
        return op_fail(op, EVENTS_LIMIT_EXCEEDED, "A request may have at most %d targets.",
                       TARGETS_PER_CALL);
    for (size_t i = 0; i < in->targets.count; i++)
        PASS(check_target(op, LIST_ITEM(struct view, in->targets, i)));
    for (size_t i = 0; i < in->targets.count; i++) {
        struct target target = target_of(LIST_ITEM(struct view, in->targets, i));
        TRY(target_put(op, in->rule, &target));
    }
    TRY(target_list(op, in->rule, &all, &count));
    if (count > TARGETS_PER_RULE)
        return op_fail(op, EVENTS_LIMIT_EXCEEDED,
                       "The requested resource exceeds the maximum number allowed.");
    out->failed_count = 0;
    out->failed.items = arena_array(op->arena, struct failed, 1);
    return 0;
}
OP_HANDLER(put_targets)

/* --- RemoveTargets -------------------------------------------------------- */

struct remove_in {
    struct str rule, bus;
    struct strs ids;
    bool force;
};

static const struct field remove_in_fields[] = {
    RULE(struct remove_in), BUS(struct remove_in),
    STRINGS(struct remove_in, ids, "Ids", REQUIRED, LENGTH(1, 100), .item_min = 1, .item_max = 64),
    BOOLEAN(struct remove_in, force, "Force", OPTIONAL), /* of managed rules; none is here */
};
static const struct shape remove_in =
    SHAPE("RemoveTargetsRequest", struct remove_in, remove_in_fields);

static int remove_targets(struct op *op, const struct remove_in *in, struct changed_out *out)
{
    struct rule rule;

    PASS(rule_check_bus(op, in->bus));
    PASS(rule_find(op, in->rule, &rule));
    for (size_t i = 0; i < in->ids.count; i++)
        TRY(target_remove(op, in->rule, in->ids.items[i]));
    out->failed_count = 0;
    out->failed.items = arena_array(op->arena, struct failed, 1);
    return 0;
}
OP_HANDLER(remove_targets)

/* --- ListTargetsByRule, ListRuleNamesByTarget ----------------------------- */

struct list_in {
    struct str rule, bus, token;
    int64_t limit;
};

static const struct field list_in_fields[] = {
    RULE(struct list_in),
    BUS(struct list_in),
    STRING(struct list_in, token, "NextToken", OPTIONAL, LENGTH(1, 2048)),
    INTEGER(struct list_in, limit, "Limit", OPTIONAL, RANGE(1, 100), DEFAULT(100)),
};
static const struct shape list_in =
    SHAPE("ListTargetsByRuleRequest", struct list_in, list_in_fields);

struct list_out {
    struct list targets;
    struct str token;
};

static const struct field list_out_fields[] = {
    LIST(struct list_out, targets, "Targets", OPTIONAL, view_shape),
    STRING(struct list_out, token, "NextToken", OPTIONAL),
};
static const struct shape list_out =
    SHAPE("ListTargetsByRuleResponse", struct list_out, list_out_fields);

static struct view view_of(struct op *op, const struct target *t)
{
    struct view v = { t->id, t->arn, t->role_arn, t->input, NULL };

    if (t->max_attempts != TARGET_MAX_ATTEMPTS || t->max_age != TARGET_MAX_AGE) {
        v.retry = arena_new(op->arena, struct retry);
        *v.retry = (struct retry){ t->max_attempts, t->max_age };
    }
    return v;
}

static int list_targets(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct rule rule;
    struct str after;
    struct target *targets;
    size_t count;

    PASS(rule_check_bus(op, in->bus));
    PASS(rule_find(op, in->rule, &rule));
    PASS(page_open(op, in->token, &after));
    TRY(target_list(op, in->rule, &targets, &count));

    struct view *views = arena_array(op->arena, struct view, count + 1);
    out->targets.items = views;
    for (size_t i = 0; i < count; i++) {
        if (str_is_set(after) && str_cmp(targets[i].id, after) <= 0)
            continue;
        if (out->targets.count == (size_t)in->limit) {
            out->token = page_token(op, views[out->targets.count - 1].id);
            break;
        }
        views[out->targets.count++] = view_of(op, &targets[i]);
    }
    return 0;
}
OP_HANDLER(list_targets)

struct names_in {
    struct str arn, bus, token;
    int64_t limit;
};

static const struct field names_in_fields[] = {
    STRING(struct names_in, arn, "TargetArn", REQUIRED, LENGTH(1, 1600)),
    BUS(struct names_in),
    STRING(struct names_in, token, "NextToken", OPTIONAL, LENGTH(1, 2048)),
    INTEGER(struct names_in, limit, "Limit", OPTIONAL, RANGE(1, 100), DEFAULT(100)),
};
static const struct shape names_in =
    SHAPE("ListRuleNamesByTargetRequest", struct names_in, names_in_fields);

struct names_out {
    struct strs names;
    struct str token;
};

static const struct field names_out_fields[] = {
    STRINGS(struct names_out, names, "RuleNames", OPTIONAL),
    STRING(struct names_out, token, "NextToken", OPTIONAL),
};
static const struct shape names_out =
    SHAPE("ListRuleNamesByTargetResponse", struct names_out, names_out_fields);

static int list_names(struct op *op, const struct names_in *in, struct names_out *out)
{
    struct str after;

    PASS(rule_check_bus(op, in->bus));
    PASS(page_open(op, in->token, &after));
    TRY(target_rules(op, in->arn, after, in->limit + 1, &out->names));
    if (out->names.count > (size_t)in->limit) {
        out->names.count = (size_t)in->limit;
        out->token = page_token(op, out->names.items[out->names.count - 1]);
    }
    return 0;
}
OP_HANDLER(list_names)

/* -------------------------------------------------------------------------- */

static struct str put_arn(struct op *op, const void *in)
{
    return rule_arn(op, ((const struct put_in *)in)->rule);
}

static struct str remove_arn(struct op *op, const void *in)
{
    return rule_arn(op, ((const struct remove_in *)in)->rule);
}

static struct str list_arn(struct op *op, const void *in)
{
    return rule_arn(op, ((const struct list_in *)in)->rule);
}

/* clang-format off */
const struct operation target_operations[] = {
    OP("PutTargets", put_targets, put_in, changed_out, OP_WRITES,
       RAISES(EVENTS_NOT_FOUND, EVENTS_LIMIT_EXCEEDED), .resource = put_arn),
    OP("RemoveTargets", remove_targets, remove_in, changed_out, OP_WRITES,
       RAISES(EVENTS_NOT_FOUND), .resource = remove_arn),
    OP("ListTargetsByRule", list_targets, list_in, list_out, OP_READS, RAISES(EVENTS_NOT_FOUND),
       .resource = list_arn),
    OP("ListRuleNamesByTarget", list_names, names_in, names_out, OP_READS,
       RAISES(EVENTS_NOT_FOUND)),
    OP_END,
};
/* clang-format on */
