/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making this host a node: a key, a fingerprint, one call, one file.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

struct registration {
    const char *state;
    struct str endpoint, region, activation_id, activation_code;
    const char *machine_id_file;
    const char *ca_file; /* NULL: the system's */
    bool replaces;       /* an identity that is already there */
    bool insecure;       /* plain http to another machine */
};

enum register_outcome {
    REGISTER_REFUSED = 1, /* *ret is why */
    REGISTER_ALREADY = 2, /* *ret is the instance id */
};

/* *ret is the new instance id. Outcomes REGISTER_*. */
MUST_CHECK int register_node(struct arena *a, const struct registration *r, struct str *ret);
