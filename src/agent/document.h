/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A command document as the plane sends it, made into a plan: its parameters
 * filled in, its preconditions decided, each step a script, a
 * document to run, or a sentence that says why not. Pure: it reads no file and starts nothing.
 *
 * Schema 1.2 (runtimeConfig) and 2.0 to 2.2 (mainSteps) with aws:runShellScript and
 * aws:runDocument, whose document is fetched only when its turn comes (run.h).
 * What this agent does not do is refused by name: other plugins, `{{ssm:...}}`
 * references, several `properties` of one plugin, output to S3 or CloudWatch.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define DOCUMENT_MAX_STEPS       100
#define DOCUMENT_MAX_SCRIPT      (1024 * 1024) /* bytes, parameters filled in */
#define DOCUMENT_TIMEOUT_DEFAULT (3600 * MSEC_SECOND)

enum step_verdict {
    STEP_RUN,
    STEP_SKIP, /* `reason` is what the reply says */
    STEP_FAIL,
};

enum step_on_failure {
    ON_FAILURE_GO_ON,
    ON_FAILURE_EXIT,
    ON_FAILURE_SUCCESS_AND_EXIT,
};

enum step_kind {
    STEP_SCRIPT,   /* aws:runShellScript */
    STEP_DOCUMENT, /* aws:runDocument */
};

struct document_step {
    struct str id;     /* key of the reply: plugin name in 1.x, step name in 2.x */
    struct str name;   /* step name, or the property's id in 1.x */
    struct str action; /* aws:runShellScript */
    enum step_kind kind;
    enum step_verdict verdict;
    struct str reason;
    /* SCRIPT: */
    struct str script;
    struct str working_directory; /* empty: the step's own */
    msec timeout;
    /* DOCUMENT: */
    struct str path;                /* a name, an ARN, or the absolute path of a file */
    struct str version;             /* absent: the default one */
    const struct value *parameters; /* a map */
    bool is_local;                  /* a file of this host */
    /* Both: */
    enum step_on_failure on_failure;
    bool exit_on_success;
    bool is_finally; /* runs whatever went before */
};

struct document {
    struct str name;
    struct document_step *steps;
    size_t count;
};

enum document_outcome {
    DOCUMENT_REFUSED = 1, /* *ret_why is the reply's documentTraceOutput */
};

/* `payload` is the inner JSON of a sendCommand message. */
MUST_CHECK int document_plan(struct arena *a, const struct value *payload, struct document *ret,
                             struct str *ret_why);
