/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as JSON: what parses is written and parses to the same. */
#include "base/json.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size }, why = { 0 };
    struct arena a = { 0 };
    struct value *v, *again;

    if (size <= 65536) {
        if (json_parse(&a, text, &v, &why) == 0) {
            struct str once = json_format(&a, v);
            assert(json_parse(&a, once, &again, &why) == 0);
            assert(str_eq(once, json_format(&a, again)));
            assert(json_parse(&a, json_format_pretty(&a, v), &again, &why) == 0);
        } else {
            assert(why.len > 0);
        }
    }
    arena_done(&a);
    return 0;
}
