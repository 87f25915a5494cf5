/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Zip archives in memory: what function code travels in. The only file that
 * knows libzip. An archive is untrusted: names that leave the folder, too many
 * files and too many bytes are refused before anything is unpacked.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

enum zip_outcome {
    ZIP_MALFORMED = 1, /* no archive, or one that is refused; *ret_why says why */
};

struct zip_file {
    struct str name; /* relative, '/' between parts */
    struct str bytes;
    bool is_executable;
};

struct zip_limits {
    size_t files, bytes; /* of all files, unpacked */
};

/* Folders are not listed. Outcome ZIP_MALFORMED. */
MUST_CHECK int zip_unpack(struct arena *a, struct str archive, const struct zip_limits *limits,
                          struct zip_file **ret, size_t *ret_count, struct str *ret_why);

MUST_CHECK int zip_pack(struct arena *a, const struct zip_file *files, size_t count,
                        struct str *ret);
