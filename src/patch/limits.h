/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How gently an install works: niceness and I/O priority, set on this process and so on
 * the package manager and all that it starts; and memory, which is for those alone.
 */
#pragma once

#include "patch/settings.h"

struct limits {
    struct str text; /* which apply */
    int64_t memory;  /* bytes, for each process of the package manager; 0: no limit */
};

/* Says what applies. Where systemd does not run nothing does: a service that
 * a package restarts would keep the limits for ever. What the system refuses is said too. */
struct limits limits_apply(struct arena *a, const struct settings *settings);
