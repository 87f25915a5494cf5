/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands ("verbs") of a program: what each takes as a table, and what all of them do
 * from the command line to the exit code. Wrong use is one sentence on standard error that says
 * what is wrong, and VERB_USAGE.
 */
#pragma once

#include <stddef.h>

#include "base/arena.h"

enum {
    VERB_OK = 0,
    VERB_FAILED = 1,
    VERB_USAGE = 2,
};

/* The type of an option's member, and what it may be. */
enum verb_kind {
    VERB_YES = 1,     /* bool, made true */
    VERB_NO = 2,      /* bool, made false */
    VERB_TEXT = 3,    /* struct str */
    VERB_PATH = 4,    /* const char *, not empty */
    VERB_ID = 5,      /* struct str: at most 64 letters, digits, - and _ */
    VERB_SECONDS = 6, /* msec: at most two hours */
    VERB_OWN = 7,     /* what `set` makes of it */
};

struct verb_option {
    const char *name; /* without the dashes; "": the one argument that is no option */
    enum verb_kind kind;
    size_t member;   /* its offset in the verb's arguments */
    const char *env; /* the variable that is the default where it says something right */
    bool (*set)(struct arena *a, void *arguments, struct str value); /* false: wrong use */
};

struct verb {
    const char *name, *about;          /* one line */
    const char *help;                  /* all of --help */
    const struct verb_option *options; /* up to one without a name; --help is not among them */
    const void *defaults;              /* of the arguments */
    size_t size;
    const char *(*missing)(const void *arguments);      /* what is not said and must be; or NULL */
    int (*run)(struct arena *a, const void *arguments); /* an exit code */
};

struct verb_program {
    const char *name, *version;
    const char *about; /* after the list of verbs in --help; may be NULL */
    const struct verb *const *verbs;
    size_t count;
};

/* All of a program's main(). Returns the exit code. */
int verb_main(const struct verb_program *program, int argc, char **argv);
