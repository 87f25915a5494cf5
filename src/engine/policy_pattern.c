/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/policy_internal.h"

/*
 * A pattern whose variables are filled in: bytes that stand for themselves, and
 * two symbols above them. What a variable brings is always literal, so a user
 * called "*" gains nothing.
 */
enum {
    SYMBOL_ANY = 256,
    SYMBOL_ONE = 257,
};

struct symbols {
    uint16_t *items;
    size_t count, capacity;
};

struct pattern pattern_compile(struct str text, unsigned flags, bool variables)
{
    struct pattern p = { .form = PATTERN_EXACT, .text = text, .n_literal = text.len };

    for (size_t i = 0; i < text.len; i++) {
        bool is_variable =
            variables && text.p[i] == '$' && i + 1 < text.len && text.p[i + 1] == '{';
        bool is_wild = (flags & PATTERN_WILDCARDS) && (text.p[i] == '*' || text.p[i] == '?');

        if (!is_variable && !is_wild)
            continue;
        if (p.form == PATTERN_EXACT)
            p.n_literal = i;
        if (p.form != PATTERN_VARIABLE)
            p.form = is_variable ? PATTERN_VARIABLE : PATTERN_GLOB;
    }
    if (p.form == PATTERN_GLOB && str_eq(text, S("*")))
        p.form = PATTERN_ANY;
    return p;
}

static void symbols_put(struct arena *a, struct symbols *out, unsigned symbol)
{
    out->items = ARENA_GROW(a, out->items, out->count, &out->capacity);
    out->items[out->count++] = (uint16_t)symbol;
}

static void symbols_add(struct arena *a, struct symbols *out, struct str literal)
{
    for (size_t i = 0; i < literal.len; i++)
        symbols_put(a, out, (unsigned char)literal.p[i]);
}

/* "key" or "key, 'default'". False where the request has no such single value. */
static bool variable_value(const struct policy_eval *e, struct str inner, struct str *ret)
{
    if (str_eq(inner, S("*")) || str_eq(inner, S("?")) || str_eq(inner, S("$"))) {
        *ret = inner;
        return true;
    }

    struct str key, otherwise;
    bool has_default = str_cut(inner, ',', &key, &otherwise);
    struct strs values = policy_context(e, str_trim(key));
    if (values.count == 1) {
        *ret = values.items[0];
        return true;
    }

    otherwise = str_trim(otherwise);
    if (!has_default || otherwise.len < 2 || otherwise.p[0] != '\'' ||
        otherwise.p[otherwise.len - 1] != '\'')
        return false;
    *ret = str_slice(otherwise, 1, otherwise.len - 2);
    return true;
}

static bool expand(const struct policy_eval *e, const struct pattern *p, unsigned flags,
                   struct symbols *out)
{
    struct str rest = p->text;

    while (rest.len > 0) {
        char c = rest.p[0];
        ptrdiff_t end = -1;
        if (p->form == PATTERN_VARIABLE && str_starts(rest, S("${")))
            end = str_find(rest, '}');

        if (end > 0) {
            struct str value;
            if (!variable_value(e, str_slice(rest, 2, (size_t)end - 2), &value))
                return false;
            symbols_add(e->arena, out, value);
            rest = str_from(rest, (size_t)end + 1);
            continue;
        }
        if (!(flags & PATTERN_WILDCARDS) || (c != '*' && c != '?'))
            symbols_put(e->arena, out, (unsigned char)c);
        else
            symbols_put(e->arena, out, c == '*' ? SYMBOL_ANY : SYMBOL_ONE);
        rest = str_from(rest, 1);
    }
    return true;
}

static unsigned fold(unsigned symbol)
{
    return symbol >= 'A' && symbol <= 'Z' ? symbol - 'A' + 'a' : symbol;
}

/* Greedy with one point to come back to: the last '*'. */
static bool match_symbols(const uint16_t *p, size_t n, struct str s, unsigned flags)
{
    size_t i = 0, j = 0, star = SIZE_MAX, resume = 0;

    while (j < s.len) {
        unsigned c = (unsigned char)s.p[j];
        bool same = i < n && (p[i] == SYMBOL_ONE || p[i] == c ||
                              ((flags & PATTERN_FOLD) && fold(p[i]) == fold(c)));
        if (i < n && p[i] == SYMBOL_ANY) {
            star = i++;
            resume = j;
        } else if (same) {
            i++;
            j++;
        } else if (star != SIZE_MAX) {
            i = star + 1;
            j = ++resume;
        } else {
            return false;
        }
    }
    while (i < n && p[i] == SYMBOL_ANY)
        i++;
    return i == n;
}

bool pattern_match(const struct policy_eval *e, const struct pattern *p, unsigned flags,
                   struct str s)
{
    bool folds = flags & PATTERN_FOLD;

    switch (p->form) {
    case PATTERN_ANY:
        return true;
    case PATTERN_EXACT:
        return folds ? str_ieq(p->text, s) : str_eq(p->text, s);
    case PATTERN_GLOB:
        if (folds)
            return str_iglob(p->text, s);
        return str_starts(s, str_slice(p->text, 0, p->n_literal)) &&
               str_glob(str_from(p->text, p->n_literal), str_from(s, p->n_literal));
    case PATTERN_VARIABLE:
        break;
    }

    struct symbols symbols = { 0 };
    return expand(e, p, flags, &symbols) && match_symbols(symbols.items, symbols.count, s, flags);
}

/* Length of the symbols before the next literal ':', all of them if there is none. */
static size_t component_end(const uint16_t *p, size_t n)
{
    size_t end = 0;

    while (end < n && p[end] != ':')
        end++;
    return end;
}

bool pattern_match_arn(const struct policy_eval *e, const struct pattern *p, struct str s)
{
    struct symbols symbols = { 0 };

    if (p->form == PATTERN_ANY)
        return true;
    if (!expand(e, p, PATTERN_WILDCARDS, &symbols))
        return false;

    const uint16_t *at = symbols.items;
    size_t left = symbols.count;
    for (int component = 0; component < 5; component++) {
        struct str head, tail;
        size_t end = component_end(at, left);
        if (end == left || !str_cut(s, ':', &head, &tail) || !match_symbols(at, end, head, 0))
            return false;
        at += end + 1;
        left -= end + 1;
        s = tail;
    }
    return match_symbols(at, left, s, 0);
}
