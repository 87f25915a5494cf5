/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnf as the hand that changes a host: what it is called with, and what its
 * answers mean. It stays in charge of order, scripts and signatures.
 */
#pragma once

#include "patch/provider.h"

int dnf_use_sources(struct arena *a, const char *dir, struct strs configurations,
                    struct str *ret_why);
int dnf_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why);
int dnf_simulate(struct arena *a, struct change_request *request, struct str *ret_why);
int dnf_find_marks(struct arena *a, struct change_request *request, struct str *ret_why);
int dnf_find_versions(struct arena *a, struct change_request *request, struct str *ret_why);
int dnf_install(struct arena *a, struct change_request *request, struct str *ret_why);

/* ---- reading what it says (for tests) ---- */

/* The line that complains of this package; absent if there is none. */
struct str dnf_output_blames(struct str output, struct str name);

/* One line that says why, preferring what concerns `name` (absent: anything). */
struct str dnf_output_reason(struct arena *a, struct str output, struct str name);

/* Whether the table of a transaction would bring in this version of the package. */
bool dnf_output_brings(struct str output, struct str name, struct str evr);

/* Whether it would remove the package. */
bool dnf_output_removes(struct str output, struct str name);

/* What a return would change beside downgrading, and removing those; absent if nothing. */
struct str dnf_output_stranger(struct str output, struct strs removals);
