/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as an instant: what parses is written and parses to the same instant. */
#include "base/time.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = { (const char *)data, size };
    struct arena a = { 0 };
    msec t, again;

    if (size > 256)
        return 0;
    if (time_parse_iso(s, &t) && time_civil(t).year >= 0 && time_civil(t).year <= 9999)
        assert(time_parse_iso(time_iso_ms(&a, t), &again) && again == t);
    if (time_parse_amz(s, &t))
        assert(time_parse_amz(time_amz(&a, t), &again) && again == t);
    if (time_parse_http(s, &t))
        assert(time_parse_http(time_http(&a, t), &again) && again == t);
    arena_done(&a);
    return 0;
}
