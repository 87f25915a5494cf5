/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The advisories of a host's repositories (updateinfo): which notices list a
 * version of a package, and what that says of it.
 */
#pragma once

#include "patch/rpm/pool.h"

struct notice_entry {
    Id name, evr, arch, notice;
};

struct notices {
    struct notice_entry *entries; /* sorted */
    size_t count, capacity;
    Map names; /* while they are read: of packages that are asked for */
};

void notices_read(const struct rpm_pool *p, struct notices *ret);

/* Fills notices, classification, severity, cves, bugs, released_at and security of the
 * version of this package, whose released_at is when it was built. In several notices the
 * gravest one classifies it. */
void notices_describe(const struct rpm_pool *p, const struct notices *notices, Id solvable,
                      struct module_version *version);
