/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Install: scan, plan, journal, change, look again. What it says afterwards
 * is what the package manager's own records say, never what was hoped for.
 */
#pragma once

#include "patch/local.h"
#include "patch/pins.h"

struct install_options {
    const struct scan_options *scan;
    const char *state_path;
    const char *history_dir;
    const char *log_path;   /* gets the package manager's output */
    const char *marks_path; /* see marks.h */
    msec lock_timeout;
    struct pins *pins;                /* to hold the plan to; NULL: what is offered is taken */
    const struct settings *settings;  /* NULL: nothing is limited */
    const struct gate *gate;          /* when to stop; NULL: never */
    const struct override_list *list; /* what to install instead; NULL: what is approved */
    bool no_reboot;                   /* RebootOption NoReboot */
    bool simulate; /* have the plan tried out, also where nothing is to be kept out */
};

struct install {
    struct scan scan;       /* before, and after install_run() after */
    struct change *changes; /* the plan; `failure` where one did not come in */
    size_t n_changes;
    struct change *along; /* what the run's pins hold of what the plan brings along */
    size_t n_along;
    size_t n_installed; /* packages whose version changed, dependencies included */
    size_t n_failed;
    struct str limits; /* absent, or which applied */
    struct str why;    /* absent, or why nothing was changed at all */
};

/* Scan and plan, changing nothing: packages that cannot go in alone have their
 * failure set. Outcome PROVIDER_FAILED. */
MUST_CHECK int install_plan(struct arena *a, const struct install_options *options,
                            const struct state *state, struct install *ret, struct str *ret_why);

/* Carry the plan out. `state` is saved before the first change and after the
 * last; its run has to be filled in but for phase, changes and counts.
 * Outcome PROVIDER_FAILED: it could not be written down, or not even the scan
 * afterwards was possible. */
MUST_CHECK int install_run(struct arena *a, const struct install_options *options,
                           struct state *state, struct install *install, struct str *ret_why);

/* A run that was cut off may have installed packages nobody wrote down: what changed since it
 * began is taken for its work, and waits for a reboot of its boot. That is written down; where
 * there is no space for that, the next run does it again. */
MUST_CHECK int install_recover(struct arena *a, const struct local *local, const struct scan *scan,
                               struct state *state);

/* A scan that knows of such a run. Outcome PROVIDER_FAILED. */
MUST_CHECK int install_scan(struct arena *a, const struct local *local,
                            const struct scan_options *options, struct state *state,
                            struct scan *ret, struct str *ret_why);
