/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a host wants a reboot, and what on it still runs old code: facts beside
 * AWS's RebootIfNeeded, which asks only whether an Install changed something. It
 * only reads, and what cannot be known is said to be unknown.
 */
#pragma once

#include "base/value.h"
#include "patch/provider.h"

#define REBOOT_MAX_PROCESSES 32768
#define REBOOT_MAX_STALE     256 /* units and processes that are named */
#define REBOOT_MAX_FILES     32  /* of each */
#define REBOOT_MAX_PACKAGES  256

enum reboot_verdict {
    REBOOT_UNKNOWN, /* nothing says so, and not everything could be looked at */
    REBOOT_NOT_NEEDED,
    REBOOT_NEEDED,
};

/* A unit, or a process of none, that maps a program or library no longer on disk. */
struct stale_user {
    struct str name; /* "ssh.service", or the name of the process */
    bool is_unit;
    struct str pids;   /* "12 13" */
    struct strs files; /* the old ones */
    size_t n_processes;
};

struct reboot_facts {
    enum reboot_verdict verdict;
    struct strs reasons;            /* a sentence each */
    bool is_flagged;                /* /run/reboot-required or -needed is there */
    struct strs flagged_by;         /* packages of reboot-required.pkgs */
    struct str running, newest;     /* kernel releases; absent: not known */
    bool is_kernel_replaced;        /* the file of the running release is newer than the boot */
    struct strs changed_since_boot; /* packages that only a reboot brings into use */
    struct stale_user *stale;
    size_t n_stale;
    size_t n_unseen; /* processes that we may not look into */
    bool is_cut;     /* there was more than the limits above */
};

/* Of the system at host->root, whose /proc is looked at. `packages` with their
 * installed_at; NULL: not looked at. */
struct reboot_facts reboot_read(struct arena *a, const struct host *host,
                                const struct packages *packages);

const char *reboot_verdict_name(enum reboot_verdict verdict); /* Needed, NotNeeded, Unknown */

struct str reboot_text(struct arena *a, const struct reboot_facts *facts);    /* for people */
struct value *reboot_json(struct arena *a, const struct reboot_facts *facts); /* for programs */
