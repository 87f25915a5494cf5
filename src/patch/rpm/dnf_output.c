/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf.h"
#include "patch/rpm/hand.h"

/* In the order of what explains most. */
static const char *const explanations[] = {
    "nothing provides",
    " requires ",
    "conflicts with",
    "obsoletes",
    "filtered out",
    "scriptlet failed",
    "unpacking of archive failed",
    "more space on the",
    "not signed",
    "GPG",
    "ignature",
    "FAILED",
    "Cannot download",
    "cannot install",
    "No match for argument",
    "not installed",
    " more space ",
    "rror in",
};

static struct str drop_prefix(struct str line)
{
    static const char *const prefixes[] = { "- ", "Problem: ", "Error: ", "error: " };

    line = str_trim(line);
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(line, str_of(prefixes[i])))
            return str_from(line, strlen(prefixes[i]));
    return line;
}

/* "Error: x", or "Error:" and the line after it. */
static struct str first_error(struct str output, struct str prefix)
{
    struct str line;

    while (str_next(&output, '\n', &line)) {
        struct str rest;

        if (!str_starts(line, prefix))
            continue;
        rest = str_trim(str_from(line, prefix.len));
        if (str_is_empty(rest) && str_next(&output, '\n', &line))
            rest = str_trim(line);
        if (!str_is_empty(rest))
            return rest;
    }
    return (struct str){ 0 };
}

struct str dnf_output_blames(struct str output, struct str name)
{
    struct str line = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(explanations) && !str_is_set(line); i++)
        line = hand_find_line(output, name, explanations[i]);
    return line;
}

struct str dnf_output_reason(struct arena *a, struct str output, struct str name)
{
    static const char *const general[] = { "No space left", "more space needed", "GPG" };
    struct str line = str_is_set(name) ? dnf_output_blames(output, name) : (struct str){ 0 };

    for (size_t i = 0; i < ARRAY_LEN(general) && !str_is_set(line); i++)
        line = hand_find_line(output, (struct str){ 0 }, general[i]);
    if (!str_is_set(line))
        line = first_error(output, S("Error:")); /* dnf's own */
    if (!str_is_set(line))
        line = first_error(output, S("error:")); /* rpm's */
    return str_is_set(line) ? hand_clip(a, drop_prefix(line)) : line;
}

/* ---- the table of a transaction ---- */

static bool next_word(struct str *rest, struct str *ret)
{
    *rest = str_trim(*rest);
    if (str_is_empty(*rest))
        return false;
    for (size_t i = 0; i <= rest->len; i++)
        if (i == rest->len || rest->p[i] == ' ' || rest->p[i] == '\n' || rest->p[i] == '\t') {
            *ret = str_slice(*rest, 0, i);
            *rest = str_from(*rest, i);
            return true;
        }
    return false;
}

/* A long name has a line of its own, so words are looked at and not lines. */
static bool has_row(struct str section, struct str name, struct str evr)
{
    struct str last[2] = { { 0 }, { 0 } }, word;

    while (next_word(&section, &word)) {
        if (str_is_set(last[0]) && str_eq(last[0], name) && str_eq(word, evr))
            return true;
        last[0] = last[1];
        last[1] = word;
    }
    return false;
}

static bool brings_in(struct str heading)
{
    return str_starts(heading, S("Installing")) || str_starts(heading, S("Upgrading")) ||
           str_starts(heading, S("Downgrading"));
}

bool dnf_output_brings(struct str output, struct str name, struct str evr)
{
    struct str line, text = output;
    const char *start = NULL; /* of the section that is being read, if it brings anything in */

    if (str_starts(evr, S("0:")))
        evr = str_from(evr, 2);
    while (str_next(&text, '\n', &line)) {
        bool heading = line.len > 0 && line.p[0] != ' ' && str_ends(line, S(":"));
        bool over = str_starts(line, S("Transaction Summary"));

        if (!heading && !over)
            continue;
        if (start && has_row((struct str){ start, (size_t)(line.p - start) }, name, evr))
            return true;
        start = heading && brings_in(line) ? line.p + line.len : NULL;
    }
    return false;
}

/* A row begins with one space and the name; what belongs to it is further in. */
static bool is_row(struct str line)
{
    return line.len > 1 && line.p[0] == ' ' && line.p[1] != ' ';
}

/* The names under headings that begin so, one after another. */
static bool next_under(struct str *output, struct str heading, bool *is_under, struct str *ret)
{
    struct str line;

    while (str_next(output, '\n', &line)) {
        if (line.len == 0 || line.p[0] != ' ')
            *is_under = str_starts(line, heading) && str_ends(line, S(":"));
        else if (*is_under && is_row(line) && next_word(&line, ret))
            return true;
    }
    return false;
}

static bool is_heading(struct str line)
{
    return line.len > 0 && line.p[0] != ' ' && str_ends(line, S(":"));
}

bool dnf_output_next(struct str *output, struct str *section, struct hand_brought *ret)
{
    struct str line, more;

    while (str_next(output, '\n', &line)) {
        if (line.len == 0 || line.p[0] != ' ')
            *section = is_heading(line) && brings_in(line) ? line : (struct str){ 0 };
        if (!str_is_set(*section) || !is_row(line) || !next_word(&line, &ret->name))
            continue;
        more = str_is_empty(str_trim(line)) ? *output : line; /* a long name has its own line */
        ret->is_new = str_starts(*section, S("Installing"));
        if (next_word(&more, &ret->arch) && next_word(&more, &ret->version))
            return true;
    }
    return false;
}

bool dnf_output_removes(struct str output, struct str name)
{
    bool is_under = false;
    struct str found;

    while (next_under(&output, S("Removing"), &is_under, &found))
        if (str_eq(found, name))
            return true;
    return false;
}

struct str dnf_output_stranger(struct str output, struct strs removals)
{
    static const struct {
        const char *heading;
        bool is_removal;
    } sections[] = {
        { "Installing", false },
        { "Upgrading", false },
        { "Reinstalling", false },
        { "Removing", true },
    };

    for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
        struct str rest = output, found;
        bool is_under = false;

        while (next_under(&rest, str_of(sections[i].heading), &is_under, &found))
            if (!sections[i].is_removal || !strs_have(removals, found))
                return found;
    }
    return (struct str){ 0 };
}
