/* SPDX-License-Identifier: Apache-2.0 */
/* Hexadecimal, base64, percent-encoding and UTF-8: what is encoded decodes to itself. */
#include "base/hex.h"

#include "fuzz.h"

static void check_percent(struct arena *a, struct str s)
{
    struct str decoded, again;

    if (percent_decode(a, s, true, &decoded)) {
        assert(decoded.len <= s.len);
        assert(percent_decode(a, percent_encode(a, decoded, false), false, &again));
        assert(str_eq(decoded, again));
    }
    bool has_nul = s.len > 0 && memchr(s.p, '\0', s.len);
    assert(percent_decode(a, percent_encode(a, s, true), false, &again) == !has_nul);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = { (const char *)data, size }, decoded;
    struct arena a = { 0 };

    if (size > 65536)
        return 0;
    assert(base64_decode(&a, base64_encode(&a, s), &decoded) && str_eq(s, decoded));
    if (base64_decode(&a, s, &decoded))
        assert(base64_encode(&a, decoded).len == s.len);
    check_percent(&a, s);
    if (str_is_utf8(s))
        assert(str_utf8_len(s) <= s.len);
    str_glob(str_slice(s, 0, s.len / 2), str_from(s, s.len / 2));
    assert(str_glob(S("*"), s));
    arena_done(&a);
    return 0;
}
