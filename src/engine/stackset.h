/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One operation of a stack set: in which order its stack instances (an account
 * in a Region) are worked on, how many at once, and when failures stop it. It
 * knows neither stacks nor what is done to them; the caller starts what it is
 * told to and reports what came of it.
 *
 * AWS's rules: Regions go one after the other, or with PARALLEL all at once;
 * tolerance and concurrency count accounts within one Region; a Region with
 * more failures than tolerated is stopped, and "if the operation is stopped in
 * a Region, CloudFormation doesn't attempt it in any subsequent Regions", which
 * we take to mean that under PARALLEL each Region stands for itself.
 * STRICT_FAILURE_TOLERANCE keeps what is in flight within tolerance + 1 less
 * the failures so far; SOFT does not.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#include "engine/rate.h"

enum stackset_outcome {
    STACKSET_INVALID = 1,
};

/* OperationPreferences. Zero-initialised: AWS's defaults. */
struct stackset_preferences {
    struct strs region_order;
    bool is_parallel; /* RegionConcurrencyType */
    bool is_soft;     /* ConcurrencyMode */
    bool has_concurrency;
    struct rate_limit tolerance;   /* default 0 */
    struct rate_limit concurrency; /* default 1 */
};

/* As the API has them: both forms of a limit, -1 for one that is not given. */
struct stackset_limits {
    int64_t tolerance_count, tolerance_percent, concurrency_count, concurrency_percent;
};

/* Outcome: STACKSET_INVALID, *ret_why says what is wrong. */
MUST_CHECK int stackset_set_limits(struct stackset_preferences *p,
                                   const struct stackset_limits *limits, struct str *ret_why);

enum stackset_result {
    STACKSET_PENDING,
    STACKSET_RUNNING,
    STACKSET_SUCCEEDED,
    STACKSET_FAILED,
    STACKSET_CANCELLED,
};

struct stackset_instance {
    struct str account, region;
    enum stackset_result result;
    uint32_t rank; /* of its Region in the order */
};

enum stackset_state {
    STACKSET_OP_RUNNING,
    STACKSET_OP_STOPPING,
    STACKSET_OP_STOPPED,
    STACKSET_OP_SUCCEEDED, /* within tolerance, which is not "all of them" */
    STACKSET_OP_FAILED,
};

/* Plain data; `instances` and the preferences are the plan, the rest is facts. */
struct stackset_operation {
    enum stackset_state state;
    struct stackset_preferences preferences;
    struct stackset_instance *instances;
    size_t n_instances;
    uint32_t n_regions;
};

/*
 * Ranks the Regions of the instances: those of RegionOrder first, then the
 * others as they come. Within a Region the instances keep their order. Outcome:
 * STACKSET_INVALID where RegionOrder names one twice, or one that has no instance.
 */
MUST_CHECK int stackset_plan(struct arena *a, struct stackset_operation *op, struct str *ret_why);

enum stackset_event_type {
    STACKSET_START,  /* also: ask again after a restart */
    STACKSET_REPORT, /* of `instance`, which was started */
    STACKSET_STOP,   /* StopStackSetOperation */
};

struct stackset_event {
    enum stackset_event_type type;
    size_t instance;
    bool ok;
};

/* The instances to start now, and those that will not be any more. */
struct stackset_effects {
    size_t *start, *cancel; /* room for n_instances each */
    size_t n_start, n_cancel;
};

void stackset_step(struct arena *scratch, struct stackset_operation *op,
                   const struct stackset_event *event, struct stackset_effects *out);

bool stackset_is_over(const struct stackset_operation *op);
const char *stackset_state_name(enum stackset_state state);    /* "RUNNING" */
const char *stackset_result_name(enum stackset_result result); /* "PENDING" */
