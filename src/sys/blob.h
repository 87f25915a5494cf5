/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A folder of blobs, each named by the SHA-256 of its bytes. A blob is there
 * whole and durable before its name is given out, so a row may refer to it;
 * what no row refers to is swept.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum blob_outcome {
    BLOB_NONE = 1, /* also: no such name could be */
    BLOB_TOO_LARGE = 2,
    BLOB_FULL = 3, /* no space */
};

struct blob_dir;

/* Makes the folder, and removes what a crash left half written. */
MUST_CHECK int blob_open(const char *path, struct blob_dir **ret);
void blob_close(struct blob_dir *d); /* takes NULL */

/* All of these from any thread. */

/* The name, 64 hexadecimal digits. The same bytes again cost no space, and
 * count as new for the sweep. Outcome BLOB_FULL. */
MUST_CHECK int blob_put(struct blob_dir *d, struct str bytes, struct arena *a,
                        struct str *ret_name);

/* Outcomes BLOB_NONE, BLOB_TOO_LARGE. Bytes that do not match their name are a fault. */
MUST_CHECK int blob_get(struct blob_dir *d, struct str name, size_t limit, struct arena *a,
                        struct str *ret_bytes);
bool blob_exists(struct blob_dir *d, struct str name);

/* The file of a blob, for programs that need a path. Outcome BLOB_NONE. */
MUST_CHECK int blob_path(struct blob_dir *d, struct str name, struct arena *a, struct str *ret);

/* Removes each blob put before `before` (wall clock) that is not to be kept. */
MUST_CHECK int blob_sweep(struct blob_dir *d, msec before,
                          bool (*keep)(void *context, struct str name), void *context,
                          size_t *ret_removed);
