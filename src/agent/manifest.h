/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of packages that a plane serves, as packaging/sign.sh writes it, and
 * the order of versions. Pure: who signed it is not asked here.
 *
 *   patchbay-manifest 1
 *   SHA256 SIZE FAMILY ARCH VERSION FILE
 */
#pragma once

#include "base/arena.h"

#define MANIFEST_LIMIT        ((size_t)1024 * 1024)
#define MANIFEST_MAX_PACKAGES 1000
#define PACKAGE_LIMIT         ((int64_t)256 * 1024 * 1024)

struct package {
    struct str sum; /* SHA-256, lower-case hex */
    int64_t size;
    struct str family; /* deb, rpm */
    struct str arch;   /* as the family calls it */
    struct str version;
    struct str file; /* a name, no path */
};

struct manifest {
    const struct package *packages;
    size_t count;
};

/* Views into `text`. False, with a sentence, unless every line is as above. */
bool manifest_parse(struct arena *a, struct str text, struct manifest *ret, struct str *ret_why);

/* One to four numbers with dots between. */
bool version_is(struct str version);
int version_compare(struct str x, struct str y); /* a missing number is 0 */

/* Of that version, or the newest if `version` is empty; NULL if there is none. */
const struct package *manifest_find(const struct manifest *m, struct str family, struct str arch,
                                    struct str version);
