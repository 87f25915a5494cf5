/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The operating systems a patch baseline can be for, by the names of the AWS
 * reference, and what the engine must know of each: its package family, which
 * filter keys its rules may use, and how its PRODUCT values are spelled.
 */
#pragma once

#include "base/arena.h"

enum patch_os {
    PATCH_OS_NONE,
    PATCH_OS_WINDOWS,
    PATCH_OS_AMAZON_LINUX,
    PATCH_OS_AMAZON_LINUX_2,
    PATCH_OS_AMAZON_LINUX_2022,
    PATCH_OS_AMAZON_LINUX_2023,
    PATCH_OS_UBUNTU,
    PATCH_OS_REDHAT_ENTERPRISE_LINUX,
    PATCH_OS_SUSE,
    PATCH_OS_CENTOS,
    PATCH_OS_ORACLE_LINUX,
    PATCH_OS_DEBIAN,
    PATCH_OS_MACOS,
    PATCH_OS_RASPBIAN,
    PATCH_OS_ROCKY_LINUX,
    PATCH_OS_ALMA_LINUX,
};

enum patch_family {
    PATCH_FAMILY_NONE, /* Windows, macOS: named by the API, not patched by us */
    PATCH_FAMILY_APT,
    PATCH_FAMILY_RPM,
    PATCH_FAMILY_ZYPPER,
};

enum patch_key {
    PATCH_KEY_PRODUCT,
    PATCH_KEY_PRIORITY,
    PATCH_KEY_SECTION,
    PATCH_KEY_CLASSIFICATION,
    PATCH_KEY_SEVERITY,
};

struct patch_os_info {
    const char *name; /* DEBIAN */
    enum patch_family family;
    const char *product;       /* "Debian", in front of the version; NULL: no host can be one */
    const char *release_id;    /* ID of os-release; NULL likewise */
    const char *release_major; /* with it: VERSION_ID must be this, NULL for any */
};

const struct patch_os_info *patch_os_info(enum patch_os os);
enum patch_os patch_os_parse(struct str name); /* PATCH_OS_NONE if there is no such */

/* The system of a host, by the ID and VERSION_ID of its os-release. */
enum patch_os patch_os_of_release(struct str id, struct str version_id);
struct str patch_os_product(struct arena *a, enum patch_os os, struct str version_id);

const char *patch_key_name(enum patch_key key);

/* False if there is no such key, or rules of this system cannot use it. */
bool patch_key_parse(enum patch_os os, struct str name, enum patch_key *ret);
