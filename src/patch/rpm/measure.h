/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What changes of a host take on its disks, with all that they bring in beside
 * themselves: what libsolv makes of them, as dnf and zypper do.
 */
#pragma once

#include "patch/rpm/candidate.h"

/* False: it cannot be told, as they do not go together. */
bool rpm_measure(const struct candidates *c, const struct module_change *changes, size_t count,
                 struct module_space *ret);
