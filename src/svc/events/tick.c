/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/events/tick.h"

#include "base/crypto.h"
#include "base/json.h"
#include "base/time.h"
#include "engine/schedule.h"
#include "svc/events/delivery.h"

static struct str timer_key(struct op *op, struct str rule)
{
    return arena_fmt(op->arena, "%.*s/%.*s/%.*s", STR(op->account), STR(op->region), STR(rule));
}

int tick_disarm(struct op *op, struct str rule)
{
    return task_cancel(op, S("events.tick"), timer_key(op, rule));
}

int tick_arm(struct op *op, const struct rule *rule, msec after)
{
    struct schedule schedule;
    msec next = 0;

    if (!rule->enabled)
        return tick_disarm(op, rule->name);
    TRY(schedule_parse(rule->schedule, &schedule)); /* checked by PutRule */
    int found = schedule_next(&schedule, after, rule->phase_at, &next);
    if (found == SCHEDULE_NEVER)
        return tick_disarm(op, rule->name);
    TRY(found);

    struct value *payload = value_map(op->arena);
    value_set_str(op->arena, payload, S("rule"), rule->name);
    value_set_int(op->arena, payload, S("at"), next);
    struct task task = {
        .kind = S("events.tick"),
        .key = timer_key(op, rule->name),
        .due_at = next,
        .payload = json_format(op->arena, payload),
    };
    return task_add(op, &task);
}

/* The event as the EventBridge user guide shows it ("Scheduled Event"). Its time is the
 * instant that was due, not that of the delivery, so that (rule, time) names the tick. */
static struct value *scheduled_event(struct op *op, const struct rule *rule, msec at)
{
    struct arena *a = op->arena;
    struct value *event = value_map(a), *resources = value_list(a);

    value_append(a, resources, value_string(a, rule_arn(op, rule->name)));
    value_set_str(a, event, S("version"), S("0"));
    value_set_str(a, event, S("id"), random_uuid(a));
    value_set_str(a, event, S("detail-type"), S("Scheduled Event"));
    value_set_str(a, event, S("source"), S("aws.events"));
    value_set_str(a, event, S("account"), op->account);
    value_set_str(a, event, S("time"), time_iso(a, at));
    value_set_str(a, event, S("region"), op->region);
    value_set(a, event, S("resources"), resources);
    value_set(a, event, S("detail"), value_map(a));
    return event;
}

/* Of several instants that went by unseen only the latest is made up for, and only while
 * it is young enough that a delivery would still be tried. */
static int latest_missed(struct op *op, const struct rule *rule, msec at, msec *ret)
{
    struct schedule schedule;

    *ret = at;
    TRY(schedule_parse(rule->schedule, &schedule));
    int found = schedule_latest(&schedule, at, op->now, rule->phase_at, ret);
    if (found == SCHEDULE_NEVER)
        return 0;
    TRY(found);
    return 0;
}

int tick_settle(struct op *op, const struct task *task, const struct value *answer)
{
    struct value *payload;
    struct rule rule;
    struct target *targets;
    size_t count;
    msec at;

    (void)answer;
    TRY(json_parse(op->arena, task->payload, &payload, NULL));
    int found = rule_get(op, value_get_str(payload, S("rule")), &rule);
    if (found == DB_NO_ROW)
        return 0;
    TRY(found);
    if (!rule.enabled)
        return 0;

    TRY(latest_missed(op, &rule, value_get_int(payload, S("at"), op->now), &at));
    if (op->now - at <= TARGET_MAX_AGE * MSEC_SECOND) {
        struct value *event = scheduled_event(op, &rule, at);
        TRY(target_list(op, rule.name, &targets, &count));
        for (size_t i = 0; i < count; i++)
            TRY(delivery_add(op, rule.name, &targets[i], event));
    }
    return tick_arm(op, &rule, at > op->now ? at : op->now);
}
