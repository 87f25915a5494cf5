/* SPDX-License-Identifier: Apache-2.0 */
/* Tables for people: columns as wide as they must be, numbers to the right. */
#pragma once

#include "base/arena.h"

#define TABLE_MAX_COLUMNS 12

struct table {
    struct arena *a;
    const char *const *headings; /* NULL-terminated; a leading '>' means to the right */
    struct str (*rows)[TABLE_MAX_COLUMNS];
    size_t count, capacity;
};

struct table table_new(struct arena *a, const char *const *headings);
struct str *table_row(struct table *t);  /* the cells of a new row, to be filled */
void table_print(const struct table *t); /* to stdout */
