/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Updating the agent at the plane's word: `patchbay-agent update`, which a
 * document's step runs.
 *
 * The command gets and verifies what is needed, for both ways, and copies this
 * program to state/update/updater; that copy, a process of its own which outlives
 * agent and command, carries update.h out. The command waits for it, and starts
 * it again should it be killed; so does the next start of an agent or of the host.
 *
 *   state/update/journal.json   the record of update.h
 *   state/update/updater        this program, as it was before
 *   state/update/lock           held by who is at work
 *   state/packages/             the packages of either side; the installed one stays
 */
#pragma once

#include "agent/update.h"

#define UPDATER_KEY_FILE         "/etc/patchbay/packages.pem"
#define UPDATER_PATIENCE_DEFAULT 120 /* seconds until the first heartbeat */
#define UPDATER_PATIENCE_MIN     1
#define UPDATER_PATIENCE_MAX     3600

struct update_order {
    const char *state;
    const char *key_file;
    struct str version; /* empty: the newest */
    bool allows_downgrade;
    msec patience;
};

enum updater_outcome {
    UPDATER_REFUSED = 1, /* nothing was changed: *ret says why */
    UPDATER_FAILED = 2,  /* it was tried: *ret says how it ended */
    UPDATER_BUSY = 3,    /* another one is at work */
};

/* The whole command. *ret is a sentence. Outcomes UPDATER_*. */
MUST_CHECK int updater_update(struct arena *a, const struct update_order *order, struct str *ret);

/* The process that carries out what the journal says. Outcome UPDATER_BUSY. */
MUST_CHECK int updater_run(struct arena *a, const char *state);

/* An agent has started: if it finds an update that nobody is at work on, somebody is. */
void updater_look_in(const char *state);

/* --- between updater.c and updater_prepare.c -------------------------------------- */

const char *updater_path(struct arena *a, const char *state, const char *name);
MUST_CHECK int updater_save(const char *state, const struct update *u);

/* Everything up to the record that says "ready". Outcome UPDATER_REFUSED; also
 * *ret_nothing if that version is installed. Under the lock. */
MUST_CHECK int updater_prepare(struct arena *a, const struct update_order *order,
                               struct update *ret, bool *ret_nothing, struct str *ret_why);

/* Hex SHA-256 of a file, absent if it cannot be read. */
struct str updater_sum(struct arena *a, const char *path);
