/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apt-get as the hand that changes a host: what it is called with, and what its
 * answers mean. It stays in charge of order, scripts and configuration files.
 */
#pragma once

#include "patch/provider.h"

/* See provider.h. */
int apt_get_use_sources(struct arena *a, const char *dir, struct strs configurations,
                        struct str *ret_why);
int apt_get_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why);
int apt_get_simulate(struct arena *a, struct change_request *request, struct str *ret_why);
int apt_get_find_along(struct arena *a, const struct change_request *request, struct changes *ret,
                       struct str *ret_why);
int apt_get_install(struct arena *a, struct change_request *request, struct str *ret_why);
int apt_get_restore_marks(struct arena *a, struct strs names, struct str *ret_why);

/* Where the versions to return to are: a repository, or apt's own cache of archives. */
int apt_get_find_versions(struct arena *a, struct change_request *request, struct str *ret_why);

/* The options with which apt's programs use the sources of a run, if it has its own. */
struct child;
void apt_get_add_sources(struct arena *a, struct child *child, const struct host *host);

/* ---- reading what it says (for tests) ---- */

/* Whether it gave up because another package manager holds a lock. */
bool apt_output_is_locked(struct str output);

/* One line that says why, preferring what concerns `name` (absent: anything). */
struct str apt_output_reason(struct arena *a, struct str output, struct str name);

/* A package that a simulation would install or upgrade. */
struct apt_install {
    struct str manager_name;         /* as apt calls it: "zlib1g", or "zlib1g:i386" */
    struct str name, arch, from, to; /* `from` is absent where it is new */
};

/* The next one; false: there are no more. */
bool apt_output_next(struct str *output, struct apt_install *ret);

/* Names (without architecture) that a simulation would install or upgrade. */
struct strs apt_output_installs(struct arena *a, struct str output);

/* Names (without architecture) that a simulation would remove. */
struct strs apt_output_removes(struct arena *a, struct str output);
