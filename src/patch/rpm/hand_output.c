/* SPDX-License-Identifier: Apache-2.0 */
/* What rpm and its managers print, as far as they print alike. */
#include "patch/rpm/hand.h"

#define REASON_MAX 400

struct str hand_clip(struct arena *a, struct str reason)
{
    return arena_dup(a, str_slice(str_trim(reason), 0, REASON_MAX));
}

static bool is_name_byte(char c)
{
    return str_is_word((struct str){ &c, 1 }, "+_-.");
}

/* "openssl-1:3.0", not "my-openssl-1". */
bool hand_mentions(struct str line, struct str name)
{
    for (size_t i = 0; name.len > 0 && i + name.len <= line.len; i++) {
        struct str before = str_slice(line, 0, i), rest = str_from(line, i + name.len);

        if ((i > 0 && is_name_byte(line.p[i - 1])) || !str_starts(str_from(line, i), name))
            continue;
        if (rest.len > 1 && rest.p[0] == '-' && rest.p[1] >= '0' && rest.p[1] <= '9')
            return true;
        if (str_is_empty(rest) && str_ends(before, S("package ")))
            return true;
    }
    return false;
}

struct str hand_find_line(struct str output, struct str name, const char *words)
{
    struct str line;

    while (str_next(&output, '\n', &line))
        if (str_contains(line, str_of(words)) && (!str_is_set(name) || hand_mentions(line, name)))
            return line;
    return (struct str){ 0 };
}
