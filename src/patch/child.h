/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run another program to its end: an argument vector, never a shell. What it
 * prints goes to a file, not a pipe, because daemons that a package's scripts
 * start would hold a pipe open for ever.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define CHILD_MAX_ARGS 4096

struct child {
    const char **argv; /* NULL-terminated; argv[0] is looked up in the fixed PATH */
    size_t argc;
    const char *const *env; /* "NAME=value"..., NULL-terminated: added to the fixed ones */
    bool gentle;            /* lowest CPU and I/O priority */
    msec timeout;           /* 0: none. SIGTERM then, and SIGKILL half a minute later */
    int output;             /* descriptor for stdout and stderr */
};

struct child_result {
    int status; /* exit status, or 128 + signal */
    bool timed_out;
};

void child_arg(struct arena *a, struct child *child, const char *arg);

MUST_CHECK int child_run(const struct child *child, struct child_result *ret);

/* An unnamed file for output, and what is in it, the last `max` bytes. */
MUST_CHECK int child_output(int *ret_fd);
MUST_CHECK int child_output_read(struct arena *a, int fd, size_t max, struct str *ret);
