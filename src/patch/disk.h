/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small files, whole: read with a bound, replaced so that a power failure
 * leaves the old or the new one.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum disk_outcome {
    DISK_NONE = 1,      /* there is no such file, or it may not be read */
    DISK_TOO_LARGE = 2,
};

MUST_CHECK int disk_read(struct arena *a, const char *path, size_t max, struct str *ret);

/* Temporary file, fsync, rename, fsync of the directory. Mode 0600. */
MUST_CHECK int disk_replace(struct arena *a, const char *path, struct str content);

/* The directory and those above it, 0755 where they have to be made. */
MUST_CHECK int disk_make_directory(struct arena *a, const char *path);

/* Takes the lock of this file without waiting. The descriptor holds it until it
 * is closed, or the process ends. Outcome: DISK_LOCKED, *ret_owner (a pid, 0 if
 * it is not known) holds it. */
#define DISK_LOCKED 3
MUST_CHECK int disk_lock(const char *path, int *ret_fd, int64_t *ret_owner);

void disk_closep(int *fd); /* CLEANUP(disk_closep): closes what is >= 0 */
