/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A host's packages in a libsolv pool: what rpm's database has, what the
 * repositories offer by the metadata that its package manager fetched, and what that
 * would not look at. Internal to the module.
 */
#pragma once

#include <solv/bitmap.h>
#include <solv/pool.h>
#include <solv/repo.h>

#include "base/err.h"
#include "patch/module.h"
#include "patch/rpm/manager.h"
#include "patch/rpm/nevra.h"
#include "patch/rpm/rpm_config.h"

struct rpm_pool {
    struct arena *arena;
    const struct module_request *request;
    bool is_for_solver; /* files are provided too: slower */
    Pool *pool;
    struct str arch;
    struct rpm_config config;
    struct modules modules;
    struct modulemd_source *module_sources;
    size_t n_module_sources;
    size_t n_notice_lists; /* repositories with advisories */
    Map inactive;          /* solvables that inactive or active streams of modules keep away */
    Map excluded;          /* solvables that the manager is told not to look at */
    Map locked;            /* those that only a lock keeps away; an installed one stays */
};

enum rpm_pool_outcome {
    RPM_POOL_UNREADABLE = 1, /* *ret_why says why */
};

/* *p is to be closed whatever the result. */
MUST_CHECK int rpm_pool_open(struct rpm_pool *p, struct str *ret_why);
void rpm_pool_close(struct rpm_pool *p);

/* Fills the three. */
void rpm_pool_exclude(struct rpm_pool *p);

/* Adds what zypper's locks name (zypp_lock.c). */
void rpm_pool_lock(struct rpm_pool *p);

/* Not a package but a notice, a product, ... ("patch:RHSA-1"). */
bool rpm_pool_is_package(const struct rpm_pool *p, Id solvable);

bool rpm_pool_is_installed(const struct rpm_pool *p, Id solvable);
struct nevra rpm_pool_nevra(const struct rpm_pool *p, Id solvable);

/* "epoch:version-release", the epoch always. */
const char *rpm_pool_version(const struct rpm_pool *p, Id evr);
