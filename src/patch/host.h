/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which system this is, and which boot of it.
 */
#pragma once

#include "base/err.h"
#include "engine/patch_os.h"

struct host {
    struct str root; /* "/" or the path of another root */
    enum patch_os os;
    struct str id, version_id, codename, pretty; /* os-release */
    struct str platform;                         /* PLATFORM_ID: "platform:el9" */
    struct str product;                          /* Debian12 */
    struct str boot_id; /* changes with every boot; empty for another root */
    /* Where a run's own repositories are set up that take the place of the host's (see
     * provider.h, use_sources); NULL: the host's own are used. */
    const char *sources_dir;
};

enum host_outcome {
    HOST_UNKNOWN = 1, /* no os-release, or a system without patch baselines */
};

MUST_CHECK int host_read(struct arena *a, struct str root, struct host *ret, struct str *ret_why);

/* The release of the kernel that runs; empty for another root. */
struct str host_kernel(struct arena *a, const struct host *host);

/* A path within the host's root. */
const char *host_path(struct arena *a, const struct host *host, const char *path);
