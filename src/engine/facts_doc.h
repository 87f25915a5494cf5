/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The facts of a host's packages as a document: what patchbay-patch tells the
 * plane behind its report, and what the plane decides on when it is asked why.
 * It comes over the network, so nothing in it is believed: every type, count and
 * length is checked before it is used. What is absent, false or empty is left out.
 */
#pragma once

#include "base/err.h"
#include "base/value.h"
#include "engine/baseline.h"

#define FACTS_DOC_MAX_BYTES ((size_t)8 * 1024 * 1024)
#define FACTS_MAX_PACKAGES  20000

enum facts_doc_outcome {
    FACTS_MALFORMED = 1,
};

struct facts_doc {
    enum patch_os os;
    struct str product;        /* "Debian12": of every package */
    size_t n_security_sources; /* that the host has package lists of */
    struct patch_facts *packages;
    size_t count;
};

/* The strings are those of the tree. Outcome: FACTS_MALFORMED, with *ret_why (may be
 * NULL) naming the member. Members that are not known are passed over. */
MUST_CHECK int facts_parse(struct arena *a, const struct value *doc, struct facts_doc *ret,
                           struct str *ret_why);

/* The inverse, package by package: a head without packages, and one more at its end. Texts
 * that are too long are cut, but for what identifies a package: such a one is left out, and
 * the answer is false. */
struct value *facts_format_head(struct arena *a, const struct facts_doc *facts);
bool facts_format_add(struct arena *a, struct value *doc, const struct patch_facts *f);
struct value *facts_format(struct arena *a, const struct facts_doc *facts);

/* One version of a package on its own. FACTS_MALFORMED. */
struct value *facts_format_version(struct arena *a, const struct patch_version *v);
MUST_CHECK int facts_parse_version(struct arena *a, const struct value *map,
                                   struct patch_version *ret, struct str *ret_why);
