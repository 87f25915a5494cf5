/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dnf is told on this host: its repositories and where it keeps what it
 * fetched of them, what it is not to look at, and which versions are locked.
 */
#pragma once

#include "base/err.h"
#include "patch/rpm/ini.h"

/* In the folder of alternative sources: their files, and what dnf fetched of them. */
#define DNF_SOURCES       "/repos"
#define DNF_SOURCES_CACHE "/dnf"
#define DNF_SOURCE        "patchbay-source-"

struct dnf_repo {
    struct str id;
    const char *dir; /* where dnf keeps its metadata, within the root */
    bool is_local;   /* its packages are used where they are */
    int64_t priority, cost;
    struct strs excludes, includes;
    bool module_hotfixes;
};

struct dnf_config {
    struct dnf_repo *repos; /* those that are enabled */
    size_t n_repos;
    struct strs excludes, includes, install_only;
    struct strs locks; /* lines of the versionlock plugin; none where it is off */
    bool obsoletes;
};

struct dnf_vars {
    struct ini_option *items; /* key and value */
    size_t count, capacity;
};

enum dnf_config_outcome {
    DNF_CONFIG_BAD = 1, /* *ret_why says what */
};

/* What is not set in files. */
struct dnf_host {
    const char *root;
    const char *sources_dir; /* alternative sources instead of the host's; NULL: its own */
    struct str releasever, arch;
};

MUST_CHECK int dnf_config_read(struct arena *a, const struct dnf_host *host, struct dnf_config *ret,
                               struct str *ret_why);

/* ---- pieces (for tests) ---- */

/* $name and ${name}; what is no variable stays. */
struct str dnf_substitute(struct arena *a, const struct dnf_vars *vars, struct str text);

/* The folder of a repository beside others, as dnf names it: ID-HASH of its source. */
struct str dnf_repo_folder(struct arena *a, struct str id, struct str source);
