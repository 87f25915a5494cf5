/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/rate.h"

#define MAX_LENGTH 7

static int parse_limit(struct str text, bool may_be_zero, struct rate_limit *ret)
{
    int64_t value;

    if (text.len > MAX_LENGTH)
        return RATE_INVALID;
    bool is_percent = str_ends(text, S("%"));
    struct str digits = str_slice(text, 0, text.len - (is_percent ? 1 : 0));
    if (!str_is_digits(digits) || !str_to_int(digits, &value))
        return RATE_INVALID;
    if (digits.p[0] == '0' && (digits.len > 1 || !may_be_zero))
        return RATE_INVALID;
    if (is_percent && value > 100)
        return RATE_INVALID;
    *ret = (struct rate_limit){ (uint32_t)value, is_percent };
    return 0;
}

int rate_parse_concurrency(struct str text, struct rate_limit *ret)
{
    return parse_limit(text, false, ret);
}

int rate_parse_errors(struct str text, struct rate_limit *ret)
{
    return parse_limit(text, true, ret);
}

static uint32_t resolve(struct rate_limit limit, uint32_t n_targets)
{
    return limit.is_percent ? (uint32_t)((uint64_t)n_targets * limit.value / 100) : limit.value;
}

uint32_t rate_concurrency(struct rate_limit limit, uint32_t n_targets)
{
    uint32_t n = resolve(limit, n_targets);

    return n > 0 ? n : 1;
}

uint32_t rate_errors(struct rate_limit limit, uint32_t n_targets)
{
    return resolve(limit, n_targets);
}

static void check(const struct rate *r)
{
    assert(r->max_concurrency > 0);
    assert(r->n_ended <= r->n_acknowledged);
    assert(r->n_acknowledged <= r->n_started);
    assert(r->n_started <= r->n_targets);
    assert(r->n_errors <= r->n_ended);
    assert(rate_running(r) <= r->max_concurrency);
}

void rate_acknowledge(struct rate *r)
{
    r->n_acknowledged++;
    check(r);
}

void rate_end(struct rate *r, bool is_error)
{
    r->n_ended++;
    r->n_errors += is_error;
    check(r);
}

void rate_stop(struct rate *r)
{
    r->is_stopped = true;
}

uint32_t rate_running(const struct rate *r)
{
    return r->n_started - r->n_ended;
}

bool rate_is_exceeded(const struct rate *r)
{
    return r->n_errors > r->max_errors;
}

bool rate_is_closed(const struct rate *r)
{
    return r->is_stopped || rate_is_exceeded(r) || r->n_started == r->n_targets;
}

bool rate_is_over(const struct rate *r)
{
    return rate_is_closed(r) && rate_running(r) == 0;
}

/* How many the ramp lets go now, at most. */
static uint32_t next_wave(const struct rate *r, msec now)
{
    bool is_impatient = r->patience > 0 && now >= r->wave_at + r->patience;

    if (r->wave == 0)
        return 1;
    if (r->n_acknowledged < r->n_started && !is_impatient)
        return 0;
    return r->wave <= UINT32_MAX / 2 ? r->wave * 2 : UINT32_MAX;
}

struct rate_start rate_next(struct rate *r, msec now)
{
    check(r);
    if (rate_is_closed(r))
        return (struct rate_start){ 0 };

    struct rate_start start = { .first = r->n_started, .count = r->n_targets - r->n_started };
    uint32_t n_free = r->max_concurrency - rate_running(r);
    if (start.count > n_free)
        start.count = n_free;

    if (r->ramps && !r->is_ramped) {
        uint32_t wave = next_wave(r, now);
        if (start.count > wave)
            start.count = wave;
        if (start.count > 0) {
            r->wave = wave;
            r->wave_at = now;
        }
    }
    r->n_started += start.count;
    r->is_ramped = r->is_ramped || rate_running(r) == r->max_concurrency;
    if (r->ramps && !r->is_ramped && r->patience > 0 && !rate_is_closed(r))
        start.ask_again_at = r->wave_at + r->patience;
    check(r);
    return start;
}
