/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of patchbay-patch, and what they share.
 */
#pragma once

#include "patch/install.h"
#include "patch/local.h"
#include "sys/verb.h"

extern const struct verb command_decide, command_scan, command_install, command_run, command_facts,
    command_why, command_rollback, command_history;

/* Print what went wrong, a fault (result < 0) with its trace; returns `code`. */
int command_fail(int result, struct str why, int code);

/* local_open(), and the state there without the lock: EXIT_OK, or the exit code of what has
 * been told. */
int command_open(struct arena *a, const struct local_options *options, struct local *ret);
int command_load(struct arena *a, const struct local *local, struct state *ret);

/* What became of each change, and the sum of it. */
void command_print_install(const struct install *install);

/* Compare the host with how it was before the run, and print what is different: the
 * exit code, `code` unless only the host's health fails the run by its settings. */
int command_health(struct arena *a, const struct local *local, const struct state_run *run,
                   int code);
