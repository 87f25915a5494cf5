/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The course of one document: which step comes next, what a step's end means,
 * what the document has come to. Pure: the worker carries out what run_next()
 * says and tells run_*() what came of it, and everything that must survive a
 * crash is in `struct run`, so that the journal is that struct written down.
 *
 * A run is a tree: a step that runs a document is itself a run, of the document
 * that was fetched for it, until it ends. Scripts are its leaves, and there is
 * one thing to do at a time. The plane hears of the top level only: what the
 * steps below print becomes the output of the step above, what they come to is
 * its status.
 */
#pragma once

#include "agent/document.h"

#define RUN_MAX_ATTEMPTS 15 /* of a step that asks for a restart each time */
#define RUN_MAX_AGE      (48 * MSEC_HOUR)
#define RUN_MAX_DEPTH    3   /* of documents that run documents, as AWS has it */
#define RUN_MAX_STEPS    500 /* of a command, in all its documents */

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

struct run;

struct step_state {
    enum step_status status;
    int64_t code;
    int64_t attempts;          /* started so far */
    struct str boot_id;        /* of the last attempt */
    msec started_at, ended_at; /* start of the first attempt, end of the last */
    struct str out, err;       /* all attempts, cleaned, within the limits */
    struct str message;        /* what `output` says of a step that was not run */
    struct run *nested;        /* of a STEP_DOCUMENT under way, once its document is here */
    struct value *payload;     /* that document and its parameters, as document_plan() reads them */
};

struct run {
    const struct document *document;
    struct step_state *steps; /* document->count */
    struct run *parent;       /* NULL: this is the command's own document */
    size_t parent_step;       /* which of its steps this is */
    int depth;
    /* Of the command's own document: */
    bool is_cancelled;
    msec created_at;   /* of the message; 0 if unknown */
    int64_t n_planned; /* steps of all documents so far */
};

/* A step anywhere in the tree. */
struct run_place {
    struct run *run;
    size_t step;
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
    RUN_START,  /* start that step: run_started(), then run_ended() */
    RUN_FETCH,  /* it was started and needs its document: run_nest() or run_fail() */
    RUN_WAIT,   /* it was started before: find out how it ended */
    RUN_REPORT, /* it has just been settled, in the top level: report it */
    RUN_REBOOT, /* it asks for it: run_rebooted() or run_not_rebooted() */
    RUN_FINISH, /* all steps are settled */
};

void run_init(struct arena *a, struct run *run, const struct document *document);

enum run_action run_next(struct arena *a, struct run *run, msec now, struct run_place *ret);

void run_started(struct run_place at, struct str boot_id, msec now);
void run_ended(struct arena *a, struct run_place at, const struct step_result *result, msec now);

/* Go into the step's document. Outcome DOCUMENT_REFUSED with *ret_why: then run_fail(). */
MUST_CHECK int run_nest(struct arena *a, struct run_place at, struct value *payload,
                        struct str *ret_why);
/* The step's document cannot be run. */
void run_fail(struct arena *a, struct run_place at, struct str why, msec now);

/* After a restart: the asking step is open again, unless the limits are reached. */
void run_rebooted(struct arena *a, struct run_place at, msec now);
void run_not_rebooted(struct arena *a, struct run_place at, const char *why, msec now);

/* Steps that have not started will not. */
void run_cancel(struct run *run);

const char *run_status_name(enum step_status status);
bool run_status_parse(struct str name, enum step_status *ret);
bool run_is_settled(enum step_status status); /* SUCCESS_AND_REBOOT is not */

static inline struct step_state *run_state(struct run_place at)
{
    return &at.run->steps[at.step];
}

static inline const struct document_step *run_plan(struct run_place at)
{
    return &at.run->document->steps[at.step];
}

bool run_is_top(struct run_place at);
size_t run_top_step(struct run_place at); /* the step of the top level that it belongs to */
/* "3", "3.0.1": names a step of the tree. */
struct str run_path(struct arena *a, struct run_place at);
/* Is a script anywhere in the tree in that status? */
bool run_has(const struct run *run, enum step_status status);
/* As the plane is told: a document whose step asks for a restart asks for it. */
enum step_status run_step_status(const struct step_state *s);

/* The document's status by the steps': SuccessAndReboot, Failed, TimedOut,
 * Cancelled, Success, InProgress in this order. */
enum step_status run_status(const struct run *run);
