/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How gently an install works: niceness, I/O priority and memory, set on this process
 * and so on the package manager and all that it starts.
 */
#pragma once

#include "patch/settings.h"

/* Says in *ret_text what applies. Where systemd does not run nothing does: a service that
 * a package restarts would keep the limits for ever. What the system refuses is said too. */
void limits_apply(struct arena *a, const struct settings *settings, struct str *ret_text);
