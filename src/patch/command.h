/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of patchbay-patch: what each takes as a table, and what all of them do
 * from their arguments to their exit code.
 */
#pragma once

#include <stddef.h>

#include "patch/install.h"
#include "patch/local.h"

enum command_kind {                  /* of an option: the type of its member, and what it may be */
                    OPTION_YES = 1,  /* bool, made true */
                    OPTION_NO = 2,   /* bool, made false */
                    OPTION_TEXT = 3, /* struct str */
                    OPTION_ID = 4,   /* struct str: at most 64 letters, digits, - and _ */
                    OPTION_SECONDS = 5, /* msec: at most two hours */
                    OPTION_OWN = 6,     /* what `set` makes of it */
};

struct command_option {
    const char *name; /* without the dashes; "": the one argument that is no option */
    enum command_kind kind;
    size_t member;   /* its offset in the command's arguments */
    const char *env; /* the variable that is the default where it says something right */
    bool (*set)(struct arena *a, void *arguments, struct str value); /* false: wrong use */
};

struct command {
    const char *name, *about; /* one line */
    const char *help;         /* all of them: --help, and what wrong use is answered with */
    const struct command_option *options; /* up to one without a name; --help is not among them */
    const void *defaults;                 /* of the arguments */
    size_t size;
    bool (*is_whole)(const void *arguments);            /* NULL: nothing is required */
    int (*run)(struct arena *a, const void *arguments); /* an exit code */
};

extern const struct command command_decide, command_scan, command_install, command_run,
    command_facts, command_why, command_rollback, command_history;

/* argv[0] is the subcommand's name. Returns the exit code. */
int command_main(const struct command *command, int argc, char **argv);

/* Print what went wrong, a fault (result < 0) with its trace; returns `code`. */
int command_fail(int result, struct str why, int code);

/* local_open(), and the state there without the lock: EXIT_OK, or the exit code of what has
 * been told. */
int command_open(struct arena *a, const struct local_options *options, struct local *ret);
int command_load(struct arena *a, const struct local *local, struct state *ret);

/* What became of each change, and the sum of it. */
void command_print_install(const struct install *install);

/* Compare the host with how it was before the run, and print what is different: the
 * exit code, `code` unless only the host's health fails the run by its settings. */
int command_health(struct arena *a, const struct local *local, const struct state_run *run,
                   int code);
