/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Child processes: each leads a process group of its own, which is ended as a
 * whole, first kindly. Nothing of ours leaks into them: descriptors are closed,
 * signals are reset, the environment is what is given.
 */
#pragma once

#include <sys/resource.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

struct process_limit {
    int resource; /* RLIMIT_CPU, ... */
    rlim_t value;
};

struct process_config {
    const char *const *argv; /* NULL-terminated; argv[0] with '/' or found in PATH */
    const char *const *env;  /* NULL-terminated "NAME=value"; NULL: our own */
    const char *cwd;         /* NULL: ours */
    int in, out, err;        /* descriptors to hand over; <= 0: /dev/null. out == err is fine */
    const int *keep;         /* further descriptors, handed over as 3, 4, ... */
    size_t n_keep;
    const struct process_limit *limits;
    size_t n_limits;
    int group;        /* > 0: cgroup.procs of the control group that it starts in */
    bool outlives_us; /* else the kernel kills the leader when the thread that spawned it ends */
};

struct process {
    pid_t pid; /* and process group; 0: none */
    int pidfd;
};

struct process_status {
    bool is_exited;
    int code;   /* exit code, where exited */
    int signal; /* that ended it, where not */
};

enum process_outcome {
    PROCESS_NOT_STARTED = 1, /* no such program, folder, or permission: *ret_why */
    PROCESS_RUNNING = 2,     /* at the deadline */
};

/* Returns once the program runs (or did not start). *ret_why may be NULL. */
MUST_CHECK int process_start(const struct process_config *config, struct arena *a,
                             struct process *ret, struct str *ret_why);

/* Waits for the leader until clock_monotonic() reaches `deadline` (0: look only;
 * negative: for ever). Outcome PROCESS_RUNNING; else it is over and reaped. */
MUST_CHECK int process_wait(struct process *p, msec deadline, struct process_status *ret);

/* SIGTERM to the group, SIGKILL to what is left of it after `grace` or once the
 * leader has gone; reaps. */
MUST_CHECK int process_end(struct process *p, msec grace, struct process_status *ret);

/* Start, read both outputs up to a limit each (the rest is read and dropped),
 * wait for the leader, end the group at the deadline. A daemon that the leader
 * leaves behind is left alone, and what it says later is not read. */
struct process_output {
    struct process_status status;
    struct str out, err;
    bool is_out_cut, is_err_cut;
    bool is_timed_out;
};

/* config's in is used, out and err are ours. Outcome PROCESS_NOT_STARTED. */
MUST_CHECK int process_run(const struct process_config *config, msec timeout, size_t limit,
                           struct arena *a, struct process_output *ret, struct str *ret_why);
