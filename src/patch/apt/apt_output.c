/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/apt/apt_get.h"

#define REASON_MAX 400

bool apt_output_is_locked(struct str output)
{
    return str_contains(output, S("Could not get lock")) ||
           str_contains(output, S("Unable to acquire the dpkg frontend lock")) ||
           str_contains(output, S("Unable to lock directory")) ||
           str_contains(output, S("frontend lock was locked by another process"));
}

static struct str bare_name(struct str package)
{
    struct str name, arch;

    str_cut(package, ':', &name, &arch);
    return name;
}

/* "dpkg: error processing package NAME (--configure):" and the line after it. */
static bool is_dpkg_error(struct str line, struct str name)
{
    const struct str start = S("dpkg: error processing ");
    struct str package, rest;

    if (!str_starts(line, start))
        return false;
    line = str_from(line, start.len);
    if (str_starts(line, S("package ")))
        line = str_from(line, 8);
    else if (str_starts(line, S("archive ")))
        return !str_is_set(name) || str_contains(line, name);
    str_cut(line, ' ', &package, &rest);
    return !str_is_set(name) || str_eq(bare_name(package), name);
}

/* " zlib1g : Depends: libc6 (>= 9) but it is not installable" */
static bool is_unmet(struct str line, struct str name)
{
    struct str package, rest;

    return str_is_set(name) && str_starts(line, S(" ")) &&
           str_cut(str_trim(line), ' ', &package, &rest) && str_starts(rest, S(": ")) &&
           str_eq(bare_name(package), name);
}

static struct str clip(struct arena *a, struct str reason)
{
    return arena_dup(a, str_slice(str_trim(reason), 0, REASON_MAX));
}

struct str apt_output_reason(struct arena *a, struct str output, struct str name)
{
    struct str rest = output, line, error = { 0 }; /* the first: later ones sum up */

    while (str_next(&rest, '\n', &line)) {
        if (is_dpkg_error(line, name)) {
            struct str next = rest, cause = { 0 };

            str_next(&next, '\n', &cause);
            return clip(a, arena_fmt(a, "%.*s%.*s", STR(line), STR(cause)));
        }
        if (is_unmet(line, name))
            return clip(a, line);
        if (!str_is_set(error) && str_starts(line, S("E: ")))
            error = str_from(line, 3);
    }
    return str_is_set(error) ? clip(a, error) : error;
}

/* "Inst zlib1g:i386 [1.2-1] (1.2-2 Debian:12/stable, Debian-Security:12 [i386]) []" */
static bool read_install(struct str line, struct apt_install *ret)
{
    struct str before, rest, inside, version;
    ptrdiff_t arch;

    if (!str_starts(line, S("Inst ")) || !str_cut(str_from(line, 5), '(', &before, &rest) ||
        !str_cut(rest, ')', &inside, &rest) || !str_cut(inside, ' ', &version, &inside))
        return false;
    arch = str_find(inside, '[');
    if (arch < 0 || !str_ends(inside, S("]")))
        return false;
    *ret = (struct apt_install){ .to = version };
    ret->arch = str_slice(inside, (size_t)arch + 1, inside.len - (size_t)arch - 2);
    if (!str_cut(str_trim(before), ' ', &ret->manager_name, &rest))
        ret->manager_name = str_trim(before);
    else if (str_starts(rest, S("[")) && str_ends(rest, S("]")))
        ret->from = str_slice(rest, 1, rest.len - 2);
    ret->name = bare_name(ret->manager_name);
    return true;
}

bool apt_output_next(struct str *output, struct apt_install *ret)
{
    struct str line;

    while (str_next(output, '\n', &line))
        if (read_install(line, ret))
            return true;
    return false;
}

/* The names behind the word that begins a line of a simulation. */
static struct strs names_after(struct arena *a, struct str output, struct str word)
{
    struct strs found = { 0 };
    size_t capacity = 0;
    struct str line, package, rest;

    while (str_next(&output, '\n', &line)) {
        if (!str_starts(line, word))
            continue;
        str_cut(str_from(line, word.len), ' ', &package, &rest);
        found.items = ARENA_GROW(a, found.items, found.count, &capacity);
        found.items[found.count++] = bare_name(package);
    }
    return found;
}

struct strs apt_output_installs(struct arena *a, struct str output)
{
    return names_after(a, output, S("Inst "));
}

struct strs apt_output_removes(struct arena *a, struct str output)
{
    return names_after(a, output, S("Remv "));
}
