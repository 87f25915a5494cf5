/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksums that SDKs send along with an object, in the base64 form of their
 * headers. Pure.
 */
#pragma once

#include "base/arena.h"

enum checksum {
    CHECKSUM_CRC32,
    CHECKSUM_CRC32C,
    CHECKSUM_CRC64NVME,
    CHECKSUM_SHA1,
    CHECKSUM_SHA256,
    CHECKSUM_COUNT,
};

struct str checksum_name(enum checksum kind); /* "CRC32" */
struct str checksum_of(struct arena *a, enum checksum kind, struct str bytes);
