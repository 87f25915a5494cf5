/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of patchbay-patch, each from its arguments to its exit code.
 */
#pragma once

#include <getopt.h>

#include "patch/install.h"
#include "patch/local.h"

int command_decide(int argc, char **argv);
int command_scan(int argc, char **argv);
int command_install(int argc, char **argv);
int command_run(int argc, char **argv);
int command_facts(int argc, char **argv);
int command_why(int argc, char **argv);
int command_rollback(int argc, char **argv);
int command_history(int argc, char **argv);

/* Print what went wrong, a fault (result < 0) with its trace; returns `code`. */
int command_fail(int result, struct str why, int code);

/* What became of each change, and the sum of it. */
void command_print_install(const struct install *install);

/* Compare the host with how it was before the run, and print what is different: the
 * exit code, `code` unless only the host's health fails the run by its settings. */
int command_health(struct arena *a, const struct local *local, const struct state_run *run,
                   int code);

/* The exit code for an outcome of local_open(). */
int command_local_code(int outcome);
