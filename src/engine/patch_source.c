/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/patch_source.h"

/* ---- apt ---- */

static struct str next_word(struct str *rest)
{
    struct str trimmed = str_trim(*rest);
    size_t len = 0;

    while (len < trimmed.len && trimmed.p[len] != ' ' && trimmed.p[len] != '\t')
        len++;
    *rest = str_from(trimmed, len);
    return str_slice(trimmed, 0, len);
}

/* sources.list(5): the options are in one pair of brackets behind the type. */
static const char *apt_fault(struct str line)
{
    struct str uri, suite;

    if (!str_eq(next_word(&line), S("deb")))
        return "it does not begin with \"deb\"";
    line = str_trim(line);
    if (str_starts(line, S("["))) {
        ptrdiff_t end = str_find(line, ']');

        if (end < 0)
            return "its options have no closing bracket";
        line = str_from(line, (size_t)end + 1);
    }
    uri = next_word(&line);
    if (str_find(uri, ':') <= 0)
        return "it names no URI";
    suite = next_word(&line);
    if (str_is_empty(suite))
        return "it names no suite";
    if (!str_ends(suite, S("/")) && str_is_empty(next_word(&line)))
        return "it names no component";
    return NULL;
}

/* ---- rpm, zypper ---- */

static bool is_section(struct str line)
{
    return str_starts(line, S("[")) && str_ends(line, S("]")) && line.len > 2 &&
           str_is_word(str_slice(line, 1, line.len - 2), "-_.:");
}

static bool names_packages(struct str key)
{
    return str_eq(key, S("baseurl")) || str_eq(key, S("mirrorlist")) || str_eq(key, S("metalink"));
}

/* What begins with a blank goes on with the value of the line before. */
static const char *rpm_fault(struct str text)
{
    bool in_section = false, has_packages = false;
    struct str line, key, value;

    while (str_next(&text, '\n', &line)) {
        bool goes_on = in_section && (str_starts(line, S(" ")) || str_starts(line, S("\t")));

        line = str_trim(line);
        if (str_is_empty(line) || line.p[0] == '#' || line.p[0] == ';' || goes_on)
            continue;
        if (!in_section && !is_section(line))
            return "it does not begin with a section \"[id]\"";
        if (in_section && line.p[0] == '[')
            return "it has more than one section";
        if (in_section && !str_cut(line, '=', &key, &value))
            return "a line is not \"key=value\"";
        if (in_section)
            has_packages = has_packages || (names_packages(str_trim(key)) && str_trim(value).len);
        in_section = true;
    }
    return has_packages ? NULL : "it has no baseurl, mirrorlist or metalink";
}

/* ---- both ---- */

static bool has_control(struct str s, bool lines)
{
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.p[i];

        if ((c < 0x20 && c != '\t' && !(lines && (c == '\n' || c == '\r'))) || c == 0x7f)
            return true;
    }
    return false;
}

const char *patch_source_fault(enum patch_family family, struct str configuration)
{
    bool is_apt = family == PATCH_FAMILY_APT;
    struct str text = str_trim(configuration);

    if (str_is_empty(text))
        return "it is empty";
    if (has_control(text, !is_apt))
        return is_apt ? "it is not one line of text" : "it has a control character";
    if (family == PATCH_FAMILY_NONE)
        return "sources are for Linux";
    return is_apt ? apt_fault(text) : rpm_fault(text);
}

static bool is_for(const struct baseline_source *source, struct str product)
{
    return strs_have(source->products, product) || strs_have(source->products, S("*"));
}

struct strs patch_sources_of(struct arena *a, const struct baseline *b, struct str product)
{
    struct strs found = { arena_array(a, struct str, b->n_sources + 1), 0 };

    for (size_t i = 0; i < b->n_sources; i++)
        if (is_for(&b->sources[i], product))
            found.items[found.count++] = str_trim(b->sources[i].configuration);
    return found;
}

bool patch_sources_replace(const struct baseline *b, struct str product)
{
    for (size_t i = 0; i < b->n_sources; i++)
        if (is_for(&b->sources[i], product))
            return true;
    return false;
}
