/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Automation in several accounts and Regions: from TargetLocations to pairs
 * of account and Region, and the parent execution that starts a child in each
 * pair at the rate its location allows. How a child is started, with which
 * roles, is not known here. The same parent, with one location, is that of
 * rate control over targets: its pairs are then the targets.
 *
 * Order, a contract: locations as given; within one, accounts as given, with
 * the members of a unit, sorted by id, in its place, and Regions as given
 * within each account. A pair that comes again is left out, also where another
 * location has it already, unless one of them has targets of its own.
 *
 * AWS: "TargetLocationMaxConcurrency" and "TargetLocationMaxErrors" hold over
 * the pairs of one location; locations run beside each other. At the threshold
 * no further pair is started and those running finish. A pair that cannot be
 * started is told as Failed.
 *
 * Final state, open with AWS and decided here: Cancelled if it was stopped
 * before any location was over its threshold, and something was left undone;
 * Failed if a location is over its threshold, if there is no pair at all, or
 * if none succeeded and one failed; else Success. Pairs never started stay
 * Pending, and count as cancelled.
 */
#pragma once

#include "base/value.h"
#include "engine/automation.h"
#include "engine/rate.h"

#define LOCATIONS_MAX       100
#define LOCATIONS_MAX_PAIRS 20000
/* A cancelled child has AUTOMATION_CANCEL_LIMIT, and its answer a way to go. */
#define LOCATIONS_CANCEL_LIMIT (2 * AUTOMATION_CANCEL_LIMIT)

enum locations_outcome {
    LOCATIONS_INVALID = 1,
};

/* An organizational unit and the accounts to be taken for it. */
struct location_unit {
    struct str id;
    struct strs accounts;
};

/* One TargetLocation. */
struct location {
    struct strs accounts; /* account and unit ids */
    struct strs regions;
    struct strs exclude;         /* account and unit ids */
    struct location_unit *units; /* every unit that is named above */
    size_t n_units;
};

/* Whether ids are ids and limits are kept, before units are resolved. Spaces
 * are not trimmed: " 2222" is no account. Outcome: LOCATIONS_INVALID, with a
 * sentence. */
MUST_CHECK int locations_check(struct arena *a, const struct location *list, size_t count,
                               struct str *ret_why);
bool location_is_unit(struct str id); /* ou-..., or the root's r-... */

struct pair {
    struct str account, region;
    uint32_t location;
};

struct pairs {
    struct pair *items; /* those of a location are next to each other */
    uint32_t count;
};

/* Outcome: LOCATIONS_INVALID, if they are more than LOCATIONS_MAX_PAIRS. */
MUST_CHECK int locations_expand(struct arena *a, const struct location *list, size_t count,
                                struct pairs *ret, struct str *ret_why);

/* The StepName of a pair: 111122223333_eu_west_1. */
struct str pair_step_name(struct arena *a, const struct pair *p);

/* ---- the parent ---- */

/* Plain data, one row a pair. */
struct pair_run {
    enum automation_status status;
    msec started_at, ended_at;
};

struct location_run {
    uint32_t first; /* its first pair */
    struct rate rate;
};

struct locations {
    enum automation_status status;
    enum automation_stop stop;
    bool is_stopped_first; /* before any location was over its threshold */
    uint32_t n_pairs, n_locations;
    uint32_t n_by[AUTOMATION_STATUSES]; /* how many pairs are in each state */
    msec started_at, ended_at, cancel_by, timer_at;
    struct location_run *runs;
};

struct location_limits {
    struct rate_limit max_concurrency, max_errors;
    bool ramps;
};

/* `limits`: one for each of the `count` locations. */
struct locations locations_new(struct arena *a, const struct pairs *pairs,
                               const struct location_limits *limits, size_t count);

enum locations_event_type {
    LOCATIONS_EVENT_TIMER, /* the first of all, and whenever the timer fires */
    LOCATIONS_EVENT_VISIT, /* a row that an effect has named */
    LOCATIONS_EVENT_ENDED, /* the child of this pair is over, or could not be started */
    LOCATIONS_EVENT_STOP,
};

struct locations_event {
    enum locations_event_type type;
    msec at;
    uint32_t index;                /* of the pair: VISIT, ENDED */
    enum automation_status status; /* ENDED: Success, Failed, TimedOut or Cancelled */
    enum automation_stop stop;     /* STOP */
};

enum locations_effect_type {
    LOCATIONS_EFFECT_VISIT,         /* tell VISIT to the pairs index .. index + count - 1 */
    LOCATIONS_EFFECT_VISIT_RUNNING, /* ... to every pair that is InProgress or Cancelling */
    LOCATIONS_EFFECT_START,         /* start the child of pair `index` */
    LOCATIONS_EFFECT_CANCEL,        /* stop the child of pair `index` */
    LOCATIONS_EFFECT_ARM_TIMER,     /* tell TIMER at `at`; replaces the timer armed before */
    LOCATIONS_EFFECT_FINISHED,      /* l->status is final; comes once */
};

struct locations_effect {
    enum locations_effect_type type;
    uint32_t index, count;
    msec at;
};

#define LOCATIONS_MAX_EFFECTS (LOCATIONS_MAX + 6)

struct locations_effects {
    struct locations_effect list[LOCATIONS_MAX_EFFECTS];
    uint32_t count;
};

/* `row` is the pair of VISIT and ENDED, NULL for the others. */
void locations_step(struct locations *l, struct pair_run *row, const struct locations_event *event,
                    struct locations_effects *out);

/* ProgressCounters */
struct progress {
    uint32_t total, success, failed, cancelled, timed_out;
};

struct progress locations_progress(const struct locations *l);

/* For one column. */
struct value *locations_save(struct arena *a, const struct locations *l);
bool locations_load(struct arena *a, const struct value *saved, struct locations *ret);

/* What locations_tell() needs of the shell; each may fail with a fault. */
struct locations_shell {
    void *context;
    int (*load)(void *context, uint32_t index, struct pair_run *ret);
    int (*save)(void *context, uint32_t index, const struct pair_run *row);
    /* The first pair at or after `from` that is InProgress or Cancelling, else n_pairs. */
    int (*next_running)(void *context, uint32_t from, uint32_t *ret);
    /* START, CANCEL, ARM_TIMER or FINISHED, to be written down. */
    int (*effect)(void *context, const struct locations_effect *effect);
};

/* Step and visit until nothing is left, in one transaction; the caller saves
 * the parent afterwards. */
MUST_CHECK int locations_tell(struct locations *l, const struct locations_event *event,
                              const struct locations_shell *shell);
