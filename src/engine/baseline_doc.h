/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The baseline as a document: what a patch snapshot holds. The plane writes it,
 * the host reads it. It comes over the network, so nothing in it is believed:
 * every type, count, length and number is checked against the limits of the
 * PatchBaseline API before it is used.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"
#include "engine/baseline.h"

#define BASELINE_DOC_MAX_BYTES ((size_t)1024 * 1024)

#define BASELINE_MAX_RULES   10
#define BASELINE_MAX_FILTERS 4
#define BASELINE_MAX_VALUES  20
#define BASELINE_MAX_NAMES   50 /* each of the approved and the rejected list */
#define BASELINE_MAX_SOURCES 20

enum baseline_doc_outcome {
    BASELINE_MALFORMED = 1,
};

struct baseline_snapshot {
    struct baseline baseline;
    struct str patch_group; /* never absent */
};

/* Reads a snapshot document, or a bare `patchBaseline` object. The strings are
 * those of the tree. Outcome: BASELINE_MALFORMED, with *ret_why (may be NULL)
 * naming the member. */
MUST_CHECK int baseline_parse(struct arena *a, const struct value *doc,
                              struct baseline_snapshot *ret, struct str *ret_why);

/* The inverse: the whole snapshot document. */
struct value *baseline_format(struct arena *a, const struct baseline_snapshot *snapshot);
