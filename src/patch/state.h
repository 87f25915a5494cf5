/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the patch program remembers between runs, in one JSON file: which
 * packages an Install brought in during which boot, the run in progress (the
 * journal, written before anything is changed), and which report the plane
 * holds. It is the information of AWS's patch-states-configuration.json and
 * patch-inventory-from-last-operation.json under a path of our own.
 */
#pragma once

#include "base/value.h"
#include "patch/host.h"
#include "patch/provider.h"

#define STATE_MAX_BYTES    ((size_t)4 * 1024 * 1024)
#define STATE_MAX_PACKAGES 8192

struct state_package {
    struct str name, arch, version;
    struct str boot_id; /* the boot it was installed in */
    msec installed_at;
};

enum run_phase {
    RUN_NONE,
    RUN_INSTALLING, /* changes are being made, or were when the power went */
    RUN_REBOOTING,  /* a reboot was asked for; the report is still to be made */
    RUN_DONE,
};

struct state_run {
    enum run_phase phase;
    struct str execution_id; /* the command's id where it is known */
    struct str snapshot_id, reboot_option, boot_id;
    msec started_at;
    size_t n_installed;
    struct change *changes; /* what it set out to do, and what it failed at */
    size_t n_changes;
    struct value *health; /* how the host was before it (health.h); NULL: not known */
};

/* What the last run that came to its end has found, for the steps between the runs of one
 * command. */
struct state_last {
    struct str execution_id, operation; /* absent: there was none yet */
    size_t n_missing, n_failed, n_pending;
};

struct state {
    struct state_package *packages;
    size_t n_packages;
    msec last_no_reboot_install_at; /* 0: never */
    struct state_run run;
    struct state_last last;
    struct str sent_hash; /* of the ComplianceItem content the plane holds; absent: none */
};

enum state_outcome {
    STATE_MALFORMED = 1,
};

/* No file is an empty state. */
MUST_CHECK int state_load(struct arena *a, const char *path, struct state *ret);
/* Outcome FILE_NO_SPACE. */
MUST_CHECK int state_save(struct arena *a, const char *path, const struct state *state);

/* Installed by an Install since this host last booted, and still at that version. */
bool state_is_pending(const struct state *state, const struct host *host,
                      const struct patch_facts *f);

/* Remember that a package is now at this version; replaces what was known of it. */
void state_installed(struct arena *a, struct state *state, const struct host *host,
                     const struct patch_facts *f, msec now);

/* Forget packages that are gone or no longer at the version remembered. */
void state_prune(struct state *state, const struct packages *packages);
