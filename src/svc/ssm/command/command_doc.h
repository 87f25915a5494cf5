/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A Command document (schema 1.2, 2.0, 2.2): whether it is one that agents can
 * run, its steps, and the parameters of a run of it. Pure.
 *
 * References {{ name }} are for the agent to substitute, so they are not
 * resolved here, and an input that has one is not checked. Refused, since nothing here would
 * resolve them: {{ssm:...}} and
 * {{ssm-secure:...}}; parameter types other than String and StringList; actions
 * that need more of a control plane than there is (associations, packages).
 */
#pragma once

#include "base/err.h"
#include "base/value.h"

#define COMMAND_DOC_MAX_STEPS      100
#define COMMAND_DOC_MAX_PARAMETERS 200
#define COMMAND_DOC_STEP_TIMEOUT   MSEC_HOUR /* of a step that says nothing */

enum command_doc_outcome {
    COMMAND_DOC_INVALID = 1, /* with a sentence */
    COMMAND_DOC_SCHEMA = 2,  /* a schema version that is not done here */
};

struct doc_step {
    struct str name; /* as replies call it: a plugin's name before schema 2.0 */
    struct str action;
    struct str platform;         /* of its precondition: "Linux"; absent: any */
    const struct value *timeout; /* its timeoutSeconds input, perhaps a reference */
    const struct value *inputs;
};

struct regex;

struct doc_parameter {
    struct str name, description, pattern_text;
    bool is_list;
    const struct value *fallback;                       /* its default; NULL: it must be given */
    const struct value *allowed;                        /* a list, or NULL */
    const struct regex *pattern;                        /* NULL: any */
    int64_t min_items, max_items, min_chars, max_chars; /* -1: no limit */
};

/* Views into the document and its arena. */
struct command_doc {
    struct str schema, description;
    struct doc_step *steps;
    struct doc_parameter *parameters;
    size_t n_steps, n_parameters;
};

MUST_CHECK int command_doc_parse(struct arena *a, const struct value *root, struct command_doc *ret,
                                 struct str *ret_why);

/* The parameters of a run: `given` maps names to lists of strings, or is NULL.
 * The result has the given ones only, typed as an agent wants them; it knows the
 * defaults itself. Outcome: COMMAND_DOC_INVALID. */
MUST_CHECK int command_doc_arguments(struct arena *a, const struct command_doc *doc,
                                     const struct value *given, struct value **ret,
                                     struct str *ret_why);

/* A document that a step runs (aws:runDocument), by the parameters of this run. */
struct doc_run {
    struct str name, version;      /* version: absent is the default */
    const struct value *arguments; /* as command_doc_arguments() makes them */
};
/* False if the step does not run on Linux, or runs no document that the plane knows. */
bool command_doc_runs(struct arena *a, const struct command_doc *doc, const struct value *arguments,
                      size_t step, struct doc_run *ret);

/* How long a run may take on a Linux node: the sum of its scripts'. AWS: an agent
 * takes 5 to 172800 seconds for a step and makes anything else 3600; a document
 * that a step runs is counted as that, for the caller to correct. */
msec command_doc_timeout(struct arena *a, const struct command_doc *doc,
                         const struct value *arguments);

/* "Linux,MacOS,Windows": where at least one step can run. */
struct str command_doc_platforms(struct arena *a, const struct command_doc *doc);
