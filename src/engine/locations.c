/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/locations.h"

#include "engine/pack.h"

static void emit(struct locations_effects *out, struct locations_effect effect)
{
    assert(out->count < LOCATIONS_MAX_EFFECTS);
    out->list[out->count++] = effect;
}

/* ---- pairs ---- */

static struct location_run *run_of(const struct locations *l, uint32_t index)
{
    uint32_t low = 0, high = l->n_locations;

    while (high - low > 1) {
        uint32_t middle = low + (high - low) / 2;
        if (l->runs[middle].first <= index)
            low = middle;
        else
            high = middle;
    }
    return &l->runs[low];
}

static bool is_running(const struct pair_run *row)
{
    return row->status == AUTOMATION_IN_PROGRESS || row->status == AUTOMATION_CANCELLING;
}

static void move(struct locations *l, struct pair_run *row, enum automation_status next)
{
    assert(automation_may_follow(row->status, next));
    assert(l->n_by[row->status] > 0);
    l->n_by[row->status]--;
    l->n_by[next]++;
    row->status = next;
}

static void end(struct locations *l, struct pair_run *row, uint32_t index,
                enum automation_status how, msec now)
{
    struct location_run *run = run_of(l, index);

    move(l, row, how);
    row->ended_at = now;
    rate_acknowledge(&run->rate);
    rate_end(&run->rate, automation_is_error(how));
}

/* Do to one pair what the facts ask for. Doing so twice changes nothing. */
static void visit(struct locations *l, struct pair_run *row, uint32_t index, msec now,
                  struct locations_effects *out)
{
    struct location_run *run = run_of(l, index);

    if (row->status == AUTOMATION_PENDING && index - run->first < run->rate.n_started) {
        move(l, row, AUTOMATION_IN_PROGRESS);
        row->started_at = now;
        emit(out, (struct locations_effect){ .type = LOCATIONS_EFFECT_START, .index = index });
    }
    if (!is_running(row) || l->stop != AUTOMATION_STOP_CANCEL)
        return;
    if (row->status == AUTOMATION_IN_PROGRESS) {
        move(l, row, AUTOMATION_CANCELLING);
        emit(out, (struct locations_effect){ .type = LOCATIONS_EFFECT_CANCEL, .index = index });
    }
    if (now >= l->cancel_by)
        end(l, row, index, AUTOMATION_CANCELLED, now);
}

/* ---- the parent ---- */

static bool any_exceeded(const struct locations *l)
{
    for (uint32_t i = 0; i < l->n_locations; i++)
        if (rate_is_exceeded(&l->runs[i].rate))
            return true;
    return false;
}

static void record_stop(struct locations *l, const struct locations_event *event,
                        struct locations_effects *out)
{
    if (event->stop <= l->stop)
        return;
    if (l->stop == AUTOMATION_STOP_NONE)
        l->is_stopped_first = !any_exceeded(l);
    l->stop = event->stop;
    for (uint32_t i = 0; i < l->n_locations; i++)
        rate_stop(&l->runs[i].rate);
    if (l->stop == AUTOMATION_STOP_CANCEL) {
        l->cancel_by = event->at + LOCATIONS_CANCEL_LIMIT;
        emit(out, (struct locations_effect){ .type = LOCATIONS_EFFECT_VISIT_RUNNING });
    }
}

static void record(struct locations *l, struct pair_run *row, const struct locations_event *event,
                   struct locations_effects *out)
{
    switch (event->type) {
    case LOCATIONS_EVENT_TIMER:
        l->timer_at = 0;
        if (l->cancel_by != 0 && event->at >= l->cancel_by)
            emit(out, (struct locations_effect){ .type = LOCATIONS_EFFECT_VISIT_RUNNING });
        break;
    case LOCATIONS_EVENT_VISIT:
        visit(l, row, event->index, event->at, out);
        break;
    case LOCATIONS_EVENT_ENDED:
        assert(automation_is_over(event->status));
        if (is_running(row)) /* a child may be heard of twice, or too late */
            end(l, row, event->index, event->status, event->at);
        break;
    case LOCATIONS_EVENT_STOP:
        record_stop(l, event, out);
        break;
    }
}

static void dispatch(struct locations *l, msec now, struct locations_effects *out)
{
    for (uint32_t i = 0; i < l->n_locations; i++) {
        struct location_run *run = &l->runs[i];
        struct rate_start start = rate_next(&run->rate, now);
        if (start.count > 0)
            emit(out, (struct locations_effect){ .type = LOCATIONS_EFFECT_VISIT,
                                                 .index = run->first + start.first,
                                                 .count = start.count });
    }
}

static bool is_everything_over(const struct locations *l)
{
    for (uint32_t i = 0; i < l->n_locations; i++)
        if (!rate_is_over(&l->runs[i].rate))
            return false;
    return true;
}

static enum automation_status final_status(const struct locations *l)
{
    uint32_t n_good = l->n_by[AUTOMATION_SUCCESS];

    if (l->is_stopped_first && (n_good < l->n_pairs || l->n_pairs == 0))
        return AUTOMATION_CANCELLED;
    if (any_exceeded(l) || l->n_pairs == 0)
        return AUTOMATION_FAILED;
    bool has_error = l->n_by[AUTOMATION_FAILED] + l->n_by[AUTOMATION_TIMED_OUT] > 0;
    return n_good == 0 && has_error ? AUTOMATION_FAILED : AUTOMATION_SUCCESS;
}

static void set_status(struct locations *l, enum automation_status next)
{
    assert(automation_may_follow(l->status, next));
    l->status = next;
}

static void decide(struct locations *l, msec now, struct locations_effects *out)
{
    if (l->status == AUTOMATION_PENDING) {
        set_status(l, AUTOMATION_IN_PROGRESS);
        l->started_at = now;
    }
    if (l->status == AUTOMATION_IN_PROGRESS && l->stop == AUTOMATION_STOP_CANCEL)
        set_status(l, AUTOMATION_CANCELLING);
    dispatch(l, now, out);
    if (is_everything_over(l)) {
        set_status(l, final_status(l));
        l->ended_at = now;
        emit(out, (struct locations_effect){ .type = LOCATIONS_EFFECT_FINISHED });
    } else if (l->cancel_by > now && l->cancel_by != l->timer_at) {
        l->timer_at = l->cancel_by;
        emit(out,
             (struct locations_effect){ .type = LOCATIONS_EFFECT_ARM_TIMER, .at = l->cancel_by });
    }
}

static void check(const struct locations *l)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < AUTOMATION_STATUSES; i++)
        n += l->n_by[i];
    assert(n == l->n_pairs);
    assert(automation_is_over(l->status) == (l->ended_at != 0));
}

void locations_step(struct locations *l, struct pair_run *row, const struct locations_event *event,
                    struct locations_effects *out)
{
    bool is_about_all = event->type == LOCATIONS_EVENT_TIMER || event->type == LOCATIONS_EVENT_STOP;

    assert(is_about_all == (row == NULL));
    assert(is_about_all || event->index < l->n_pairs);
    out->count = 0;
    if (automation_is_over(l->status))
        return;
    record(l, row, event, out);
    decide(l, event->at, out);
    check(l);
}

struct locations locations_new(struct arena *a, const struct pairs *pairs,
                               const struct location_limits *limits, size_t count)
{
    struct locations l = {
        .n_pairs = pairs->count,
        .n_locations = (uint32_t)count,
        .n_by[AUTOMATION_PENDING] = pairs->count,
        .runs = arena_array(a, struct location_run, count),
    };
    uint32_t next = 0;

    assert(count >= 1 && count <= LOCATIONS_MAX);
    for (uint32_t i = 0; i < l.n_locations; i++) {
        struct location_run *run = &l.runs[i];
        run->first = next;
        while (next < pairs->count && pairs->items[next].location == i)
            next++;
        uint32_t n = next - run->first;
        run->rate = (struct rate){
            .n_targets = n,
            .max_concurrency = rate_concurrency(limits[i].max_concurrency, n),
            .max_errors = rate_errors(limits[i].max_errors, n),
            .ramps = limits[i].ramps,
        };
    }
    assert(next == pairs->count);
    return l;
}

struct progress locations_progress(const struct locations *l)
{
    uint32_t n_never = automation_is_over(l->status) ? l->n_by[AUTOMATION_PENDING] : 0;

    return (struct progress){
        .total = l->n_pairs,
        .success = l->n_by[AUTOMATION_SUCCESS],
        .failed = l->n_by[AUTOMATION_FAILED],
        .cancelled = l->n_by[AUTOMATION_CANCELLED] + n_never,
        .timed_out = l->n_by[AUTOMATION_TIMED_OUT],
    };
}

/* ---- storage ---- */

static const struct pack_field locations_fields[] = {
    PACK(struct locations, status),      PACK(struct locations, stop),
    PACK(struct locations, n_pairs),     PACK(struct locations, is_stopped_first),
    PACK(struct locations, n_locations), PACK_ARRAY(struct locations, n_by),
    PACK(struct locations, started_at),  PACK(struct locations, ended_at),
    PACK(struct locations, cancel_by),   PACK(struct locations, timer_at),
};

static const struct pack_field run_fields[] = {
    PACK(struct location_run, first),
    PACK_RATE(struct location_run, rate),
};

struct value *locations_save(struct arena *a, const struct locations *l)
{
    struct value *map = value_map(a), *runs = value_list(a);

    pack_save(a, locations_fields, ARRAY_LEN(locations_fields), l, map);
    for (uint32_t i = 0; i < l->n_locations; i++) {
        struct value *run = value_map(a);
        pack_save(a, run_fields, ARRAY_LEN(run_fields), &l->runs[i], run);
        value_append(a, runs, run);
    }
    value_set(a, map, S("runs"), runs);
    return map;
}

bool locations_load(struct arena *a, const struct value *saved, struct locations *ret)
{
    const struct value *runs = value_get(saved, S("runs"));
    struct locations l = { 0 };

    if (!pack_load(locations_fields, ARRAY_LEN(locations_fields), saved, &l) ||
        l.status >= AUTOMATION_STATUSES || l.stop > AUTOMATION_STOP_CANCEL || l.n_locations < 1 ||
        l.n_locations > LOCATIONS_MAX || value_count(runs) != l.n_locations)
        return false;
    l.runs = arena_array(a, struct location_run, l.n_locations);
    for (uint32_t i = 0; i < l.n_locations; i++)
        if (!pack_load(run_fields, ARRAY_LEN(run_fields), value_at(runs, i), &l.runs[i]))
            return false;
    *ret = l;
    return true;
}
