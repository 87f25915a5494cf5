/* SPDX-License-Identifier: Apache-2.0 */
/* The modules of a host, as libmodulemd reads them. */
#pragma once

#include "patch/rpm/modules.h"

struct modulemd_source {
    struct str id;   /* of the repository */
    struct str yaml; /* NUL-terminated */
};

enum modulemd_outcome {
    MODULEMD_BAD = 1, /* *ret_why says what */
};

/* All streams and choices, resolved. `root` is "/" or another root. */
MUST_CHECK int modulemd_read(struct arena *a, const char *root, struct str platform,
                             const struct modulemd_source *sources, size_t count,
                             struct modules *ret, struct str *ret_why);
