/* SPDX-License-Identifier: Apache-2.0 */
/* Any text as YAML; what parses has a form in JSON. */
#include "base/json.h"
#include "base/yaml.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size }, why = { 0 };
    struct arena a = { 0 };
    struct value *v, *again;

    if (size <= 20480) {
        if (yaml_parse(&a, text, &v, &why) == 0)
            assert(json_parse(&a, json_format(&a, v), &again, &why) == 0);
        else
            assert(why.len > 0);
        if (yaml_or_json_parse(&a, text, &v, &why) != 0)
            assert(why.len > 0);
    }
    arena_done(&a);
    return 0;
}
