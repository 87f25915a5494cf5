/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The course of one document: which step comes next, what a step's end means,
 * what the document has come to. Pure: the worker carries out what run_next()
 * says and tells run_*() what came of it, and everything that must survive a
 * crash is in `struct run`, so that the journal is that struct written down.
 */
#pragma once

#include "agent/document.h"

#define RUN_MAX_ATTEMPTS 15 /* of a step that asks for a restart each time */
#define RUN_MAX_AGE      (48 * MSEC_HOUR)

#define CODE_REBOOT    194
#define CODE_EXIT_OK   168
#define CODE_EXIT_FAIL 169
#define CODE_KILLED    137

enum step_status {
    STEP_NOT_STARTED,
    STEP_IN_PROGRESS,
    STEP_SUCCESS,
    STEP_SUCCESS_AND_REBOOT, /* it asked for a restart and will be run again */
    STEP_FAILED,
    STEP_CANCELLED,
    STEP_TIMED_OUT,
    STEP_SKIPPED,
    STEP_STATUSES,
};

struct step_state {
    enum step_status status;
    int64_t code;
    int64_t attempts;          /* started so far */
    struct str boot_id;        /* of the last attempt */
    msec started_at, ended_at; /* start of the first attempt, end of the last */
    struct str out, err;       /* all attempts, cleaned, within the limits */
    struct str message;        /* what `output` says of a step that was not run */
};

struct run {
    const struct document *document;
    struct step_state *steps; /* document->count */
    bool is_cancelled;
    msec created_at; /* of the message; 0 if unknown */
};

/* How an attempt ended. */
struct step_result {
    int64_t code; /* exit status, or 128 + signal */
    bool timed_out;
    bool killed;         /* by us: cancelled */
    struct str problem;  /* set if it never ran or its end is unknown: a sentence */
    struct str out, err; /* cleaned */
    bool out_cut, err_cut;
};

enum run_action {
    RUN_START,  /* start step *ret_step: run_started(), then run_ended() */
    RUN_WAIT,   /* step *ret_step was started before: find out how it ended */
    RUN_REPORT, /* step *ret_step was settled without running: report it */
    RUN_REBOOT, /* step *ret_step asks for it: run_rebooted() or run_not_rebooted() */
    RUN_FINISH, /* all steps are settled */
};

void run_init(struct arena *a, struct run *run, const struct document *document);

enum run_action run_next(struct arena *a, struct run *run, msec now, size_t *ret_step);

void run_started(struct run *run, size_t step, struct str boot_id, msec now);
void run_ended(struct arena *a, struct run *run, size_t step, const struct step_result *result,
               msec now);

/* After a restart: the asking step is open again, unless the limits are reached. */
void run_rebooted(struct arena *a, struct run *run, size_t step, msec now);
void run_not_rebooted(struct arena *a, struct run *run, size_t step, const char *why, msec now);

/* Steps that have not started will not. */
void run_cancel(struct run *run);

const char *run_status_name(enum step_status status);
bool run_status_parse(struct str name, enum step_status *ret);
bool run_is_settled(enum step_status status); /* SUCCESS_AND_REBOOT is not */

/* The document's status by the steps': SuccessAndReboot, Failed, TimedOut,
 * Cancelled, Success, InProgress in this order. */
enum step_status run_status(const struct run *run);
