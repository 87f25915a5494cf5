/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/manifest.h"

#define FIRST_LINE  S("patchbay-manifest 1")
#define MAX_NUMBERS 4
#define MAX_DIGITS  9

bool version_is(struct str version)
{
    struct str number;
    int n = 0;

    if (str_is_empty(version))
        return false;
    while (str_next(&version, '.', &number))
        if (++n > MAX_NUMBERS || !str_is_digits(number) || number.len > MAX_DIGITS)
            return false;
    return true;
}

int version_compare(struct str x, struct str y)
{
    struct str number;

    for (int i = 0; i < MAX_NUMBERS; i++) {
        int64_t a = 0, b = 0;
        if (str_next(&x, '.', &number) && !str_to_int(number, &a))
            a = 0;
        if (str_next(&y, '.', &number) && !str_to_int(number, &b))
            b = 0;
        if (a != b)
            return a < b ? -1 : 1;
    }
    return 0;
}

static bool is_sum(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    return s.len == 64;
}

/* The name becomes a part of a path and of a URL. */
static bool is_file(struct str s)
{
    return s.len > 0 && s.len <= 200 && s.p[0] != '.' && s.p[0] != '-' && str_is_word(s, "._+~-");
}

static bool read_line(struct str line, struct package *ret)
{
    struct str sum = S(""), size = sum, family = sum, arch = sum, version = sum;

    bool is_whole = str_cut(line, ' ', &sum, &line) && str_cut(line, ' ', &size, &line) &&
                    str_cut(line, ' ', &family, &line) && str_cut(line, ' ', &arch, &line) &&
                    str_cut(line, ' ', &version, &line);
    *ret = (struct package){
        .sum = sum, .family = family, .arch = arch, .version = version, .file = line
    };
    return is_whole && is_sum(sum) && str_is_digits(size) && str_to_int(size, &ret->size) &&
           ret->size > 0 && ret->size <= PACKAGE_LIMIT &&
           (str_eq(family, S("deb")) || str_eq(family, S("rpm"))) && arch.len > 0 &&
           arch.len <= 20 && str_is_word(arch, "_") && version_is(version) && is_file(line);
}

bool manifest_parse(struct arena *a, struct str text, struct manifest *ret, struct str *ret_why)
{
    struct package *packages = NULL;
    size_t count = 0, capacity = 0;
    struct str line;

    if (text.len > MANIFEST_LIMIT || !str_next(&text, '\n', &line) || !str_eq(line, FIRST_LINE)) {
        *ret_why = S("it is not a manifest of a form that this agent knows");
        return false;
    }
    /* What follows the last line's end is nothing: half a line is no manifest. */
    while (str_next(&text, '\n', &line)) {
        if (str_is_empty(line) && text.len == 0)
            break;
        packages = ARENA_GROW(a, packages, count, &capacity);
        if (count == MANIFEST_MAX_PACKAGES || !read_line(line, &packages[count])) {
            *ret_why = arena_fmt(a, "line %zu of the manifest cannot be understood", count + 2);
            return false;
        }
        count++;
    }
    *ret = (struct manifest){ packages, count };
    return true;
}

const struct package *manifest_find(const struct manifest *m, struct str family, struct str arch,
                                    struct str version)
{
    const struct package *best = NULL;

    for (size_t i = 0; i < m->count; i++) {
        const struct package *p = &m->packages[i];
        if (!str_eq(p->family, family) || !str_eq(p->arch, arch))
            continue;
        if (!str_is_empty(version) && version_compare(p->version, version) != 0)
            continue;
        if (!best || version_compare(p->version, best->version) > 0)
            best = p;
    }
    return best;
}
