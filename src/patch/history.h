/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every Install of this host and every return from one, the last of them: which
 * packages went from which version to which, dependencies included. A record is
 * begun, with the versions of all packages, before anything is changed; one that a
 * power loss left open is closed by the next run from what is there by then.
 */
#pragma once

#include "patch/provider.h"

#define HISTORY_MAX_RUNS    50
#define HISTORY_MAX_BYTES   ((size_t)8 * 1024 * 1024)
#define HISTORY_MAX_CHANGES 16384

struct history_run {
    struct str id;             /* when it began: 20261123T160000.123Z; also its file's name */
    struct str operation;      /* Install, Rollback */
    struct str execution_id;   /* the command's id; empty where it is not known */
    struct str boot_id;        /* the boot it changed the host in */
    struct str undoes;         /* of a Rollback: the command or run that was returned; else empty */
    msec started_at, ended_at; /* ended 0: it was cut off */
    struct change *changes; /* what became of the host; `from` is absent where a package is new */
    size_t n_changes, n_failed;
};

/* Fills in id. Outcome PROVIDER_FAILED with *ret_why: there is no space for it. */
MUST_CHECK int history_begin(struct arena *a, const char *dir, struct history_run *run,
                             const struct packages *before, struct str *ret_why);

/* The difference between two moments is the run's changes; old records are removed. */
MUST_CHECK int history_end(struct arena *a, const char *dir, struct history_run *run,
                           const struct packages *before, const struct packages *after);

/* What became of the host since the newest record that a power loss or a kill left open was begun:
 * sets changes, none if there is no such record. Writes nothing. */
MUST_CHECK int history_since(struct arena *a, const char *dir, const struct packages *now,
                             struct history_run *ret);

/* Close what a power loss left open. */
MUST_CHECK int history_recover(struct arena *a, const char *dir, const struct packages *now);

struct state;

/* What the records of this boot brought in, for a state that was lost. */
MUST_CHECK int history_remember(struct arena *a, const char *dir, const struct host *host,
                                struct state *state);

/* The newest first; files that cannot be read are left out. */
MUST_CHECK int history_list(struct arena *a, const char *dir, struct history_run **ret,
                            size_t *ret_count);

struct value;
struct value *history_json(struct arena *a, const struct history_run *run);
