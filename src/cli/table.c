/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/table.h"

#include <stdio.h>

struct table table_new(struct arena *a, const char *const *headings)
{
    return (struct table){ .a = a, .headings = headings };
}

struct str *table_row(struct table *t)
{
    t->rows = ARENA_GROW(t->a, t->rows, t->count, &t->capacity);
    return t->rows[t->count++];
}

static bool is_right(const char *heading)
{
    return heading[0] == '>';
}

static void print_cell(struct str s, size_t width, bool right, bool last)
{
    size_t len = str_utf8_len(s);
    int pad = len < width ? (int)(width - len) : 0;

    if (right)
        printf("%*s%.*s", pad, "", STR(s));
    else
        printf("%.*s%*s", STR(s), last ? 0 : pad, "");
    fputs(last ? "\n" : "  ", stdout);
}

void table_print(const struct table *t)
{
    size_t widths[TABLE_MAX_COLUMNS] = { 0 }, columns = 0;

    for (; t->headings[columns]; columns++) {
        widths[columns] = strlen(t->headings[columns]) - is_right(t->headings[columns]);
        for (size_t row = 0; row < t->count; row++) {
            size_t len = str_utf8_len(t->rows[row][columns]);
            if (len > widths[columns])
                widths[columns] = len;
        }
    }
    for (size_t i = 0; i < columns; i++) {
        bool right = is_right(t->headings[i]);
        print_cell(str_of(t->headings[i] + right), widths[i], right, i + 1 == columns);
    }
    for (size_t row = 0; row < t->count; row++)
        for (size_t i = 0; i < columns; i++)
            print_cell(t->rows[row][i], widths[i], is_right(t->headings[i]), i + 1 == columns);
}
