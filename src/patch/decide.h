/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two decisions of the document AWS-RunPatchBaselineWithHooks: after its
 * Scan, whether there is anything to install; after its Install, whether the
 * host is to be rebooted. They go by what the run before has found and written
 * down, and by nothing else. Pure.
 */
#pragma once

#include "patch/state.h"

enum decide_question {
    DECIDE_INSTALL, /* after the Scan */
    DECIDE_REBOOT,  /* after the Install */
};

enum decide_outcome {
    DECIDE_SKIP = 1,    /* the steps in between are skipped */
    DECIDE_UNKNOWN = 2, /* no run of this command has found anything */
};

struct decide_input {
    enum decide_question question;
    bool is_install; /* the document's Operation */
    bool no_reboot;  /* and RebootOption */
    struct str execution_id;
};

/* 0: go on with the next step. Outcomes DECIDE_*. *ret_why is always set. */
int decide(struct arena *a, const struct decide_input *in, const struct state_last *last,
           struct str *ret_why);
