/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Is there space on the disks for what an Install brings in? Asked before anything is
 * begun: a package manager that runs out of it stops in the middle.
 */
#pragma once

#include "patch/provider.h"

enum space_outcome {
    SPACE_LACKING = 1, /* *ret_why: where, how much there is and how much is needed */
};

MUST_CHECK int space_check(struct arena *a, const struct host *host,
                           const struct provider_space *need, struct str *ret_why);
