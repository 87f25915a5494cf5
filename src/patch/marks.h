/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which packages are there for others' sake alone: apt-get and zypper take a name that they are
 * told for the administrator's wish, so that nothing would ever take the package away again.
 * The marks of what is named are written down first and restored afterwards, or by the next run
 * where this one is killed.
 */
#pragma once

#include "patch/provider.h"

/* Before a package manager is told of these changes; `path` may have what a killed run left.
 * Outcome PROVIDER_FAILED, and nothing may be begun. */
MUST_CHECK int marks_keep(struct arena *a, const struct provider *provider, const char *path,
                          const struct change_request *request, struct str *ret_why);

/* Restores what is written down, if anything is; after a scan. What cannot be restored yet, as
 * another package manager is at work, stays there for the next run. */
MUST_CHECK int marks_restore(struct arena *a, const struct provider *provider, const char *path);

/* ---- for tests ---- */

/* One name a line; what is no name is passed over. */
struct strs marks_parse(struct arena *a, struct str text);
