/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of packages as administrators write them in excludes and locks: a name,
 * name.arch, name-version, name-[epoch:]version-release, with or without the
 * architecture, wildcards anywhere.
 */
#pragma once

#include "base/arena.h"

struct nevra {
    struct str name, epoch, version, release, arch; /* epoch "0" where there is none */
};

/* From a package manager's "[epoch:]version-release". */
struct nevra nevra_of(struct str name, struct str evr, struct str arch);

/* '*', '?' and [sets], in any of the spellings above. */
bool nevra_matches(struct str pattern, const struct nevra *package);

/* The name in a full spelling, for a pattern that matches nothing at hand. */
struct str nevra_name(struct str pattern);
