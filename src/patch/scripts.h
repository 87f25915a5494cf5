/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Packages' own scripts that do not end. After an install's time limit a package manager
 * in the middle of a transaction is let go on, but a script that keeps it from that is
 * ended: the manager takes it for a script that failed, and finishes in order.
 */
#pragma once

#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

#define SCRIPTS_MAX 32

struct script {
    pid_t pid;
    int64_t started;   /* of /proc/PID/stat: with it a number names one process */
    msec seen_at;      /* of clock_monotonic() */
    bool is_told;      /* to end */
    char package[128]; /* empty: it is not in the command line */
};

struct scripts {
    struct script items[SCRIPTS_MAX];
    size_t count;
    msec limit; /* how long one is let run */
};

/* Looks once at what the manager runs, and ends what has been seen for longer than the limit. */
void scripts_look(struct scripts *scripts, pid_t manager);

/* Was it this package's script that was ended, or one of an unknown package? */
bool scripts_ended(const struct scripts *scripts, struct str package);

/* From /proc/PID/cmdline: is this a maintainer script of dpkg's or a scriptlet of rpm's?
 * *ret_package is empty where the words do not say. Pure. */
bool scripts_is_one(struct str cmdline, struct str *ret_package);
