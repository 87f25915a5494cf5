/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a command: who is sent it when, what its invocations and itself
 * have come to, and when it is over. It knows counts, states and times; whose
 * node an index is, what the document says and what was printed it does not.
 *
 * The data is one struct for the command and one for each invocation, and a
 * step touches the command and at most one invocation, so that a reply costs
 * the same in a fleet of ten and of ten thousand. Where a fact concerns many
 * rows (a release by rate control, a cancellation, a timeout) the effect says
 * which rows to visit; command_tell() does the visiting.
 *
 * Agents speak at least once, in any order, and late. The first final word on
 * an invocation counts, an agent's or ours; SuccessAndReboot is not final.
 *
 * Clocks. AWS: "if this time is reached and the command hasn't already started
 * running, it won't run". So an invocation which its agent has not taken
 * within the delivery timeout of being sent becomes DeliveryTimedOut; what is
 * still open when delivery and execution timeout together have passed since
 * the request does too, for only an agent can tell of an execution timeout.
 * (AWS shows the first kind only when the total has passed, and lets a silent
 * host hold its place in the rate control until then.)
 *
 * Final state of the command, decided in this order:
 *   no target                                             NoInstancesInTag (Success)
 *   cancelled as a whole first, and a node was cancelled  Cancelled
 *   errors (Failed, ExecutionTimedOut) exceed MaxErrors   Failed, or ExecutionTimedOut if all are
 *   all Success / all Cancelled                           Success / Cancelled
 *   all Undeliverable, InvalidPlatform or AccessDenied    Failed
 *   all DeliveryTimedOut                                  DeliveryTimedOut
 *   Success, and otherwise only those three               Success
 *   else                                                  Incomplete (Failed)
 */
#pragma once

#include "engine/plugin.h"
#include "engine/rate.h"

struct value;

/* StatusDetails of an invocation */
enum invocation_detail {
    INVOCATION_PENDING,
    INVOCATION_IN_PROGRESS, /* sent, or with its agent */
    INVOCATION_DELAYED,     /* sending failed and is tried again */
    INVOCATION_CANCELLING,
    INVOCATION_SUCCESS,
    INVOCATION_FAILED,
    INVOCATION_EXECUTION_TIMED_OUT,
    INVOCATION_DELIVERY_TIMED_OUT,
    INVOCATION_CANCELLED,
    INVOCATION_TERMINATED, /* never sent, for the command had too many errors */
    INVOCATION_UNDELIVERABLE,
    INVOCATION_INVALID_PLATFORM,
    INVOCATION_ACCESS_DENIED,
    INVOCATION_DETAILS,
};

/* StatusDetails of a command */
enum command_detail {
    COMMAND_PENDING,
    COMMAND_IN_PROGRESS,
    COMMAND_DELAYED,
    COMMAND_CANCELLING,
    COMMAND_SUCCESS,
    COMMAND_FAILED,
    COMMAND_EXECUTION_TIMED_OUT,
    COMMAND_DELIVERY_TIMED_OUT,
    COMMAND_CANCELLED,
    COMMAND_INCOMPLETE,
    COMMAND_NO_INSTANCES_IN_TAG,
    COMMAND_RATE_EXCEEDED,
    COMMAND_ACCESS_DENIED,
    COMMAND_DETAILS,
};

/* Plain data; a zeroed one is Pending. */
struct invocation {
    enum invocation_detail detail;
    bool is_released;  /* rate control has let it go: it was, or may be, sent */
    bool is_delivered; /* the agent has it */
    bool is_cancel_sent;
    msec released_at, delivered_at, ended_at;
};

enum command_stop {
    COMMAND_STOP_NONE,
    COMMAND_STOP_ERRORS,
    COMMAND_STOP_CANCEL,
    COMMAND_STOP_EXPIRY,
};

/* Plain data. Fill the plan with command_plan(), then tell it a TIMER event. */
struct command {
    msec requested_at, delivery_timeout, expires_at;
    enum command_detail detail;
    struct rate rate;
    uint32_t n_released;
    uint32_t n_by[INVOCATION_DETAILS]; /* how many invocations are in each state */
    enum command_stop stop;            /* what ended the sending, first */
    bool is_cancelled;                 /* as a whole, by somebody */
    msec sweep_at;                     /* no undelivered invocation is due before; 0: none is */
    msec ramp_at, timer_at, ended_at;
};

struct command_plan {
    msec requested_at, delivery_timeout, execution_timeout;
    uint32_t n_targets;
    struct rate_limit max_concurrency, max_errors;
    bool ramps;
    msec ramp_patience; /* how long to wait for an agent's first word before the next wave */
};

struct command command_plan(const struct command_plan *plan);

/* A command that was accepted but reaches nobody; `why` is final: RATE_EXCEEDED,
 * ACCESS_DENIED, CANCELLED before its targets were known, FAILED to find them. */
struct command command_refused(msec requested_at, enum command_detail why);

enum command_event_type {
    COMMAND_EVENT_TIMER,     /* the first of all, and whenever the timer fires */
    COMMAND_EVENT_VISIT,     /* a row that an effect has named */
    COMMAND_EVENT_REFUSE,    /* this node cannot get it: `refusal` says why */
    COMMAND_EVENT_DELAYED,   /* an attempt to send has failed and will be repeated */
    COMMAND_EVENT_DELIVERED, /* the agent has acknowledged the message */
    COMMAND_EVENT_REPLY,     /* the agent reports `document` */
    COMMAND_EVENT_CANCEL,    /* CancelCommand for this node */
    COMMAND_EVENT_CANCEL_ALL,
};

struct command_event {
    enum command_event_type type;
    msec at;
    uint32_t index;                 /* of the invocation; not for TIMER and CANCEL_ALL */
    enum agent_status document;     /* REPLY */
    enum invocation_detail refusal; /* REFUSE: UNDELIVERABLE, INVALID_PLATFORM, ACCESS_DENIED */
};

enum command_effect_type {
    COMMAND_EFFECT_VISIT,         /* tell VISIT to the rows first .. first + count - 1 */
    COMMAND_EFFECT_VISIT_RUNNING, /* ... to every row that is released and not final */
    COMMAND_EFFECT_VISIT_OPEN,    /* ... to every row that is not final */
    COMMAND_EFFECT_SEND,          /* hand `index` its message, until it is delivered or final */
    COMMAND_EFFECT_CANCEL,        /* send the agent of `index` a cancel message */
    COMMAND_EFFECT_ARM_TIMER,     /* tell TIMER at `at`; replaces the timer armed before */
    COMMAND_EFFECT_FINISHED,      /* c->detail is final; comes once */
};

struct command_effect {
    enum command_effect_type type;
    uint32_t index, count;
    msec at;
};

#define COMMAND_MAX_EFFECTS 8

struct command_effects {
    struct command_effect list[COMMAND_MAX_EFFECTS];
    uint32_t count;
};

/* One step. `row` is the invocation that the event is about, NULL for those
 * that are about the command. */
void command_step(struct command *c, struct invocation *row, const struct command_event *event,
                  struct command_effects *out);

bool invocation_is_over(const struct invocation *row);
bool command_is_over(const struct command *c);

/* TargetCount is c->rate.n_targets. */
uint32_t command_completed_count(const struct command *c);
uint32_t command_error_count(const struct command *c);
uint32_t command_delivery_timed_out_count(const struct command *c);

/* As they are on the wire. */
struct str invocation_status_name(enum invocation_detail detail); /* "TimedOut" */
struct str invocation_detail_name(enum invocation_detail detail); /* "DeliveryTimedOut" */
struct str command_status_name(enum command_detail detail);
struct str command_detail_name(enum command_detail detail);

/* For one column each; load is false on what save did not write. */
struct value *command_save(struct arena *a, const struct command *c);
bool command_load(const struct value *saved, struct command *ret);
struct value *invocation_save(struct arena *a, const struct invocation *row);
bool invocation_load(const struct value *saved, struct invocation *ret);

/* What command_tell() needs of the shell. Rows are numbered from 0. Any of
 * these may fail with a fault, which command_tell() hands on. */
struct command_shell {
    void *context;
    int (*load)(void *context, uint32_t index, struct invocation *ret);
    int (*save)(void *context, uint32_t index, const struct invocation *row);
    /* The first row at or after `from` that is not final (and, if `released`,
     * is released); n_targets where there is none. */
    int (*next_open)(void *context, uint32_t from, bool released, uint32_t *ret);
    /* SEND, CANCEL, ARM_TIMER or FINISHED, to be written down. */
    int (*effect)(void *context, const struct command_effect *effect);
};

/* Step, and visit what is to be visited, until nothing is left. To be called
 * in one transaction; the command itself is saved by the caller, afterwards. */
MUST_CHECK int command_tell(struct command *c, const struct command_event *event,
                            const struct command_shell *shell);
