/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Undo an Install: return its packages to the versions they had before, and remove
 * what came along with them; all of it or, unless told otherwise, nothing. It is tried
 * out first, and what cannot be returned is said to be, with the reason.
 */
#pragma once

#include "patch/history.h"
#include "patch/install.h"

struct rollback {
    struct str undoes;      /* the command or run */
    struct change *changes; /* back to `to`, or gone; `failure` where one cannot be, or did not */
    size_t n_changes, n_impossible;
    size_t n_returned, n_failed; /* after rollback_run() */
    size_t n_already;            /* at the version to return to */
    struct str limits;           /* absent, or which applied */
    struct scan scan;
};

enum rollback_outcome {
    /* PROVIDER_FAILED, PROVIDER_LOCKED */
    ROLLBACK_UNKNOWN_RUN = 3, /* *ret_why */
};

/* What would be done to undo the Installs of a command, or one run by its id; absent: the last
 * Install that changed anything. `options` as of an Install. Outcomes PROVIDER_FAILED,
 * ROLLBACK_UNKNOWN_RUN. */
MUST_CHECK int rollback_plan(struct arena *a, const struct install_options *options,
                             const struct state *state, struct str id, struct rollback *ret,
                             struct str *ret_why);

/* Do what is possible of the plan, and look again. Outcomes PROVIDER_FAILED, PROVIDER_LOCKED:
 * nothing was changed. */
MUST_CHECK int rollback_run(struct arena *a, const struct install_options *options,
                            struct state *state, struct rollback *rollback, struct str *ret_why);
