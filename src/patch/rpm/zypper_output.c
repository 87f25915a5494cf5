/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"
#include "patch/rpm/zypper.h"

/* In the order of what explains most. */
static const char *const explanations[] = {
    "nothing provides",  " requires ",
    "conflicts with",    "obsoletes",
    "scriptlet failed",  "unpacking of archive failed",
    "more space on the", "Signature verification failed",
    "not signed",        "not found on medium",
    "Can't provide",     "remove lock",
    "File conflict",     "conflicts between",
    "No provider of",    "not found in package names",
    "install failed",    "Installation of",
};

/* "'NAME.noarch=2-1' not found in package names." */
static bool quotes(struct str line, struct str name)
{
    ptrdiff_t at = str_find(line, '\'');
    struct str rest = at < 0 ? S("") : str_from(line, (size_t)at + 1);

    return str_starts(rest, name) && rest.len > name.len &&
           (rest.p[name.len] == '.' || rest.p[name.len] == '=');
}

struct str zypper_output_blames(struct str output, struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(explanations); i++) {
        struct str rest = output, line = hand_find_line(output, name, explanations[i]);

        if (str_is_set(line))
            return line;
        while (str_next(&rest, '\n', &line))
            if (str_contains(line, str_of(explanations[i])) && quotes(line, name))
                return line;
    }
    return (struct str){ 0 };
}

/* What XML makes of a sentence. */
static struct str decode(struct arena *a, struct str text)
{
    static const char *const entities[][2] = {
        { "&lt;", "<" }, { "&gt;", ">" }, { "&apos;", "'" }, { "&quot;", "\"" }, { "&amp;", "&" }
    };
    struct buf out = buf_in(a);

    while (text.len > 0) {
        size_t len = 1;
        struct str piece = str_slice(text, 0, 1);

        for (size_t i = 0; i < ARRAY_LEN(entities); i++)
            if (str_starts(text, str_of(entities[i][0]))) {
                len = strlen(entities[i][0]);
                piece = str_of(entities[i][1]);
                break;
            }
        buf_add(&out, piece);
        text = str_from(text, len);
    }
    return buf_str(&out);
}

static struct str drop_tags(struct str line)
{
    struct str tag, rest;

    while (str_starts(line, S("<")) && str_cut(line, '>', &tag, &rest))
        line = str_trim(rest);
    return str_slice(line, 0, str_find(line, '<') < 0 ? line.len : (size_t)str_find(line, '<'));
}

static struct str drop_prefix(struct str line)
{
    static const char *const prefixes[] = { "Problem: ", "Error: ", "error: ", "Warning: " };

    line = drop_tags(str_trim(line));
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (str_starts(line, str_of(prefixes[i])))
            return str_from(line, strlen(prefixes[i]));
    return line;
}

struct str zypper_output_reason(struct arena *a, struct str output, struct str name)
{
    static const char *const general[] = {
        "No space left",
        "more space",
        "signed with an unknown key",
        "Signature verification failed",
        "Problem: ",
        "Problem retrieving",
        "Download (curl) error",
        "Can't provide",
        "rror: ",
        "Repository '",
        "rror:",
    };
    struct str line = str_is_set(name) ? zypper_output_blames(output, name) : (struct str){ 0 };

    for (size_t i = 0; i < ARRAY_LEN(general) && !str_is_set(line); i++)
        line = hand_find_line(output, (struct str){ 0 }, general[i]);
    return str_is_set(line) ? hand_clip(a, decode(a, drop_prefix(line))) : line;
}

/* ---- summaries ---- */

static struct str attribute(struct str tag, const char *name)
{
    size_t len = strlen(name);

    for (size_t i = 0; i + len + 2 < tag.len; i++) {
        struct str value, rest;

        if ((tag.p[i] != ' ' && tag.p[i] != '\n') || memcmp(tag.p + i + 1, name, len) != 0 ||
            memcmp(tag.p + i + 1 + len, "=\"", 2) != 0)
            continue;
        if (str_cut(str_from(tag, i + len + 3), '"', &value, &rest))
            return value;
    }
    return S("");
}

static bool is_section(struct str tag)
{
    return str_starts(tag, S("to-")) || str_eq(tag, S("solvable-list"));
}

bool zypper_output_next(struct str *output, struct str *section, struct zypper_solvable *ret)
{
    struct str before, tag;

    while (str_cut(*output, '<', &before, output)) {
        if (!str_cut(*output, '>', &tag, output))
            return false;
        if (is_section(tag))
            *section = tag;
        else if (str_starts(tag, S("/")) && str_eq(str_from(tag, 1), *section))
            *section = (struct str){ 0 };
        if (!str_is_set(*section) || !str_starts(tag, S("solvable ")))
            continue;
        *ret = (struct zypper_solvable){
            .section = *section,
            .name = attribute(tag, "name"),
            .edition = attribute(tag, "edition"),
            .arch = attribute(tag, "arch"),
            .status = attribute(tag, "status"),
            .repository = attribute(tag, "repository"),
            .kind = attribute(tag, str_eq(*section, S("solvable-list")) ? "kind" : "type"),
        };
        if (str_eq(ret->kind, S("package")))
            return true;
    }
    return false;
}

/* ---- who chose a package ---- */

bool zypper_has_mark(struct str text, struct str wanted)
{
    struct str line;

    while (str_next(&text, '\n', &line))
        if (str_eq(str_trim(line), wanted))
            return true;
    return false;
}

struct str zypper_lost_marks(struct arena *a, struct strs names, struct str marks)
{
    struct buf out = buf_in(a);

    for (size_t i = 0; i < names.count; i++)
        if (!zypper_has_mark(marks, names.items[i]))
            buf_fmt(&out, "%.*s\n", STR(names.items[i]));
    return buf_str(&out).len > 0 ? buf_str(&out) : (struct str){ 0 };
}
