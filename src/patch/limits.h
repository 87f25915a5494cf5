/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How gently an install works: niceness and I/O priority, set on this process and so on
 * the package manager and all that it starts; and memory, which is for those alone.
 */
#pragma once

#include "patch/memory_group.h"
#include "patch/settings.h"

struct limits {
    struct str text;           /* which apply */
    int64_t memory;            /* bytes, for each process of the package manager; 0: no limit */
    struct memory_group group; /* or, where one can be had (dir), for all of them together */
};

/* Says what applies. Where systemd does not run nothing does that cannot be taken back: a
 * service that a package restarts would keep it for ever. What the system refuses is said too. */
struct limits limits_apply(struct arena *a, const struct settings *settings);

/* For the package manager to be started in; NULL: there is none. */
const struct memory_group *limits_group(const struct limits *limits);

/* After the last of it. */
void limits_end(struct arena *a, struct limits *limits);
