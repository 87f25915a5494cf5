/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One memory limit for all that a package manager starts, scripts of packages included:
 * a control group, of version 2 or 1. Under systemd it is in a scope that systemd made and
 * delegated for the time of the install, elsewhere below or beside our own group, where we
 * may make one. What a script leaves running goes back to our own group at the end, so
 * that nothing keeps the limit.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "sys/process.h"

struct memory_group {
    int64_t limit;        /* bytes */
    const char *dir;      /* the group; NULL: there is none */
    const char *home;     /* our own, where what is left goes */
    int procs;            /* what joins writes here */
    struct process scope; /* that keeps systemd's scope alive; pid 0: none */
};

enum memory_group_outcome {
    MEMORY_GROUP_NONE = 1, /* this host lets us make none: *ret_why */
};

/* Outcome MEMORY_GROUP_NONE. */
MUST_CHECK int memory_group_open(struct arena *a, int64_t limit, struct memory_group *ret,
                                 struct str *ret_why);

/* How often the kernel ended a process of the group because the limit was met. NULL: 0. */
int64_t memory_group_kills(const struct memory_group *group);
struct str memory_group_reason(struct arena *a, const struct memory_group *group);

void memory_group_close(struct arena *a, struct memory_group *group);

/* Takes away an empty group that a run left which was killed, where not systemd does. */
void memory_group_clean(struct arena *a);

/* --- pieces that are pure --- */

/* From /proc/PID/cgroup: the path of the group in the hierarchy that has memory, and whether that
 * is of version 2. False: in none. */
bool memory_group_path(struct str cgroup, struct str *ret_path, bool *ret_is_v2);

/* The number after "oom_kill " in memory.events or memory.oom_control. */
int64_t memory_group_parse_kills(struct str text);
