/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a package is in the state it is in, link by link: what the repositories
 * offer, each rule's own word, lists, holds and pins, and what comes of it. It
 * decides nothing: every link is asked of baseline.h, and the last is
 * baseline_decide()'s. For people and programs, on the host and at the plane.
 */
#pragma once

#include "base/value.h"
#include "engine/baseline.h"

/* What a link is about, in the order in which they come. */
enum baseline_step {
    STEP_VERSION, /* what was judged: the candidate, or what is installed */
    STEP_SOURCE,  /* where it is from, and whether that is a security source */
    STEP_GLOBAL_FILTERS,
    STEP_RULE,
    STEP_APPROVED_LIST,
    STEP_REJECTED_LIST,
    STEP_HOLD,
    STEP_PIN,
    STEP_PHASED,
    STEP_BROKEN,
    STEP_FAILURE,
    STEP_REBOOT,
    STEP_STATE,
};
const char *baseline_step_name(enum baseline_step step); /* ApprovedList */

struct baseline_link {
    enum baseline_step step;
    int rule;          /* of STEP_RULE, from 1 */
    struct str notice; /* of STEP_RULE: that matches it; absent: the version is in none */
    struct str says;   /* one word: Approves, NotSecurity, Waits, NoMatch, Rejects, ... */
    struct str text;   /* a clause for people */
    msec approved_at;  /* STEP_RULE with a date; else 0 */
};

struct baseline_chain {
    struct baseline_decision decision;
    struct baseline_link *links;
    size_t count;
};

/* An update that is not wanted leaves two versions to judge: then the links from
 * STEP_VERSION to STEP_REJECTED_LIST come twice, the update first. */
struct baseline_chain baseline_explain(struct arena *a, const struct baseline *b,
                                       const struct patch_facts *f, msec now);

/* For people, a line a link; and for programs, a list of objects. */
struct str baseline_chain_text(struct arena *a, const struct baseline_chain *chain);
struct value *baseline_chain_json(struct arena *a, const struct baseline_chain *chain);
