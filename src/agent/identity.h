/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who this node is to the plane: what registration gave it and the key that
 * proves it. One file, identity.json (0600), in the state folder.
 */
#pragma once

#include "agent/fingerprint.h"
#include "agent/rotation.h"
#include "base/crypto.h"

struct identity {
    struct str instance_id, region;
    struct str endpoint; /* http(s)://host[:port], no slash at the end */
    struct str ca_file;  /* absent: the system's */
    struct str fingerprint;
    struct host_facts host; /* by which a copy of this disk is told from it */
    struct key_ring keys;
};

enum identity_outcome {
    IDENTITY_ABSENT = 1,
    IDENTITY_DAMAGED = 2, /* not ours, or unreadable */
    IDENTITY_NO_SPACE = 3,
};

MUST_CHECK int identity_read(struct arena *a, const char *state, struct identity *ret);
MUST_CHECK int identity_write(struct arena *a, const char *state, const struct identity *id);

/* False, with a sentence, unless it is https://, or http:// to this machine or
 * with `insecure`: whoever can change what the plane says is root here. A slash at the
 * end is taken off. */
bool identity_check_endpoint(struct arena *a, struct str endpoint, bool insecure,
                             struct str *ret_endpoint, struct str *ret_why);
