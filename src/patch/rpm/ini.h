/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration files of dnf, its repositories, plugins and module states:
 * "[section]", "key = value", values that go on in indented lines.
 */
#pragma once

#include "base/arena.h"

#define INI_MAX_BYTES ((size_t)1024 * 1024)

struct ini_option {
    struct str section, key, value; /* views, but for values of several lines */
};

struct ini {
    struct ini_option *items; /* an empty key: the section itself */
    size_t count, capacity;
};

/* Adds to *ini; a line that means nothing is passed over, as dnf does. */
void ini_add(struct arena *a, struct str text, struct ini *ini);

/* The last one counts; absent if there is none. */
struct str ini_get(const struct ini *ini, struct str section, struct str key);

/* Without a value `otherwise`; 1, true, yes, on, enabled and their opposites. */
bool ini_bool(struct str value, bool otherwise);
int64_t ini_int(struct str value, int64_t otherwise);

/* Words between commas and white space. */
struct strs ini_list(struct arena *a, struct str value);
