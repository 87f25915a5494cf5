/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A scan: every package of the host with what the baseline says of it, and the
 * counts a report needs. No I/O but the provider's.
 */
#pragma once

#include "base/value.h"
#include "patch/override.h"
#include "patch/provider.h"
#include "patch/state.h"

struct scan {
    const struct host *host;
    const struct provider *provider;
    const struct baseline *baseline;
    struct packages packages;
    size_t n_state[PATCH_STATES];
    size_t n_updates;                       /* whatever the baseline says of them */
    size_t n_critical, n_security, n_other; /* of the items that are not compliant */
    enum compliance_level worst;            /* among the items that are not compliant */
    bool is_compliant;
    msec decided_at; /* what "now" was */
};

/* What is known beside the facts: earlier installs and this run's failures. */
struct scan_memory {
    const struct state *state; /* may be NULL */
    const struct change *changes;
    size_t n_changes;
};

struct scan_options {
    const struct host *host;
    const struct provider *provider;
    const struct baseline *baseline;
    struct str cache_dir;
    bool count_absent; /* for NotApplicableCount; slower */
    msec now;
};

/* Outcome PROVIDER_FAILED. */
MUST_CHECK int scan_run(struct arena *a, const struct scan_options *options,
                        const struct scan_memory *memory, struct scan *ret, struct str *ret_why);

/* Decide all packages again, with another memory. */
void scan_decide(struct arena *a, struct scan *scan, const struct scan_memory *memory, msec now);

/* The changes an Install should make: what the baseline approves, or, with a list,
 * exactly what it names. */
struct change *scan_changes(struct arena *a, const struct scan *scan,
                            const struct override_list *list, size_t *ret_count);

struct str scan_item_id(struct arena *a, const struct package *p); /* zlib1g.amd64 */
