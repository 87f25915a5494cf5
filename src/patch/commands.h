/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands of patchbay-patch, each from its arguments to its exit code.
 */
#pragma once

#include <getopt.h>

#include "patch/install.h"
#include "patch/local.h"

int command_scan(int argc, char **argv);
int command_install(int argc, char **argv);
int command_run(int argc, char **argv);
int command_facts(int argc, char **argv);

/* Print what went wrong, a fault (result < 0) with its trace; returns `code`. */
int command_fail(int result, struct str why, int code);

/* What became of each change, and the sum of it. */
void command_print_install(const struct install *install);

/* The exit code for an outcome of local_open(). */
int command_local_code(int outcome);
