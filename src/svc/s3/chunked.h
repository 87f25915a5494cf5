/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The body that SDKs send over TLS where they put a checksum behind the bytes
 * ("aws-chunked", unsigned, with trailers). Pure. Chunks that are signed one by one
 * are another thing, and not known here.
 */
#pragma once

#include "base/arena.h"

#define CHUNKED_PAYLOAD      "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
#define CHUNKED_MAX_TRAILERS 8

struct chunked_trailer {
    struct str name, value;
};

struct chunked {
    struct str bytes;
    struct chunked_trailer trailers[CHUNKED_MAX_TRAILERS];
    size_t n_trailers;
};

/* False if it is not such a body, whole, with nothing behind it. */
bool chunked_decode(struct arena *a, struct str body, struct chunked *ret);
