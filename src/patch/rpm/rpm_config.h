/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the package manager of an RPM host is told: its repositories and where it keeps
 * what it fetched of them, what it is not to look at, and what is locked. Each manager has
 * a reader of its own files; the module knows this only.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

/* In the folder of alternative sources: their files, and what the manager fetched of them. */
#define RPM_SOURCES            "/repos"
#define RPM_SOURCES_CACHE_DNF  "/dnf"
#define RPM_SOURCES_CACHE_ZYPP "/zypp"
#define RPM_SOURCE             "patchbay-source-"

struct rpm_repo {
    struct str id;
    const char *dir; /* where the manager keeps its metadata, within the root */
    bool is_local;   /* its packages are used where they are */
    int64_t priority, cost;
    struct strs excludes, includes;
    bool module_hotfixes;
};

enum rpm_lock_match { RPM_LOCK_SUBSTRING, RPM_LOCK_GLOB, RPM_LOCK_EXACT, RPM_LOCK_REGEX };

/* A lock of zypper: on what is installed as on what is offered. Nothing set is what libzypp
 * takes where a lock does not say. */
struct rpm_lock {
    struct strs names;      /* any of them; none: whatever its name */
    struct strs repos;      /* any of them; none: any */
    struct str op, version; /* "<=" and an edition; absent: any */
    enum rpm_lock_match match;
    bool minds_case;
};

/* How names of vendors begin, and the group whose members replace each other's packages. */
struct rpm_vendor {
    struct str beginning;
    size_t group;
};

struct rpm_config {
    struct rpm_repo *repos; /* those that are enabled */
    size_t n_repos;
    struct strs excludes, includes, install_only;
    struct strs version_locks; /* lines of dnf's versionlock plugin; none where it is off */
    struct rpm_lock *locks;
    size_t n_locks;
    struct rpm_vendor *vendors;
    size_t n_vendors;
    struct str arch; /* that packages are to fit instead of the host's own; absent: none */
    bool obsoletes;
    bool keeps_vendor; /* an update is of the same vendor, or of one of its group */
};

/* What is not set in files. */
struct rpm_host {
    const char *root;
    const char *sources_dir; /* alternative sources instead of the host's; NULL: its own */
    struct str releasever, arch;
};

enum rpm_config_outcome {
    RPM_CONFIG_BAD = 1, /* *ret_why says what */
};

/* ---- files, for the readers ---- */

struct config_files {
    struct arena *arena;
    const char *root; /* "" for "/" */
    struct str *ret_why;
};

struct config_files config_files_of(struct arena *a, const char *root, struct str *ret_why);

const char *config_path(const struct config_files *f, struct str path);

/* No file is an empty one. Outcome RPM_CONFIG_BAD: it is too large. */
MUST_CHECK int config_read(const struct config_files *f, struct str path, struct str *ret);

/* In the order of their names, as the managers read them. */
struct strs config_list(const struct config_files *f, struct str dir, struct str suffix);
