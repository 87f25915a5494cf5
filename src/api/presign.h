/* SPDX-License-Identifier: Apache-2.0 */
/*
 * URLs that the plane itself signs, so that somebody without credentials may
 * fetch one thing for a while: a node its frozen baseline. They are ordinary
 * presigned S3 URLs. The key they are signed with belongs to the plane, not to an
 * account: its secret is derived from the master key and never leaves the plane,
 * it verifies presigned GETs and nothing else, and the principal it stands for is
 * let in by no policy, only by the reserved buckets.
 */
#pragma once

#include "api/ports.h"

#define PRESIGN_KEY "AKIAPATCHBAYSNAPSHOT"

/* Reserved buckets, one a Region; no client may make one of such a name. */
#define PRESIGN_SNAPSHOT_BUCKETS "patchbay-snapshots-"

struct str presign_secret(const struct plane *plane, struct arena *a);

/* The principal that a URL's bearer is. */
struct principal presign_principal(void);

/* "http://host:port/patchbay-snapshots-REGION/KEY?...", good for `lifetime`. */
struct str presign_snapshot(struct op *op, struct str key, msec lifetime);
