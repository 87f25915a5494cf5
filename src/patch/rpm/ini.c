/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/ini.h"

#include "base/buf.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static void add(struct arena *a, struct ini *ini, struct str section, struct str key,
                struct str value)
{
    ini->items = ARENA_GROW(a, ini->items, ini->count, &ini->capacity);
    ini->items[ini->count++] = (struct ini_option){ section, key, value };
}

static struct str section_of(struct str line)
{
    struct str name, rest;

    str_cut(str_from(line, 1), ']', &name, &rest);
    return str_trim(name);
}

static bool is_comment(struct str line)
{
    return line.len > 0 && (line.p[0] == '#' || line.p[0] == ';');
}

/* The value, with the indented lines that follow; comments may be between them. */
static struct str take_value(struct arena *a, struct str first, struct str *text)
{
    struct str rest = *text, line;
    struct buf joined = { 0 };

    while (str_next(&rest, '\n', &line)) {
        if (is_comment(line))
            continue;
        if (str_is_empty(str_trim(line)) || !is_space(line.p[0]))
            break;
        if (buf_str(&joined).len == 0) {
            joined = buf_in(a);
            buf_add(&joined, first);
        }
        buf_fmt(&joined, "\n%.*s", STR(str_trim(line)));
        *text = rest;
    }
    return buf_str(&joined).len > 0 ? buf_str(&joined) : first;
}

void ini_add(struct arena *a, struct str text, struct ini *ini)
{
    struct str section = { 0 }, line, key, value;

    while (str_next(&text, '\n', &line)) {
        struct str trimmed = str_trim(line);

        if (str_is_empty(trimmed) || is_comment(line) || is_space(line.p[0]))
            continue;
        if (line.p[0] == '[') {
            section = section_of(trimmed);
            add(a, ini, section, S(""), S(""));
        } else if (str_is_set(section) && str_cut(trimmed, '=', &key, &value)) {
            add(a, ini, section, str_trim(key), take_value(a, str_trim(value), &text));
        }
    }
}

struct str ini_get(const struct ini *ini, struct str section, struct str key)
{
    for (size_t i = ini->count; i > 0; i--) {
        const struct ini_option *o = &ini->items[i - 1];

        if (str_eq(o->section, section) && str_eq(o->key, key))
            return o->value;
    }
    return (struct str){ 0 };
}

bool ini_bool(struct str value, bool otherwise)
{
    static const char *const words[][2] = {
        { "0", "1" },    { "false", "true" },       { "no", "yes" },
        { "off", "on" }, { "disabled", "enabled" },
    };

    for (size_t i = 0; i < ARRAY_LEN(words); i++)
        for (size_t truth = 0; truth < 2; truth++)
            if (str_ieq(value, str_of(words[i][truth])))
                return truth;
    return otherwise;
}

int64_t ini_int(struct str value, int64_t otherwise)
{
    int64_t number;

    return str_to_int(value, &number) ? number : otherwise;
}

static bool is_separator(char c)
{
    return is_space(c) || c == ',' || c == '\n' || c == '\r';
}

struct strs ini_list(struct arena *a, struct str value)
{
    struct strs list = { 0 };
    size_t capacity = 0, start = 0;

    for (size_t i = 0; i <= value.len; i++) {
        if (i < value.len && !is_separator(value.p[i]))
            continue;
        if (i > start) {
            list.items = ARENA_GROW(a, list.items, list.count, &capacity);
            list.items[list.count++] = str_slice(value, start, i - start);
        }
        start = i + 1;
    }
    return list;
}
