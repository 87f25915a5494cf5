/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run that fails before it can report leaves the node's last report standing. Nothing is known
 * of the host since, whatever that report says.
 */
#pragma once

#include "cli/command.h"

/* Sets LastRunFailed, the time of the request, of the patch states (DescribeInstancePatchStates)
 * of a place whose node has failed a patch command asked for since. */
MUST_CHECK int failed_runs_mark(struct command_run *r, const struct place *place,
                                struct value *states);
