/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes as text: hexadecimal, base64, percent-encoding.
 */
#pragma once

#include "base/arena.h"

struct str hex_encode(struct arena *a, struct str bytes); /* lower case */

struct str base64_encode(struct arena *a, struct str bytes); /* standard alphabet, padded */
bool base64_decode(struct arena *a, struct str text, struct str *ret);

/* RFC 3986 as SigV4 wants it: everything but unreserved becomes %XX; '/' is
 * kept where keep_slash. */
struct str percent_encode(struct arena *a, struct str s, bool keep_slash);
/* False on a malformed escape or a NUL. plus_is_space: as in forms. */
bool percent_decode(struct arena *a, struct str s, bool plus_is_space, struct str *ret);
