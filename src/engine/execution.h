/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One Automation execution: which step of its runbook runs, with what inputs,
 * and what follows from how it ended. It knows no action: it says "start this
 * step" and is told what came of it, under the serial number it gave.
 *
 * AWS: "if the automation fails at a step", onFailure says whether it ends
 * (Abort), goes on (Continue) or jumps (step:X). A failure or a timeout is
 * final only after maxAttempts; timeoutSeconds is for each attempt. Where the
 * flow goes on to its end, the execution is Failed if a critical step failed.
 * isEnd ends it after its step, however that went. Steps never reached stay
 * Pending.
 *
 * Stopped with Cancel, the step in progress is told to stop and may say how it
 * ended; then its onCancel step runs. All of this has two minutes. Stopped
 * with Complete, the step in progress ends in its own time, and is the last.
 *
 * Open with AWS, so decided here: a step whose inputs cannot be resolved fails
 * at once (InputValidation) whatever its maxAttempts; an attempt given up is
 * cancelled, and what it says later is not listened to; a step that was
 * cancelled by somebody else follows onFailure and aborts as Cancelled; an
 * execution starts at most EXECUTION_MAX_STARTS attempts, so that runbooks
 * which jump back end.
 */
#pragma once

#include "base/value.h"
#include "engine/automation.h"
#include "engine/runbook.h"

#define EXECUTION_MAX_STARTS 1000

/* FailureDetails */
struct step_failure {
    struct str stage; /* InputValidation, PreVerification, Invocation, PostVerification */
    struct str type;  /* Action, Permission, Throttling, Verification, Internal */
    struct str message;
};

struct step_execution {
    enum automation_status status;
    enum automation_status result; /* of the attempt, until it is acted upon; Pending: none */
    uint32_t attempt;              /* 0: never started */
    uint32_t serial;               /* of the attempt; never given twice in an execution */
    msec started_at, attempt_at, ended_at;
    struct str response_code;
    struct step_failure failure;
    struct value *inputs, *outputs; /* maps, or NULL */
};

/* Data and value trees, in the arena they were made or loaded in. */
struct execution {
    struct str id, account, region, partition;
    struct value *parameters; /* typed, as runbook_parameters() made them */
    enum automation_status status;
    enum automation_stop stop;
    bool is_cancel_flow; /* the onCancel path is taken, or was absent */
    bool has_critical_failure;
    uint32_t n_steps, current, n_starts;
    msec started_at, ended_at, cancel_by, timer_at;
    struct str failure_message;
    struct step_execution *steps; /* as in the runbook */
};

enum execution_event_type {
    EXECUTION_EVENT_TIMER,  /* the first of all, and whenever the timer fires */
    EXECUTION_EVENT_OUTPUT, /* the step in progress has made outputs, such as its CommandId */
    EXECUTION_EVENT_ENDED,  /* the attempt `serial` is over */
    EXECUTION_EVENT_STOP,
};

struct execution_event {
    enum execution_event_type type;
    msec at;
    uint32_t serial;               /* OUTPUT, ENDED */
    enum automation_status status; /* ENDED: Success, Failed, TimedOut or Cancelled */
    struct value *outputs;         /* OUTPUT, ENDED: a map, or NULL */
    struct str response_code;      /* ENDED */
    struct step_failure failure;   /* ENDED */
    enum automation_stop stop;     /* STOP */
};

enum execution_effect_type {
    EXECUTION_EFFECT_START_STEP,  /* with e->steps[step].inputs; tell ENDED with `serial` */
    EXECUTION_EFFECT_CANCEL_STEP, /* stop what `serial` started; it may still tell ENDED */
    EXECUTION_EFFECT_ARM_TIMER,   /* tell TIMER at `at`; replaces the timer armed before */
    EXECUTION_EFFECT_FINISHED,    /* e->status is final; comes once */
};

struct execution_effect {
    enum execution_effect_type type;
    uint32_t step, serial;
    msec at;
};

#define EXECUTION_MAX_EFFECTS 6

struct execution_effects {
    struct execution_effect list[EXECUTION_MAX_EFFECTS];
    uint32_t count;
};

/* An execution that has not begun: id, account, region, partition and
 * parameters are taken from *plan. */
struct execution execution_new(struct arena *a, const struct runbook *book,
                               const struct execution *plan);

/* One step of the machine. Views and trees of the event are kept. */
void execution_step(struct arena *a, const struct runbook *book, struct execution *e,
                    const struct execution_event *event, struct execution_effects *out);

/* The runbook's outputs: "step.Output" -> list of strings, where made. */
struct value *execution_outputs(struct arena *a, const struct runbook *book,
                                const struct execution *e);

/* As StepExecution shows them: inputs as texts of JSON, outputs as lists of strings. */
struct value *execution_wire_inputs(struct arena *a, const struct value *inputs);
struct value *execution_wire_outputs(struct arena *a, const struct value *outputs);

/* For one column. False on what save did not write for this runbook. */
struct value *execution_save(struct arena *a, const struct execution *e);
bool execution_load(struct arena *a, const struct runbook *book, const struct value *saved,
                    struct execution *ret);
