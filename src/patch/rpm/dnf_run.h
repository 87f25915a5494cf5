/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How dnf and rpm are called: arguments, environment, locks. For the files of this
 * folder that do.
 */
#pragma once

#include "patch/child.h"
#include "patch/provider.h"

#define INSTALL_TIMEOUT (110 * MSEC_MINUTE) /* below the 7200 s of the document's step */
#define SHORT_TIMEOUT   (5 * MSEC_MINUTE)
#define DNF_LOCKED      S("another package manager holds dnf's or rpm's lock")

/* The program and what it is always told; `is_gentle` where it changes nothing. */
void dnf_begin(struct arena *a, struct child *child, const struct host *host, bool is_gentle);

/* The upgrade (or return) of these changes, and what is kept out of it. `*ret_script` is a
 * file that the program reads and the caller closes after it, or -1. */
MUST_CHECK int dnf_command(struct arena *a, const struct change_request *request,
                           struct change *const *changes, size_t count, bool simulate,
                           struct child *ret, int *ret_script);

MUST_CHECK int dnf_ask(struct arena *a, struct child *child, int log, struct child_result *ret);

/* Again and again while another package manager holds a lock. */
MUST_CHECK int dnf_ask_until(struct arena *a, const struct child *child, int log, msec deadline,
                             struct child_result *ret);

bool dnf_is_locked(const struct child_result *answer);
struct str dnf_reason(struct arena *a, const struct child_result *answer, struct str name);

/* The file that rpm locks for as long as it changes its database. */
MUST_CHECK int dnf_find_rpm_lock(struct arena *a, const char **ret);

/* Lines of what rpm's database has of these packages, and the one of a change that came in,
 * or is to go. */
MUST_CHECK int dnf_list_installed(struct arena *a, const struct change_request *request,
                                  struct str *ret);
struct str dnf_row(struct arena *a, const struct change *change);
