/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rate control: how many targets may be worked on at once, and how many may
 * fail before no more are started. Automation (targets, and the pairs of a
 * target location), Run Command and stack sets share it. It knows neither what
 * a target is nor what happened to one in particular: it counts. Targets are
 * started in the order of their index, so what to start is always a range.
 *
 * AWS on MaxErrors: "the number of errors that are allowed before the system
 * stops sending the command to additional targets": 3 stops on the fourth, 0
 * after the first. What is in flight then finishes, and may fail too.
 *
 * Percentages: 10% of 25 is 2, for both. AWS states the rounding only for
 * stack sets (down, and concurrency never below one); it is ours for all.
 *
 * The ramp, where one is asked for: "sends the command to one target and waits
 * ... then to two more ... and continues to grow exponentially until the value
 * of MaxConcurrency is reached". A wave of 1, 2, 4 ... is released when all
 * before it are acknowledged, or when `patience` has passed since the last one
 * (0: never), so that one silent host cannot hold back a fleet. The ramp ends
 * when max_concurrency targets are running.
 */
#pragma once

#include "base/err.h"
#include "base/str.h"

enum rate_outcome {
    RATE_INVALID = 1,
};

/* MaxConcurrency or MaxErrors as it is written: "3" or "10%". */
struct rate_limit {
    uint32_t value;
    bool is_percent;
};

/* AWS: ^([1-9][0-9]*|[1-9][0-9]%|[1-9]%|100%)$, and for errors also 0 and 0%;
 * 1 to 7 characters. Outcome: RATE_INVALID. */
MUST_CHECK int rate_parse_concurrency(struct str text, struct rate_limit *ret);
MUST_CHECK int rate_parse_errors(struct str text, struct rate_limit *ret);

uint32_t rate_concurrency(struct rate_limit limit, uint32_t n_targets); /* at least 1 */
uint32_t rate_errors(struct rate_limit limit, uint32_t n_targets);

/* Plain data. Fill the plan, leave the rest zero. */
struct rate {
    /* the plan */
    uint32_t n_targets, max_concurrency, max_errors;
    bool ramps;
    msec patience;
    /* the facts: n_ended <= n_acknowledged <= n_started <= n_targets */
    uint32_t n_started, n_acknowledged, n_ended, n_errors;
    bool is_stopped;
    /* the ramp */
    bool is_ramped;
    uint32_t wave; /* how many the last wave might hold */
    msec wave_at;
};

struct rate_start {
    uint32_t first, count; /* start the targets first .. first + count - 1 */
    msec ask_again_at;     /* 0, or when time alone may release more */
};

/* Facts. Each started target is acknowledged once (work on it has begun, or
 * else it is about to end) and then ended once: the caller takes care of
 * duplicates. rate_stop() forbids further starts, for a cancellation. */
void rate_acknowledge(struct rate *r);
void rate_end(struct rate *r, bool is_error);
void rate_stop(struct rate *r);

/* What to start now. They count as started from then on. */
struct rate_start rate_next(struct rate *r, msec now);

bool rate_is_exceeded(const struct rate *r); /* more errors than allowed */
bool rate_is_closed(const struct rate *r);   /* nothing will be started any more */
bool rate_is_over(const struct rate *r);     /* closed, and nothing is running */
uint32_t rate_running(const struct rate *r);
