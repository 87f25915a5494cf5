/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes in the package manager's hands: within the limits of the settings, its output in the
 * log, and with the marks of the packages as they were.
 */
#pragma once

#include "patch/install.h"

/* `log`, limits and group of the request are filled in here. *ret_limits: absent, or which
 * applied. Outcomes as a provider's install() has them, and then nothing was changed. */
MUST_CHECK int apply_changes(struct arena *a, const struct install_options *options,
                             struct change_request *request, struct str *ret_limits,
                             struct str *ret_why);
