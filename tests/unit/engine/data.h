/* SPDX-License-Identifier: Apache-2.0 */
/* Test data from the folder that the build names in PATCHBAY_TEST_DATA. */
#pragma once

#include <stdio.h>
#include <stdlib.h>

#include "base/yaml.h"

#include "../test.h"

static inline struct str data_file(struct arena *a, const char *folder, const char *name)
{
    struct str path = arena_fmt(a, "%s/%s", folder, name);
    FILE *file = fopen(path.p, "rb");

    if (!file)
        fail_msg("cannot open %s", path.p);
    enum { MAX = 1 << 20 };
    char *text = arena_alloc(a, MAX);
    size_t len = fread(text, 1, MAX, file);
    fclose(file);
    return (struct str){ text, len };
}

static inline struct value *data_yaml(struct arena *a, const char *name)
{
    const char *folder = getenv("PATCHBAY_TEST_DATA");
    struct value *v = NULL;
    struct str why = { 0 };

    if (!folder)
        fail_msg("PATCHBAY_TEST_DATA is not set");
    if (yaml_parse(a, data_file(a, folder, name), &v, &why) != 0)
        fail_msg("%s: %.*s", name, STR(why));
    return v;
}
