/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What every subcommand starts from: the host, its baseline, where things are
 * kept, and the lock that keeps two runs apart.
 */
#pragma once

#include "engine/baseline_doc.h"
#include "patch/scan.h"
#include "patch/settings.h"

#define LOCAL_STATE_DIR "/var/lib/patchbay/patch"

/* Exit codes of the document's step. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_HEALTH = 3, /* all went in, and the host is worse off by what the settings say */
    EXIT_SNAPSHOT = 143,
    EXIT_SNAPSHOT_DENIED = 145,
    EXIT_UNSUPPORTED_OS = 146,
    EXIT_REPORT = 149,
    EXIT_BOTH_OVERRIDES = 167,
    EXIT_REBOOT = 194,
};

struct local_options {
    struct str root;          /* "/" */
    struct str state_dir;     /* absent: the usual place */
    struct str baseline_file; /* absent: the predefined one */
};

struct local {
    struct host host;
    const struct provider *provider;
    struct baseline_snapshot snapshot;
    struct settings settings;
    const char *state_dir; /* within the root; NULL where nothing can be kept */
    const char *state_path;
    const char *history_dir;
    const char *marks_path;
    struct str cache_dir; /* for the provider; absent: none */
};

enum local_outcome {
    LOCAL_UNSUPPORTED = 1,  /* the system */
    LOCAL_BAD_BASELINE = 2, /* the file given */
    LOCAL_BUSY = 3,         /* another run is on */
    LOCAL_BAD_SETTINGS = 4, /* in the configuration file */
};

/* *ret_why is set with each outcome. */
MUST_CHECK int local_open(struct arena *a, const struct local_options *options, struct local *ret,
                          struct str *ret_why);

/* Reads a snapshot document; it has to be for this system. Outcome LOCAL_BAD_BASELINE. */
MUST_CHECK int local_use_snapshot(struct arena *a, struct local *local, struct str text,
                                  struct str *ret_why);

/* Set up the baseline's alternative sources, where it has some for this host. The lock is
 * held, and a refresh has to follow. Outcome LOCAL_BAD_BASELINE. */
MUST_CHECK int local_use_sources(struct arena *a, struct local *local, struct str *ret_why);

struct scan_options local_scan_options(const struct local *local, bool count_absent);

/* Before anything is changed or reported: take the lock that keeps two runs
 * apart, and load the state. Outcome LOCAL_BUSY. A damaged state is set aside. */
MUST_CHECK int local_begin(struct arena *a, const struct local *local, int *ret_lock,
                           struct state *ret_state, struct str *ret_why);
