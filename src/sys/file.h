/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files, whole and durably. Its name hides the system's header of flock() from
 * who has src/ in the search path, so it brings that along.
 */
#pragma once

#include_next <sys/file.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"

enum file_outcome {
    FILE_ABSENT = 1,
    FILE_TOO_LARGE = 2,
    FILE_NO_SPACE = 3,
    FILE_LOCKED = 4, /* by another process */
};

/* The whole of a regular file (or of a pipe or /proc). Outcomes FILE_ABSENT, FILE_TOO_LARGE. */
MUST_CHECK int file_read(struct arena *a, const char *path, size_t limit, struct str *ret);

/* All of it or the file as it was, also after a power cut: written beside,
 * synced, renamed over. Outcome FILE_NO_SPACE. */
MUST_CHECK int file_write(const char *path, struct str data, mode_t mode);

/* Add to the end and sync: a journal. A write cut short is taken back. Outcome FILE_NO_SPACE. */

bool file_exists(const char *path);
MUST_CHECK int file_make_dirs(const char *path, mode_t mode); /* like mkdir -p, and synced */
MUST_CHECK int file_remove(const char *path);                 /* none there: fine */

/* A folder and all in it. Follows no symbolic link and enters no mount. None there: fine. */
MUST_CHECK int file_remove_tree(const char *path);
MUST_CHECK int file_sync_dir(const char *path);

/* A lock that ends with the process, at a file made for it. Outcome FILE_LOCKED. */
MUST_CHECK int file_lock(const char *path, int *ret_fd);
void file_unlock(int fd);
