/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who still uses programs and libraries that are no longer on disk: a look at
 * /proc/PID/maps of every process of this PID namespace, gathered by unit.
 */
#pragma once

#include "patch/reboot.h"

/* Fills in stale, n_stale, n_unseen and is_cut. `proc` is /proc, or a tree like it. */
void stale_read(struct arena *a, const char *proc, struct reboot_facts *facts);
