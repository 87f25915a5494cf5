/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parameter BaselineOverride points to: a JSON list of baselines as
 * GetPatchBaseline shows them, one for each operating system. It comes from wherever
 * its address points, so it is bounded and checked as a snapshot is.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"
#include "engine/baseline.h"

#define BASELINE_OVERRIDE_MAX_BYTES   ((size_t)1024 * 1024)
#define BASELINE_OVERRIDE_MAX_ENTRIES 100

struct baseline_override {
    struct baseline baseline; /* with id and name where the entry has them, else empty ones */
    struct value *request;    /* BaselineOverride of GetDeployablePatchSnapshotForInstance */
};

enum baseline_override_outcome {
    BASELINE_OVERRIDE_UNUSABLE = 1, /* malformed, or not exactly one entry is for the system */
};

/* The entry for this system; the others are not looked at. Outcome
 * BASELINE_OVERRIDE_UNUSABLE, *ret_why (may be NULL) says why. */
MUST_CHECK int baseline_override_parse(struct arena *a, const struct value *doc, enum patch_os os,
                                       struct baseline_override *ret, struct str *ret_why);

/* Whether two baselines say the same of every package, whatever they are called. */
bool baseline_same_rules(struct arena *a, const struct baseline *left,
                         const struct baseline *right);
