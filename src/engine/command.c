/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/command.h"

#include "engine/pack.h"

/* Deadlines of single nodes are looked at together, no finer than this. */
#define SWEEP_GRAIN MSEC_SECOND

#define NEVER_RAN                                                                                  \
    (BIT(INVOCATION_DELIVERY_TIMED_OUT) | BIT(INVOCATION_CANCELLED) |                              \
     BIT(INVOCATION_UNDELIVERABLE) | BIT(INVOCATION_INVALID_PLATFORM) |                            \
     BIT(INVOCATION_ACCESS_DENIED))
#define FINAL                                                                                      \
    (NEVER_RAN | BIT(INVOCATION_SUCCESS) | BIT(INVOCATION_FAILED) |                                \
     BIT(INVOCATION_EXECUTION_TIMED_OUT))

static const struct {
    struct str detail, status;
    unsigned next; /* the states that may follow; none for a final one */
    bool is_error; /* counts against MaxErrors */
} invocations[INVOCATION_DETAILS] = {
    [INVOCATION_PENDING] = { S_INIT("Pending"), S_INIT("Pending"),
                             NEVER_RAN | BIT(INVOCATION_IN_PROGRESS) | BIT(INVOCATION_TERMINATED) },
    [INVOCATION_IN_PROGRESS] = { S_INIT("InProgress"), S_INIT("InProgress"),
                                 FINAL | BIT(INVOCATION_DELAYED) | BIT(INVOCATION_CANCELLING) },
    [INVOCATION_DELAYED] = { S_INIT("Delayed"), S_INIT("Delayed"),
                             FINAL | BIT(INVOCATION_IN_PROGRESS) },
    [INVOCATION_CANCELLING] = { S_INIT("Cancelling"), S_INIT("Cancelling"), FINAL },
    [INVOCATION_SUCCESS] = { S_INIT("Success"), S_INIT("Success") },
    [INVOCATION_FAILED] = { S_INIT("Failed"), S_INIT("Failed"), .is_error = true },
    [INVOCATION_EXECUTION_TIMED_OUT] = { S_INIT("ExecutionTimedOut"), S_INIT("TimedOut"),
                                         .is_error = true },
    [INVOCATION_DELIVERY_TIMED_OUT] = { S_INIT("DeliveryTimedOut"), S_INIT("TimedOut") },
    [INVOCATION_CANCELLED] = { S_INIT("Cancelled"), S_INIT("Cancelled") },
    [INVOCATION_TERMINATED] = { S_INIT("Terminated"), S_INIT("Cancelled") },
    [INVOCATION_UNDELIVERABLE] = { S_INIT("Undeliverable"), S_INIT("Failed") },
    [INVOCATION_INVALID_PLATFORM] = { S_INIT("InvalidPlatform"), S_INIT("Failed") },
    [INVOCATION_ACCESS_DENIED] = { S_INIT("AccessDenied"), S_INIT("Failed") },
};

#define OVER                                                                                       \
    (BIT(COMMAND_SUCCESS) | BIT(COMMAND_FAILED) | BIT(COMMAND_EXECUTION_TIMED_OUT) |               \
     BIT(COMMAND_DELIVERY_TIMED_OUT) | BIT(COMMAND_CANCELLED) | BIT(COMMAND_INCOMPLETE))

static const struct {
    struct str detail, status;
    unsigned next;
} commands[COMMAND_DETAILS] = {
    [COMMAND_PENDING] = { S_INIT("Pending"), S_INIT("Pending"),
                          OVER | BIT(COMMAND_NO_INSTANCES_IN_TAG) | BIT(COMMAND_IN_PROGRESS) |
                              BIT(COMMAND_CANCELLING) },
    [COMMAND_IN_PROGRESS] = { S_INIT("InProgress"), S_INIT("InProgress"),
                              OVER | BIT(COMMAND_DELAYED) | BIT(COMMAND_CANCELLING) },
    [COMMAND_DELAYED] = { S_INIT("Delayed"), S_INIT("InProgress"),
                          OVER | BIT(COMMAND_IN_PROGRESS) | BIT(COMMAND_CANCELLING) },
    [COMMAND_CANCELLING] = { S_INIT("Cancelling"), S_INIT("Cancelling"), OVER },
    [COMMAND_SUCCESS] = { S_INIT("Success"), S_INIT("Success") },
    [COMMAND_FAILED] = { S_INIT("Failed"), S_INIT("Failed") },
    [COMMAND_EXECUTION_TIMED_OUT] = { S_INIT("ExecutionTimedOut"), S_INIT("TimedOut") },
    [COMMAND_DELIVERY_TIMED_OUT] = { S_INIT("DeliveryTimedOut"), S_INIT("TimedOut") },
    [COMMAND_CANCELLED] = { S_INIT("Cancelled"), S_INIT("Cancelled") },
    [COMMAND_INCOMPLETE] = { S_INIT("Incomplete"), S_INIT("Failed") },
    [COMMAND_NO_INSTANCES_IN_TAG] = { S_INIT("NoInstancesInTag"), S_INIT("Success") },
    [COMMAND_RATE_EXCEEDED] = { S_INIT("RateExceeded"), S_INIT("Failed") },
    [COMMAND_ACCESS_DENIED] = { S_INIT("AccessDenied"), S_INIT("Failed") },
};

bool invocation_is_over(const struct invocation *row)
{
    return invocations[row->detail].next == 0;
}

bool command_is_over(const struct command *c)
{
    return commands[c->detail].next == 0;
}

static void emit(struct command_effects *out, struct command_effect effect)
{
    assert(out->count < COMMAND_MAX_EFFECTS);
    out->list[out->count++] = effect;
}

/* ---- an invocation moves ---- */

static void move(struct command *c, struct invocation *row, enum invocation_detail next)
{
    assert(invocations[row->detail].next & BIT(next));
    assert(c->n_by[row->detail] > 0);
    c->n_by[row->detail]--;
    c->n_by[next]++;
    row->detail = next;
}

static void deliver(struct command *c, struct invocation *row, msec now)
{
    if (!row->is_delivered && row->is_released)
        rate_acknowledge(&c->rate);
    row->is_delivered = true;
    row->delivered_at = now;
    if (row->detail == INVOCATION_DELAYED)
        move(c, row, INVOCATION_IN_PROGRESS);
}

static void end(struct command *c, struct invocation *row, enum invocation_detail how, msec now)
{
    move(c, row, how);
    row->ended_at = now;
    if (!row->is_released)
        return; /* its turn comes, and passes, when it is visited */
    if (!row->is_delivered)
        rate_acknowledge(&c->rate);
    rate_end(&c->rate, invocations[how].is_error);
}

static void release(struct command *c, struct invocation *row, uint32_t index, msec now,
                    struct command_effects *out)
{
    row->is_released = true;
    c->n_released++;
    if (invocation_is_over(row)) { /* refused or cancelled before its turn */
        rate_acknowledge(&c->rate);
        rate_end(&c->rate, false);
        return;
    }
    row->released_at = now;
    move(c, row, INVOCATION_IN_PROGRESS);
    emit(out, (struct command_effect){ .type = COMMAND_EFFECT_SEND, .index = index });
}

static void tell_agent_to_stop(struct invocation *row, uint32_t index, struct command_effects *out)
{
    if (row->is_cancel_sent)
        return;
    row->is_cancel_sent = true;
    emit(out, (struct command_effect){ .type = COMMAND_EFFECT_CANCEL, .index = index });
}

/* AWS: a command that its agent does not have yet is cancelled at once; else the
 * agent is asked, and says how it ended. */
static void cancel(struct command *c, struct invocation *row, uint32_t index, msec now,
                   struct command_effects *out)
{
    if (invocation_is_over(row) || row->detail == INVOCATION_CANCELLING)
        return;
    if (!row->is_delivered) {
        end(c, row, INVOCATION_CANCELLED, now);
        return;
    }
    move(c, row, INVOCATION_CANCELLING);
    tell_agent_to_stop(row, index, out);
}

static msec due_at(const struct command *c, const struct invocation *row)
{
    return row->released_at + c->delivery_timeout;
}

/* Do to one row what the command's facts ask for. Doing so twice changes nothing. */
static void visit(struct command *c, struct invocation *row, uint32_t index, msec now,
                  struct command_effects *out)
{
    bool is_cancelling = row->detail == INVOCATION_CANCELLING;

    if (!invocation_is_over(row) && now >= c->expires_at)
        end(c, row, is_cancelling ? INVOCATION_CANCELLED : INVOCATION_DELIVERY_TIMED_OUT, now);
    else if (!invocation_is_over(row) && c->is_cancelled)
        cancel(c, row, index, now, out);
    else if (!invocation_is_over(row) && !row->is_released && c->stop == COMMAND_STOP_ERRORS)
        end(c, row, INVOCATION_TERMINATED, now);

    if (!row->is_released && index < c->rate.n_started)
        release(c, row, index, now, out);

    if (!invocation_is_over(row) && row->is_released && !row->is_delivered) {
        if (now >= due_at(c, row))
            end(c, row, INVOCATION_DELIVERY_TIMED_OUT, now);
        else if (c->sweep_at == 0 || due_at(c, row) + SWEEP_GRAIN < c->sweep_at)
            c->sweep_at = due_at(c, row);
    }
}

/* ---- what an agent says ---- */

static enum invocation_detail end_of(enum agent_status document)
{
    switch (document) {
    case AGENT_SUCCESS:
    case AGENT_SKIPPED:
        return INVOCATION_SUCCESS;
    case AGENT_FAILED:
        return INVOCATION_FAILED;
    case AGENT_TIMED_OUT:
        return INVOCATION_EXECUTION_TIMED_OUT;
    case AGENT_CANCELLED:
        return INVOCATION_CANCELLED;
    case AGENT_NOT_STARTED:
    case AGENT_IN_PROGRESS:
    case AGENT_SUCCESS_AND_REBOOT:
    case AGENT_PASSED_AND_REBOOT:
    case AGENT_STATUSES:
        break;
    }
    return INVOCATION_IN_PROGRESS;
}

/* The agent has the message (DELIVERED), or says how far it is (REPLY). */
static void record_word(struct command *c, struct invocation *row,
                        const struct command_event *event, struct command_effects *out)
{
    bool is_final = event->type == COMMAND_EVENT_REPLY && agent_status_is_final(event->document);

    if (!row->is_released)
        return; /* it cannot have what was never sent */
    if (invocation_is_over(row)) {
        /* A message may reach an agent after it was given up. The node must not
         * do what everybody was told it did not; but what had begun is let be. */
        if (!row->is_delivered && !is_final)
            tell_agent_to_stop(row, event->index, out);
        return;
    }
    if (!row->is_delivered)
        deliver(c, row, event->at);
    if (is_final)
        end(c, row, end_of(event->document), event->at);
}

static void record_refusal(struct command *c, struct invocation *row,
                           const struct command_event *event)
{
    assert(event->refusal == INVOCATION_UNDELIVERABLE ||
           event->refusal == INVOCATION_INVALID_PLATFORM ||
           event->refusal == INVOCATION_ACCESS_DENIED);
    if (!invocation_is_over(row))
        end(c, row, event->refusal, event->at);
}

/* ---- the command ---- */

static void record_time(struct command *c, msec now, struct command_effects *out)
{
    c->timer_at = 0;
    if (now >= c->expires_at) {
        if (c->stop == COMMAND_STOP_NONE)
            c->stop = COMMAND_STOP_EXPIRY;
        rate_stop(&c->rate);
        emit(out, (struct command_effect){ .type = COMMAND_EFFECT_VISIT_OPEN });
    } else if (c->sweep_at != 0 && now >= c->sweep_at) {
        c->sweep_at = 0;
        emit(out, (struct command_effect){ .type = COMMAND_EFFECT_VISIT_RUNNING });
    }
}

static void record_cancel(struct command *c, struct command_effects *out)
{
    c->is_cancelled = true;
    if (c->stop == COMMAND_STOP_NONE)
        c->stop = COMMAND_STOP_CANCEL;
    rate_stop(&c->rate);
    emit(out, (struct command_effect){ .type = COMMAND_EFFECT_VISIT_OPEN });
}

static void record(struct command *c, struct invocation *row, const struct command_event *event,
                   struct command_effects *out)
{
    switch (event->type) {
    case COMMAND_EVENT_TIMER:
        record_time(c, event->at, out);
        break;
    case COMMAND_EVENT_CANCEL_ALL:
        record_cancel(c, out);
        break;
    case COMMAND_EVENT_VISIT:
        visit(c, row, event->index, event->at, out);
        break;
    case COMMAND_EVENT_CANCEL:
        cancel(c, row, event->index, event->at, out);
        break;
    case COMMAND_EVENT_REFUSE:
        record_refusal(c, row, event);
        break;
    case COMMAND_EVENT_DELAYED:
        if (row->detail == INVOCATION_IN_PROGRESS && !row->is_delivered)
            move(c, row, INVOCATION_DELAYED);
        break;
    case COMMAND_EVENT_DELIVERED:
    case COMMAND_EVENT_REPLY:
        record_word(c, row, event, out);
        break;
    }
}

uint32_t command_completed_count(const struct command *c)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < INVOCATION_DETAILS; i++)
        if (invocations[i].next == 0)
            n += c->n_by[i];
    return n;
}

uint32_t command_error_count(const struct command *c)
{
    return c->n_by[INVOCATION_FAILED] + c->n_by[INVOCATION_EXECUTION_TIMED_OUT];
}

uint32_t command_delivery_timed_out_count(const struct command *c)
{
    return c->n_by[INVOCATION_DELIVERY_TIMED_OUT];
}

static enum command_detail final_detail(const struct command *c)
{
    uint32_t n = c->rate.n_targets, n_good = c->n_by[INVOCATION_SUCCESS];
    uint32_t n_refused = c->n_by[INVOCATION_UNDELIVERABLE] + c->n_by[INVOCATION_INVALID_PLATFORM] +
                         c->n_by[INVOCATION_ACCESS_DENIED];

    if (n == 0)
        return COMMAND_NO_INSTANCES_IN_TAG;
    if (c->stop == COMMAND_STOP_CANCEL && c->n_by[INVOCATION_CANCELLED] > 0)
        return COMMAND_CANCELLED;
    if (rate_is_exceeded(&c->rate))
        return c->n_by[INVOCATION_FAILED] == 0 ? COMMAND_EXECUTION_TIMED_OUT : COMMAND_FAILED;
    if (n_good == n)
        return COMMAND_SUCCESS;
    if (c->n_by[INVOCATION_CANCELLED] == n)
        return COMMAND_CANCELLED;
    if (n_refused == n)
        return COMMAND_FAILED;
    if (c->n_by[INVOCATION_DELIVERY_TIMED_OUT] == n)
        return COMMAND_DELIVERY_TIMED_OUT;
    if (n_good + n_refused == n) /* and not all refused */
        return COMMAND_SUCCESS;
    return COMMAND_INCOMPLETE;
}

static enum command_detail current_detail(const struct command *c)
{
    if (command_completed_count(c) == c->rate.n_targets)
        return final_detail(c);
    if (c->is_cancelled)
        return COMMAND_CANCELLING;
    if (c->n_released == 0)
        return COMMAND_PENDING;
    uint32_t n_delayed = c->n_by[INVOCATION_DELAYED];
    return n_delayed > 0 && n_delayed == rate_running(&c->rate) ? COMMAND_DELAYED
                                                                : COMMAND_IN_PROGRESS;
}

static msec earlier(msec a, msec b)
{
    return b != 0 && b < a ? b : a;
}

static void arm_timer(struct command *c, msec now, struct command_effects *out)
{
    msec at = earlier(earlier(c->expires_at, c->sweep_at), c->ramp_at);

    if (at == c->timer_at || at <= now)
        return;
    c->timer_at = at;
    emit(out, (struct command_effect){ .type = COMMAND_EFFECT_ARM_TIMER, .at = at });
}

static void dispatch(struct command *c, msec now, struct command_effects *out)
{
    if (c->stop == COMMAND_STOP_NONE && rate_is_exceeded(&c->rate)) {
        c->stop = COMMAND_STOP_ERRORS;
        emit(out, (struct command_effect){ .type = COMMAND_EFFECT_VISIT_OPEN });
    }
    struct rate_start start = rate_next(&c->rate, now);
    c->ramp_at = start.ask_again_at;
    if (start.count > 0)
        emit(out, (struct command_effect){
                      .type = COMMAND_EFFECT_VISIT, .index = start.first, .count = start.count });
}

static void decide(struct command *c, msec now, struct command_effects *out)
{
    dispatch(c, now, out);

    enum command_detail next = current_detail(c);
    if (next != c->detail) {
        assert(commands[c->detail].next & BIT(next));
        c->detail = next;
    }
    if (command_is_over(c)) {
        c->ended_at = now;
        emit(out, (struct command_effect){ .type = COMMAND_EFFECT_FINISHED });
    } else {
        arm_timer(c, now, out);
    }
}

static void check(const struct command *c)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < INVOCATION_DETAILS; i++)
        n += c->n_by[i];
    assert(n == c->rate.n_targets);
    assert(c->n_released <= c->rate.n_started);
    assert(command_is_over(c) == (c->ended_at != 0));
}

void command_step(struct command *c, struct invocation *row, const struct command_event *event,
                  struct command_effects *out)
{
    bool is_about_all =
        event->type == COMMAND_EVENT_TIMER || event->type == COMMAND_EVENT_CANCEL_ALL;
    bool was_over = command_is_over(c);

    assert(is_about_all == (row == NULL));
    assert(is_about_all || event->index < c->rate.n_targets);
    out->count = 0;
    if (was_over && is_about_all)
        return;
    record(c, row, event, out);
    if (!was_over)
        decide(c, event->at, out);
    check(c);
}

/* ---- beginnings, names, storage ---- */

struct command command_plan(const struct command_plan *plan)
{
    assert(plan->requested_at > 0);
    return (struct command){
        .requested_at = plan->requested_at,
        .delivery_timeout = plan->delivery_timeout,
        .expires_at = plan->requested_at + plan->delivery_timeout + plan->execution_timeout,
        .rate = { .n_targets = plan->n_targets,
                  .max_concurrency = rate_concurrency(plan->max_concurrency, plan->n_targets),
                  .max_errors = rate_errors(plan->max_errors, plan->n_targets),
                  .ramps = plan->ramps,
                  .patience = plan->ramp_patience },
        .n_by[INVOCATION_PENDING] = plan->n_targets,
    };
}

struct command command_refused(msec requested_at, enum command_detail why)
{
    assert(commands[why].next == 0);
    return (struct command){
        .requested_at = requested_at,
        .expires_at = requested_at,
        .detail = why,
        .rate = { .max_concurrency = 1 },
        .ended_at = requested_at,
    };
}

struct str invocation_status_name(enum invocation_detail detail)
{
    return invocations[detail].status;
}

struct str invocation_detail_name(enum invocation_detail detail)
{
    return invocations[detail].detail;
}

struct str command_status_name(enum command_detail detail)
{
    return commands[detail].status;
}

struct str command_detail_name(enum command_detail detail)
{
    return commands[detail].detail;
}

static const struct pack_field command_fields[] = {
    PACK(struct command, requested_at), PACK(struct command, delivery_timeout),
    PACK(struct command, expires_at),   PACK(struct command, detail),
    PACK_RATE(struct command, rate),    PACK(struct command, n_released),
    PACK_ARRAY(struct command, n_by),   PACK(struct command, stop),
    PACK(struct command, is_cancelled), PACK(struct command, sweep_at),
    PACK(struct command, ramp_at),      PACK(struct command, timer_at),
    PACK(struct command, ended_at),
};

static const struct pack_field invocation_fields[] = {
    PACK(struct invocation, detail),       PACK(struct invocation, is_released),
    PACK(struct invocation, is_delivered), PACK(struct invocation, is_cancel_sent),
    PACK(struct invocation, released_at),  PACK(struct invocation, delivered_at),
    PACK(struct invocation, ended_at),
};

struct value *command_save(struct arena *a, const struct command *c)
{
    struct value *map = value_map(a);

    pack_save(a, command_fields, ARRAY_LEN(command_fields), c, map);
    return map;
}

bool command_load(const struct value *saved, struct command *ret)
{
    *ret = (struct command){ 0 };
    return pack_load(command_fields, ARRAY_LEN(command_fields), saved, ret) &&
           ret->detail < COMMAND_DETAILS && ret->stop <= COMMAND_STOP_EXPIRY;
}

struct value *invocation_save(struct arena *a, const struct invocation *row)
{
    struct value *map = value_map(a);

    pack_save(a, invocation_fields, ARRAY_LEN(invocation_fields), row, map);
    return map;
}

bool invocation_load(const struct value *saved, struct invocation *ret)
{
    *ret = (struct invocation){ 0 };
    return pack_load(invocation_fields, ARRAY_LEN(invocation_fields), saved, ret) &&
           ret->detail < INVOCATION_DETAILS;
}
