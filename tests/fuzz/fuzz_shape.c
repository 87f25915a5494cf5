/* SPDX-License-Identifier: Apache-2.0 */
/* Any JSON as a request: what is accepted writes to something that reads the same. */
#include "base/json.h"
#include "wire/shape.h"

#include "../unit/wire/things.h"
#include "fuzz.h"

static void read_again(struct arena *a, const struct thing *t)
{
    struct value *written = shape_write(&thing_shape, t, a), *parsed;
    struct thing again;
    struct str why;

    assert(json_parse(a, json_format(a, written), &parsed, NULL) == 0);
    assert(shape_read(&thing_shape, parsed, a, &again, &why) == 0);
    assert(str_eq(json_format(a, written), json_format(a, shape_write(&thing_shape, &again, a))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = { (const char *)data, size }, why = { 0 };
    struct arena a = { 0 };
    struct value *v;
    struct thing t;

    if (size <= 65536 && json_parse(&a, text, &v, NULL) == 0) {
        int result = shape_read(&thing_shape, v, &a, &t, &why);
        if (result == 0)
            read_again(&a, &t);
        else
            assert(result > 0 && why.len > 0 && why.len < 65536);
    }
    arena_done(&a);
    return 0;
}
