/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The commands, and what they share: options, the places they look into, exit
 * codes. 0: all well. 1: it could not be told. 2: wrong use. 3: told, and something
 * is not well (a node not compliant, an execution failed, a group that matched
 * nothing).
 */
#pragma once

#include "cli/client.h"

enum {
    EXIT_WELL = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_WELL = 3,
};

struct place {
    struct str account, account_name, region;
};

struct command_run {
    struct arena a;
    struct client client;
    struct client_options options;
    struct str account;  /* --account: only that one */
    struct strs regions; /* --region, repeated or with commas; else asked of the plane */
    bool json;           /* --output json */
    bool details;        /* --details, of nodes */
    const char **words;  /* what is left of the command line */
    size_t n_words;
    struct str why;
};

struct command {
    const char *name, *usage, *help;
    int (*run)(struct command_run *r); /* an exit code, or CLIENT failure by command_failed() */
};

extern const struct command command_env, command_credentials, command_status, command_nodes,
    command_executions, command_compliance, command_why, command_history, command_drift;

/* Prints why, returns the exit code. `result` is a fault or CLIENT_FAILED. */
int command_failed(struct command_run *r, int result);

/* Told, and EXIT_USAGE, if there are any; else EXIT_WELL. */
int command_no_arguments(const struct command_run *r, const char *name);

/* A table without rows says nothing: said on standard error, so that both a person and a pipe are
 * served. */
void command_tell_empty(const struct command_run *r, const char *what);

/* The Region of what is in one: --region, AWS_REGION, AWS_DEFAULT_REGION, us-east-1. */
struct str command_region(const struct command_run *r);

/* (account, Region) pairs to look into: where there are nodes, or what the options say. */
MUST_CHECK int command_places(struct command_run *r, struct place **ret, size_t *ret_count);

/* What is in a place says so: its Account and Region. */
void command_mark(struct command_run *r, struct value *v, const struct place *place);

/* client_list() of the call in each of these places, the items marked. */
MUST_CHECK int command_list_all(struct command_run *r, struct client_call call, struct str items,
                                struct value **ret);

/* Of a call to a managed node: the place it is in, and its InstanceId. The node is named by its
 * id, or by its host name where only one has it; CLIENT_FAILED says that there is none, or are
 * several. */
MUST_CHECK int command_address(struct command_run *r, struct str name, struct client_call *call);

/* Give each node a member "Facts": what its patch engine last said of the host. Each is
 * in the place that its Account and Region say. */
MUST_CHECK int command_add_facts(struct command_run *r, struct value *nodes);

/* `executions watch ID`: an exit code. */
int command_watch(struct command_run *r, struct str id);

/* The answer as JSON on stdout. */
void command_print_json(struct command_run *r, const struct value *v);

/* Epoch seconds of an answer; 0 if absent. */
msec command_msec(const struct value *v);

/* Epoch seconds of an answer as text, "-" if absent. */
struct str command_time(struct command_run *r, const struct value *v);
