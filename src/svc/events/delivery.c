/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/delivery.h"

#include "api/aws_client.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "base/log.h"
#include "base/retry.h"
#include "svc/events/tick.h"

enum target_kind target_kind_of(struct str text)
{
    struct arn arn;

    if (!arn_parse(text, &arn))
        return TARGET_UNKNOWN;
    if (str_eq(arn.service, S("lambda")) && str_starts(arn.resource, S("function:")))
        return TARGET_FUNCTION;
    if (str_eq(arn.service, S("ssm")) && str_starts(arn.resource, S("automation-definition/")))
        return TARGET_AUTOMATION;
    return TARGET_UNKNOWN;
}

static int add(struct op *op, struct value *payload, msec due_at)
{
    const struct value *event = value_get(payload, S("event"));
    struct task task = {
        .kind = S("events.deliver"),
        .key = arena_fmt(op->arena, "%.*s/%.*s", STR(value_get_str(event, S("id"))),
                         STR(value_get_str(payload, S("target")))),
        .due_at = due_at,
        .payload = json_format(op->arena, payload),
    };
    return task_add(op, &task);
}

int delivery_add(struct op *op, struct str rule, const struct target *target,
                 const struct value *event)
{
    struct arena *a = op->arena;
    struct value *payload = value_map(a);

    value_set_str(a, payload, S("rule"), rule_arn(op, rule));
    value_set_str(a, payload, S("target"), target->id);
    value_set_str(a, payload, S("arn"), target->arn);
    value_set_str(a, payload, S("role"), target->role_arn);
    value_set(a, payload, S("event"), value_copy(a, event));
    if (str_is_set(target->input))
        value_set_str(a, payload, S("input"), target->input);
    value_set_int(a, payload, S("first"), op->now);
    value_set_int(a, payload, S("tries"), 0);
    value_set_int(a, payload, S("max_attempts"), target->max_attempts);
    value_set_int(a, payload, S("max_age"), target->max_age);
    return add(op, payload, op->now);
}

/* --- carrying it out, on a worker ----------------------------------------- */

struct trip {
    struct task_run *run;
    const struct task *task;
    const struct value *payload;
    struct principal events; /* events.amazonaws.com in the rule's account */
    struct aws_result result;
};

static struct str body_of(struct trip *t)
{
    struct str input = value_get_str(t->payload, S("input"));
    return str_is_set(input) ? input
                             : json_format(t->run->arena, value_get(t->payload, S("event")));
}

/* A function lets us in by its own resource policy; a role of the target would be ignored
 * (EventBridge user guide, "Using resource-based policies"). */
static int call_function(struct trip *t)
{
    struct arena *a = t->run->arena;
    struct value *in = value_map(a);
    struct str rule = value_get_str(t->payload, S("rule"));
    struct op_key source = { S("aws:SourceArn"), { &rule, 1 } };
    struct arn arn;

    if (!arn_parse(value_get_str(t->payload, S("arn")), &arn))
        return FAULT(EINVAL);
    value_set_str(a, in, S("FunctionName"), value_get_str(t->payload, S("arn")));
    value_set_str(a, in, S("InvocationType"), S("Event"));
    value_set_str(a, in, S("Payload"), base64_encode(a, body_of(t)));
    struct aws_request request = {
        .as = &t->events,
        .region = arn.region,
        .service = "lambda",
        .operation = "Invoke",
        .in = in,
        .keys = &source,
        .n_keys = 1,
    };
    return aws_call(t->run->aws, &request, a, &t->result);
}

static int start_with(struct trip *t, const struct principal *as, const struct arn *arn,
                      struct value *parameters)
{
    struct arena *a = t->run->arena;
    struct value *in = value_map(a);
    struct str name, version;

    str_cut(str_from(arn->resource, strlen("automation-definition/")), ':', &name, &version);
    value_set_str(a, in, S("DocumentName"), name);
    if (version.len > 0)
        value_set_str(a, in, S("DocumentVersion"), version);
    value_set(a, in, S("Parameters"), parameters);
    /* The event's id: the same delivery twice is one execution. */
    value_set_str(a, in, S("ClientToken"),
                  value_get_str(value_get(t->payload, S("event")), S("id")));
    struct aws_request request = {
        .as = as,
        .region = arn->region,
        .service = "ssm",
        .operation = "StartAutomationExecution",
        .in = in,
    };
    return aws_call(t->run->aws, &request, a, &t->result);
}

static int start_automation(struct trip *t)
{
    struct value *parameters;
    struct principal role;
    struct arn arn;
    struct str input = value_get_str(t->payload, S("input"));

    if (!arn_parse(value_get_str(t->payload, S("arn")), &arn))
        return FAULT(EINVAL);
    TRY(json_parse(t->run->arena, str_is_set(input) ? input : S("{}"), &parameters, NULL));
    TRY(aws_assume(t->run->aws, &t->events, value_get_str(t->payload, S("role")),
                   value_get_str(value_get(t->payload, S("event")), S("id")), t->run->arena, &role,
                   &t->result));
    return aws_succeeded(&t->result) ? start_with(t, &role, &arn, parameters) : 0;
}

int delivery_perform(struct task_run *run, const struct task *task, struct value **ret_answer)
{
    struct trip t = { .run = run, .task = task };
    struct value *payload;

    TRY(json_parse(run->arena, task->payload, &payload, NULL));
    t.payload = payload;
    t.events = principal_service(S("events.amazonaws.com"), task->account);
    if (target_kind_of(value_get_str(payload, S("arn"))) == TARGET_AUTOMATION)
        TRY(start_automation(&t));
    else
        TRY(call_function(&t));

    *ret_answer = value_map(run->arena);
    value_set_bool(run->arena, *ret_answer, S("arrived"), aws_succeeded(&t.result));
    value_set_bool(run->arena, *ret_answer, S("again"), aws_is_transient(&t.result));
    value_set_str(run->arena, *ret_answer, S("code"), t.result.code);
    value_set_str(run->arena, *ret_answer, S("message"), t.result.message);
    return 0;
}

/* --- and what came of it -------------------------------------------------- */

static msec pause_after(int64_t tries)
{
    static const struct retry pauses = { .first = MSEC_SECOND, .longest = 5 * MSEC_MINUTE };
    uint32_t random;

    random_bytes(&random, sizeof(random));
    return retry_pause(&pauses, tries + 1, random);
}

int delivery_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct value *payload;

    if (value_get_bool(answer, S("arrived"), false))
        return 0;
    TRY(json_parse(op->arena, task->payload, &payload, NULL));
    int64_t tries = value_get_int(payload, S("tries"), 0);
    msec age = op->now - value_get_int(payload, S("first"), op->now);
    bool again = value_get_bool(answer, S("again"), false) &&
                 tries < value_get_int(payload, S("max_attempts"), 0) &&
                 age < value_get_int(payload, S("max_age"), 0) * MSEC_SECOND;
    if (!again) {
        /* A missing permission or target is not retried (user guide, "Event retry policy"):
         * there is no dead-letter queue here, so the loss is said aloud. */
        log_warning("an event of %.*s did not reach %.*s: %.*s: %.*s",
                    STR(value_get_str(payload, S("rule"))), STR(value_get_str(payload, S("arn"))),
                    STR(value_get_str(answer, S("code"))),
                    STR(value_get_str(answer, S("message"))));
        return 0;
    }
    value_set_int(op->arena, payload, S("tries"), tries + 1);
    return add(op, payload, op->now + pause_after(tries));
}
