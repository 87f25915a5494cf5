/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An InstallOverrideList: a YAML document that names the patches an Install
 * brings in instead of those the baseline approves. It comes from wherever its
 * URL points, so it is bounded and checked. Compliance is still the baseline's.
 */
#pragma once

#include "patch/provider.h"

#define OVERRIDE_MAX_BYTES   ((size_t)1024 * 1024)
#define OVERRIDE_MAX_ENTRIES 10000
#define OVERRIDE_MAX_TEXT    512

struct override_entry {
    struct str id;    /* name.arch, wildcards */
    struct str title; /* name.arch:version, wildcards; absent: any version */
};

struct override_list {
    struct override_entry *entries;
    size_t count;
};

enum override_outcome {
    OVERRIDE_MALFORMED = 1,
};

/* Outcome OVERRIDE_MALFORMED, *ret_why names the entry. */
MUST_CHECK int override_parse(struct arena *a, struct str text, struct override_list *ret,
                              struct str *ret_why);

/* A line for each entry that names no update among these packages, of the first few: an update that
 * came in already, or a mistake in writing. */
struct str override_explain(struct arena *a, const struct override_list *list,
                            const struct packages *packages);

/* "The id matches and there is no title or the title matches", for the candidate. */
bool override_matches(const struct override_list *list, const struct patch_facts *f);
