/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/stackset.h"

/* clang-format off */
static const struct {
    const char *name;
    unsigned next; /* the states that may follow */
} states[] = {
    [STACKSET_OP_RUNNING]   = { "RUNNING",   BIT(STACKSET_OP_STOPPING) | BIT(STACKSET_OP_STOPPED) |
                                             BIT(STACKSET_OP_SUCCEEDED) | BIT(STACKSET_OP_FAILED) },
    [STACKSET_OP_STOPPING]  = { "STOPPING",  BIT(STACKSET_OP_STOPPED) },
    [STACKSET_OP_STOPPED]   = { "STOPPED",   0 },
    [STACKSET_OP_SUCCEEDED] = { "SUCCEEDED", 0 },
    [STACKSET_OP_FAILED]    = { "FAILED",    0 },
};
/* clang-format on */

static const char *const results[] = {
    [STACKSET_PENDING] = "PENDING",     [STACKSET_RUNNING] = "RUNNING",
    [STACKSET_SUCCEEDED] = "SUCCEEDED", [STACKSET_FAILED] = "FAILED",
    [STACKSET_CANCELLED] = "CANCELLED",
};

const char *stackset_state_name(enum stackset_state state)
{
    return states[state].name;
}

const char *stackset_result_name(enum stackset_result result)
{
    return results[result];
}

bool stackset_is_over(const struct stackset_operation *op)
{
    return states[op->state].next == 0;
}

static void move(struct stackset_operation *op, enum stackset_state next)
{
    assert(states[op->state].next & BIT(next));
    op->state = next;
}

/* ---- the plan ---- */

static int invalid(struct str *ret_why, struct str why)
{
    if (ret_why)
        *ret_why = why;
    return STACKSET_INVALID;
}

int stackset_set_limits(struct stackset_preferences *p, const struct stackset_limits *l,
                        struct str *ret_why)
{
    bool has_count = l->concurrency_count >= 0, has_percent = l->concurrency_percent >= 0;

    if (l->tolerance_count >= 0 && l->tolerance_percent >= 0)
        return invalid(ret_why, S("FailureToleranceCount and FailureTolerancePercentage cannot "
                                  "both be specified"));
    if (has_count && has_percent)
        return invalid(ret_why, S("MaxConcurrentCount and MaxConcurrentPercentage cannot both be "
                                  "specified"));
    if (l->tolerance_percent > 100 || l->concurrency_percent > 100)
        return invalid(ret_why, S("A percentage must be at most 100"));
    if (l->concurrency_count == 0 || l->concurrency_percent == 0)
        return invalid(ret_why, S("MaxConcurrentCount and MaxConcurrentPercentage must be at "
                                  "least 1"));
    if (l->tolerance_count > INT32_MAX || l->concurrency_count > INT32_MAX)
        return invalid(ret_why, S("A count is too large"));

    p->has_concurrency = has_count || has_percent;
    p->tolerance.is_percent = l->tolerance_percent >= 0;
    p->tolerance.value = (uint32_t)(l->tolerance_percent >= 0 ? l->tolerance_percent
                                    : l->tolerance_count >= 0 ? l->tolerance_count
                                                              : 0);
    p->concurrency.is_percent = has_percent;
    p->concurrency.value = (uint32_t)(has_percent ? l->concurrency_percent
                                      : has_count ? l->concurrency_count
                                                  : 1);
    return 0;
}

static bool has_region(const struct stackset_operation *op, struct str region)
{
    for (size_t i = 0; i < op->n_instances; i++)
        if (str_eq(op->instances[i].region, region))
            return true;
    return false;
}

static uint32_t rank_of(struct strs order, struct str region)
{
    uint32_t rank = 0;

    while (rank < order.count && !str_eq(order.items[rank], region))
        rank++;
    return rank;
}

int stackset_plan(struct arena *a, struct stackset_operation *op, struct str *ret_why)
{
    struct strs given = op->preferences.region_order;
    struct strs order = { arena_array(a, struct str, given.count + op->n_instances), 0 };

    for (size_t i = 0; i < given.count; i++) {
        if (strs_have(order, given.items[i]))
            return invalid(ret_why,
                           arena_fmt(a, "RegionOrder names %.*s twice", STR(given.items[i])));
        if (!has_region(op, given.items[i]))
            return invalid(ret_why, arena_fmt(a,
                                              "RegionOrder names %.*s, which has no stack "
                                              "instance",
                                              STR(given.items[i])));
        order.items[order.count++] = given.items[i];
    }
    for (size_t i = 0; i < op->n_instances; i++) {
        struct stackset_instance *instance = &op->instances[i];
        instance->rank = rank_of(order, instance->region);
        if (instance->rank == order.count)
            order.items[order.count++] = instance->region;
    }
    op->n_regions = (uint32_t)order.count;
    return 0;
}

/* ---- the step ---- */

/* What is so in one Region. */
struct tally {
    uint32_t total, pending, running, failed;
    uint32_t tolerance, concurrency;
};

static struct tally *count(struct arena *scratch, const struct stackset_operation *op)
{
    struct tally *tallies = arena_array(scratch, struct tally, op->n_regions + 1);
    const struct stackset_preferences *p = &op->preferences;

    for (size_t i = 0; i < op->n_instances; i++) {
        struct tally *t = &tallies[op->instances[i].rank];
        t->total++;
        t->pending += op->instances[i].result == STACKSET_PENDING;
        t->running += op->instances[i].result == STACKSET_RUNNING;
        t->failed += op->instances[i].result == STACKSET_FAILED;
    }
    for (uint32_t r = 0; r < op->n_regions; r++) {
        tallies[r].tolerance = rate_errors(p->tolerance, tallies[r].total);
        tallies[r].concurrency =
            p->has_concurrency ? rate_concurrency(p->concurrency, tallies[r].total) : 1;
    }
    return tallies;
}

static bool is_exceeded(const struct tally *t)
{
    return t->failed > t->tolerance;
}

/* How many more may be started in a Region that is still within its tolerance. */
static uint32_t room(const struct stackset_operation *op, const struct tally *t)
{
    uint32_t limit = t->concurrency;

    if (!op->preferences.is_soft && limit > t->tolerance - t->failed + 1)
        limit = t->tolerance - t->failed + 1;
    return t->running < limit ? limit - t->running : 0;
}

static void record(struct stackset_operation *op, const struct stackset_event *event)
{
    if (event->type == STACKSET_STOP && op->state == STACKSET_OP_RUNNING)
        move(op, STACKSET_OP_STOPPING);
    if (event->type != STACKSET_REPORT)
        return;

    /* Reports come at least once: only the first one of a running instance counts. */
    assert(event->instance < op->n_instances);
    struct stackset_instance *instance = &op->instances[event->instance];
    if (instance->result == STACKSET_RUNNING)
        instance->result = event->ok ? STACKSET_SUCCEEDED : STACKSET_FAILED;
}

/* The first Region that may start nothing more, because of failures; n_regions if none. */
static uint32_t first_exceeded(const struct stackset_operation *op, const struct tally *tallies)
{
    uint32_t r = 0;

    while (r < op->n_regions && !is_exceeded(&tallies[r]))
        r++;
    return r;
}

static bool is_given_up(const struct stackset_operation *op, const struct tally *tallies,
                        uint32_t rank, uint32_t exceeded)
{
    if (op->state == STACKSET_OP_STOPPING)
        return true;
    return op->preferences.is_parallel ? is_exceeded(&tallies[rank]) : rank >= exceeded;
}

static void cancel_rest(struct stackset_operation *op, struct tally *tallies,
                        struct stackset_effects *out)
{
    uint32_t exceeded = first_exceeded(op, tallies);

    for (size_t i = 0; i < op->n_instances; i++) {
        struct stackset_instance *instance = &op->instances[i];
        if (instance->result != STACKSET_PENDING ||
            !is_given_up(op, tallies, instance->rank, exceeded))
            continue;
        instance->result = STACKSET_CANCELLED;
        tallies[instance->rank].pending--;
        out->cancel[out->n_cancel++] = i;
    }
}

/* The last Region whose turn has come: the first with something left to do. */
static uint32_t current_region(const struct stackset_operation *op, const struct tally *tallies)
{
    uint32_t r = 0;

    while (r + 1 < op->n_regions && tallies[r].pending == 0 && tallies[r].running == 0)
        r++;
    return op->preferences.is_parallel ? op->n_regions : r;
}

static void start_some(struct stackset_operation *op, struct tally *tallies,
                       struct stackset_effects *out)
{
    uint32_t last = current_region(op, tallies);

    for (size_t i = 0; i < op->n_instances; i++) {
        struct stackset_instance *instance = &op->instances[i];
        struct tally *t = &tallies[instance->rank];
        if (instance->result != STACKSET_PENDING || instance->rank > last || room(op, t) == 0)
            continue;
        instance->result = STACKSET_RUNNING;
        t->pending--;
        t->running++;
        out->start[out->n_start++] = i;
    }
}

static void finish_if_idle(struct stackset_operation *op, const struct tally *tallies)
{
    for (uint32_t r = 0; r < op->n_regions; r++)
        if (tallies[r].pending > 0 || tallies[r].running > 0)
            return;
    if (op->state == STACKSET_OP_STOPPING)
        move(op, STACKSET_OP_STOPPED);
    else if (first_exceeded(op, tallies) < op->n_regions)
        move(op, STACKSET_OP_FAILED);
    else
        move(op, STACKSET_OP_SUCCEEDED);
}

void stackset_step(struct arena *scratch, struct stackset_operation *op,
                   const struct stackset_event *event, struct stackset_effects *out)
{
    out->n_start = out->n_cancel = 0;
    if (stackset_is_over(op))
        return; /* a late report changes nothing */

    record(op, event);
    struct tally *tallies = count(scratch, op);
    cancel_rest(op, tallies, out);
    start_some(op, tallies, out);
    finish_if_idle(op, tallies);
    assert(out->n_start + out->n_cancel <= op->n_instances);
}
