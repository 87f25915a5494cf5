/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/interpolate.h"

#include "base/buf.h"
#include "base/time.h"

struct work {
    struct arena *arena;
    const struct interpolation *with;
    size_t n_bytes; /* of what was put in so far */
    struct str *why;
};

/* ---- references in text ---- */

static ptrdiff_t find_two(struct str s, char c)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if (s.p[i] == c && s.p[i + 1] == c)
            return (ptrdiff_t)i;
    return -1;
}

bool reference_next(struct str *rest, struct str *ret_text, struct str *ret_name)
{
    struct str all = *rest;
    ptrdiff_t open = find_two(all, '{');
    ptrdiff_t close = open < 0 ? -1 : find_two(str_from(all, (size_t)open + 2), '}');

    if (close < 0) {
        *ret_text = all;
        *rest = str_from(all, all.len);
        return false;
    }
    *ret_text = str_slice(all, 0, (size_t)open);
    *ret_name = str_trim(str_slice(all, (size_t)open + 2, (size_t)close));
    if (!str_is_word(*ret_name, "_.:/-"))
        *ret_name = S("");
    *rest = str_from(all, (size_t)open + (size_t)close + 4);
    return true;
}

struct str reference_whole(struct str text)
{
    struct str rest = text, before, name;

    if (!reference_next(&rest, &before, &name) || before.len > 0 || rest.len > 0)
        return (struct str){ 0 };
    return name;
}

/* ---- what they stand for ---- */

static const struct str globals[] = {
    S_INIT("global:ACCOUNT_ID"), S_INIT("global:REGION"),    S_INIT("global:AWS_PARTITION"),
    S_INIT("global:DATE"),       S_INIT("global:DATE_TIME"), S_INIT("automation:EXECUTION_ID"),
};

bool reference_is_global(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(globals); i++)
        if (str_eq(name, globals[i]))
            return true;
    return false;
}

static struct str global(struct arena *a, const struct interpolation *with, struct str name)
{
    struct civil c = time_civil(with->now);

    if (str_eq(name, S("global:ACCOUNT_ID")))
        return with->account;
    if (str_eq(name, S("global:REGION")))
        return with->region;
    if (str_eq(name, S("global:AWS_PARTITION")))
        return with->partition;
    if (str_eq(name, S("automation:EXECUTION_ID")))
        return with->execution_id;
    if (str_eq(name, S("global:DATE")))
        return arena_fmt(a, "%04d-%02d-%02d", c.year, c.month, c.day);
    if (str_eq(name, S("global:DATE_TIME")))
        return arena_fmt(a, "%04d-%02d-%02d_%02d.%02d.%02d", c.year, c.month, c.day, c.hour,
                         c.minute, c.second);
    return (struct str){ 0 };
}

static void explain(struct work *w, const char *what, struct str name)
{
    *w->why = arena_fmt(w->arena, "%s: {{ %.*s }}", what, STR(name));
}

static int resolve(struct work *w, struct str name, struct value **ret)
{
    struct value *v = value_get(w->with->parameters, name);
    struct str text = global(w->arena, w->with, name);

    if (!v)
        v = value_get(w->with->outputs, name);
    if (!v && str_is_set(text))
        v = value_string(w->arena, text);
    if (!v) {
        explain(w,
                str_find(name, '.') >= 0 ? "No step has produced this output"
                                         : "Nothing has this name",
                name);
        return INTERPOLATE_UNRESOLVED;
    }
    *ret = v;
    return 0;
}

/* ---- size ---- */

static size_t size_of(const struct value *v)
{
    size_t n = sizeof(*v);

    if (v->type == VALUE_STRING)
        n += v->string.len;
    if (v->type == VALUE_LIST)
        for (size_t i = 0; i < v->list.count; i++)
            n += size_of(v->list.items[i]);
    if (v->type == VALUE_MAP)
        for (size_t i = 0; i < v->map.count; i++)
            n += v->map.members[i].key.len + size_of(v->map.members[i].value);
    return n;
}

static int charge(struct work *w, size_t n_bytes)
{
    w->n_bytes += n_bytes;
    if (w->n_bytes <= INTERPOLATE_MAX_BYTES)
        return 0;
    *w->why = S("The values of references are too long");
    return INTERPOLATE_UNRESOLVED;
}

/* ---- trees ---- */

static int copy(struct work *w, const struct value *tree, struct value **ret);

static int put_text(struct work *w, struct buf *b, struct str name)
{
    struct value *v = NULL;

    PASS(resolve(w, name, &v));
    struct str text = value_text(w->arena, v);
    if (!str_is_set(text))
        return explain(w, "A list or a map cannot stand within a text", name),
               INTERPOLATE_UNRESOLVED;
    PASS(charge(w, text.len));
    buf_add(b, text);
    return 0;
}

static int copy_string(struct work *w, struct str text, struct value **ret)
{
    struct buf b = buf_in(w->arena);
    struct str whole = reference_whole(text), rest = text, before, name;

    if (str_is_set(whole)) {
        struct value *v = NULL;
        PASS(resolve(w, whole, &v));
        PASS(charge(w, size_of(v)));
        *ret = value_copy(w->arena, v);
        return 0;
    }
    while (reference_next(&rest, &before, &name)) {
        buf_add(&b, before);
        PASS(put_text(w, &b, name));
    }
    buf_add(&b, before);
    *ret = value_string(w->arena, buf_str(&b));
    return 0;
}

static int copy_list(struct work *w, const struct value *tree, struct value **ret)
{
    struct value *list = value_list(w->arena);

    for (size_t i = 0; i < tree->list.count; i++) {
        const struct value *item = tree->list.items[i];
        struct value *v = NULL;

        PASS(copy(w, item, &v));
        if (value_is(item, VALUE_STRING) && value_is(v, VALUE_LIST))
            for (size_t n = 0; n < v->list.count; n++)
                value_append(w->arena, list, v->list.items[n]);
        else
            value_append(w->arena, list, v);
    }
    *ret = list;
    return 0;
}

static int copy_map(struct work *w, const struct value *tree, struct value **ret)
{
    struct value *map = value_map(w->arena);

    for (size_t i = 0; i < tree->map.count; i++) {
        struct value *v = NULL;

        PASS(copy(w, tree->map.members[i].value, &v));
        value_set(w->arena, map, tree->map.members[i].key, v);
    }
    *ret = map;
    return 0;
}

static int copy(struct work *w, const struct value *tree, struct value **ret)
{
    switch (tree->type) {
    case VALUE_STRING:
        return copy_string(w, tree->string, ret);
    case VALUE_LIST:
        return copy_list(w, tree, ret);
    case VALUE_MAP:
        return copy_map(w, tree, ret);
    case VALUE_NULL:
    case VALUE_BOOL:
    case VALUE_INT:
    case VALUE_DOUBLE:
        break;
    }
    *ret = value_copy(w->arena, tree);
    return 0;
}

int interpolate(struct arena *a, const struct value *tree, const struct interpolation *with,
                struct value **ret, struct str *ret_why)
{
    struct work w = { a, with, 0, ret_why };

    return copy(&w, tree, ret);
}
