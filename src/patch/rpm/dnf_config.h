/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dnf is told on this host: its repositories and where it keeps what it
 * fetched of them, what it is not to look at, and which versions are locked.
 */
#pragma once

#include "patch/rpm/ini.h"
#include "patch/rpm/rpm_config.h"

struct dnf_vars {
    struct ini_option *items; /* key and value */
    size_t count, capacity;
};

/* Outcome RPM_CONFIG_BAD. */
MUST_CHECK int dnf_config_read(struct arena *a, const struct rpm_host *host, struct rpm_config *ret,
                               struct str *ret_why);

/* ---- pieces (for tests) ---- */

/* $name and ${name}; what is no variable stays. */
struct str dnf_substitute(struct arena *a, const struct dnf_vars *vars, struct str text);

/* The folder of a repository beside others, as dnf names it: ID-HASH of its source. */
struct str dnf_repo_folder(struct arena *a, struct str id, struct str source);
