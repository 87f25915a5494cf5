/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Automation runbook (schema 0.3): whether a document is one that can be
 * run here, what it says, and the parameters of an execution of it.
 *
 * What this release does not do is refused when the document is created, with
 * a sentence that names it: actions other than aws:runCommand, variables,
 * attachments, Parameter Store references, resource types of parameters. So is
 * every member that the schema does not know.
 *
 * Open with AWS, so decided here: a default must satisfy its parameter's own
 * rules; isEnd wins over nextStep and over a jump of onFailure; true and false
 * may be strings in isEnd and isCritical, and digits in timeoutSeconds and
 * maxAttempts, as AWS's own runbooks have them.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define RUNBOOK_MAX_STEPS      100
#define RUNBOOK_MAX_PARAMETERS 200
#define RUNBOOK_MAX_ATTEMPTS   100
#define RUNBOOK_MAX_TIMEOUT    (30 * MSEC_DAY)

enum runbook_outcome {
    RUNBOOK_INVALID = 1,
};

enum runbook_type {
    RUNBOOK_STRING,
    RUNBOOK_STRING_LIST,
    RUNBOOK_INTEGER,
    RUNBOOK_BOOLEAN,
    RUNBOOK_STRING_MAP,
    RUNBOOK_MAP_LIST,
    RUNBOOK_TYPES,
};

struct regex;

struct runbook_parameter {
    struct str name;
    enum runbook_type type;
    const struct value *fallback; /* its default; NULL: it must be given */
    const struct value *allowed;  /* a list, or NULL */
    struct str pattern_text;
    const struct regex *pattern;                        /* NULL: any */
    int64_t min_items, max_items, min_chars, max_chars; /* -1: no limit */
};

enum runbook_then {
    RUNBOOK_ABORT,
    RUNBOOK_CONTINUE, /* not of onCancel */
    RUNBOOK_GO,
};

struct runbook_jump {
    enum runbook_then then;
    uint32_t step; /* of RUNBOOK_GO */
};

struct runbook_step {
    struct str name, action, on_failure_text, description;
    uint32_t max_attempts;
    msec timeout; /* of each attempt; 0: what the action starts has its own */
    struct runbook_jump on_failure, on_cancel;
    uint32_t next; /* after success; n_steps: the end */
    bool is_end, is_critical;
    const struct value *inputs;
};

/* Views into the document and its arena. */
struct runbook {
    struct str description, assume_role; /* assume_role may hold references */
    struct runbook_parameter *parameters;
    struct runbook_step *steps;
    uint32_t n_parameters, n_steps;
    struct strs outputs; /* "step.Output" */
};

/* Outcome: RUNBOOK_INVALID, with a sentence for InvalidDocumentContent. */
MUST_CHECK int runbook_parse(struct arena *a, const struct value *document, struct runbook *ret,
                             struct str *ret_why);

/* The parameters of an execution: `given` is the request's map from names to
 * lists of strings, or NULL; the result maps every parameter's name to a value
 * of its declared type. Outcome: RUNBOOK_INVALID, with a sentence for
 * InvalidAutomationExecutionParametersException. */
MUST_CHECK int runbook_parameters(struct arena *a, const struct runbook *book,
                                  const struct value *given, struct value **ret,
                                  struct str *ret_why);

const struct runbook_parameter *runbook_find_parameter(const struct runbook *book, struct str name);
const struct runbook_step *runbook_find_step(const struct runbook *book, struct str name);
struct str runbook_type_name(enum runbook_type type);

/* Whether a value fits a parameter's type and rules; used for defaults too. */
MUST_CHECK int runbook_check_value(struct arena *a, const struct runbook_parameter *p,
                                   const struct value *v, struct str *ret_why);

/* Whether an action's inputs and outputs are known, and well-formed as far as
 * can be seen before they are resolved. Outcome: RUNBOOK_INVALID. */
MUST_CHECK int runbook_check_action(struct arena *a, const struct runbook_step *step,
                                    struct str *ret_why);
bool runbook_action_has_output(struct str action, struct str output);
