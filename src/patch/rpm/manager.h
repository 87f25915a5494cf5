/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the RPM family's package managers have apart: where their settings are, and whether
 * they know module streams. Each is a module of its own, of the same code but for this, as a
 * host with zypper has no libmodulemd. A module reads settings and what was fetched; it runs
 * no package manager.
 */
#pragma once

#include "patch/rpm/modulemd.h"
#include "patch/rpm/rpm_config.h"

struct rpm_manager {
    const char *name;    /* for people */
    const char *program; /* there where the host has it */
    const char *advice;  /* what fetches metadata */
    int (*read_config)(struct arena *a, const struct rpm_host *host, struct rpm_config *ret,
                       struct str *ret_why);
    /* As modulemd_read(); NULL: it knows none. */
    int (*read_modules)(struct arena *a, const char *root, struct str platform,
                        const struct modulemd_source *sources, size_t n_sources,
                        struct modules *ret, struct str *ret_why);
};

extern const struct rpm_manager rpm_manager; /* of this module */
