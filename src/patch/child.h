/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a package manager's program to its end: an argument vector, never a shell,
 * and an environment of our own. What it prints goes to a file, not a pipe: it
 * must not fail because the one who reads has been killed.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "patch/memory_group.h"
#include "patch/scripts.h"

#define CHILD_MAX_OUTPUT ((size_t)1024 * 1024)

struct child {
    const char **argv; /* argv[0] is a path */
    size_t argc, capacity;
    const char *const *env; /* NULL-terminated "NAME=value"... */
    msec timeout;
    int64_t memory_limit; /* bytes it and each that it starts may write to; 0: no limit */
    const struct memory_group *group; /* to start it in; NULL: ours */
    const struct gate *gate; /* of one that changes the host: at the gate's word it is ended where
                              * hook or lock keep it from that, and nowhere else; the timeout is
                              * not used. NULL: at that */
    bool runs_hook;          /* it runs GATE_HOOK; else lock, or it has begun when it was started */
    const char *lock;        /* a file that it locks (as of fcntl) before it changes anything, and
                              * waits for where another has it; at SIGINT it tidies up. NULL: no */
    struct str begins;       /* what it has printed by then, and not before */
    int log;                 /* the output is added to this file; < 0: to none */
};

struct child_result {
    int status; /* exit status, or 128 + signal */
    bool timed_out;
    struct str out_of_memory; /* absent, or that a process was ended at the group's limit */
    struct scripts scripts;   /* that were ended, as they did not end by themselves */
    struct str stopped;       /* absent, or why the gate stopped it before it changed anything */
    struct str output;        /* stdout and stderr, the last of it */
};

/* Why it, or a script of that package, was ended by us or by the kernel; absent: it was not. */
struct str child_reason(struct arena *a, const struct child_result *result, struct str package);

/* The first one is the program. */
void child_arg(struct arena *a, struct child *child, const char *arg);
void child_args(struct arena *a, struct child *child, const char *const *args, size_t count);

MUST_CHECK int child_run(struct arena *a, const struct child *child, struct child_result *ret);

/* Before a program that would wait for ever for another's lock (as of fcntl) on one of these
 * files, or hide who holds it. False: still held at the deadline, or the gate is stopping. */
bool child_wait_for_locks(const char *const *paths, size_t count, msec deadline,
                          const struct gate *gate);
