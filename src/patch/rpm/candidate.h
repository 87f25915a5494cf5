/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dnf or zypper would bring in for an installed package: the newest version that fits
 * its architecture, among those it looks at, of the repositories that go first for
 * that name; or the package that takes its place.
 */
#pragma once

#include "patch/rpm/pool.h"

struct candidates {
    const struct rpm_pool *p;
    Id *obsoleters;   /* of each installed solvable; 0: none */
    Map install_only; /* names of packages that may be there in several versions */
};

void candidates_open(const struct rpm_pool *p, struct candidates *ret);
void candidates_close(struct candidates *c);

/* Whether the manager would look at a package of a repository. */
bool candidate_is_considered(const struct candidates *c, Id solvable);

/* The update of an installed package, another one that takes its place included; 0: none. */
Id candidate_update(const struct candidates *c, Id installed);

/* The update that a lock keeps away; 0: none. */
Id candidate_locked(const struct candidates *c, Id installed);

/* The newest version that excludes, locks or priorities keep away, newer than `than`. */
Id candidate_hidden(const struct candidates *c, Id installed, Id than);

/* a's version against b's, as rpm compares; < 0, 0, > 0. */
int candidate_compare(const struct candidates *c, Id a, Id b);

bool candidate_is_install_only(const struct candidates *c, Id solvable);
