/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern to tree, tree to a program of steps, and all threads of the program
 * run side by side over the text (Thompson's construction).
 */
#include "engine/regex.h"

#define NO_MAX UINT32_MAX

struct range {
    uint32_t low, high;
};

enum node_type {
    NODE_CAT, /* of its children; without any, the empty text */
    NODE_ALT,
    NODE_REPEAT,
    NODE_SET,
    NODE_START,
    NODE_END,
};

struct node {
    enum node_type type;
    struct node *child, *next;
    uint32_t min, max;    /* NODE_REPEAT */
    struct range *ranges; /* NODE_SET */
    size_t n_ranges, capacity;
    bool negated;
};

enum step_type {
    STEP_SET,
    STEP_SPLIT, /* go on at `to` and at `other` */
    STEP_START,
    STEP_END,
    STEP_MATCH,
};

struct step {
    enum step_type type;
    uint32_t to, other;
    const struct node *set;
};

struct regex {
    struct step *steps;
    size_t count, capacity;
    bool too_large;
};

struct parser {
    struct arena *arena;
    struct str rest;
    const char *why; /* set once it went wrong */
    unsigned depth;
};

/* ---- text ---- */

/* The next code point; a byte that is not UTF-8 stands for itself, out of Unicode's way. */
static uint32_t take(struct str *s)
{
    unsigned char first = (unsigned char)s->p[0];
    size_t len = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 0;

    if (len == 0 || len > s->len) {
        *s = str_from(*s, 1);
        return 0x110000U + first;
    }
    uint32_t c = len == 1 ? first : first & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++)
        c = c << 6 | ((unsigned char)s->p[i] & 0x3fU);
    *s = str_from(*s, len);
    return c;
}

static bool at(const struct parser *p, char c)
{
    return p->rest.len > 0 && p->rest.p[0] == c;
}

static bool accept(struct parser *p, char c)
{
    if (!at(p, c))
        return false;
    p->rest = str_from(p->rest, 1);
    return true;
}

static struct node *fail(struct parser *p, const char *why)
{
    if (!p->why)
        p->why = why;
    return NULL;
}

/* ---- pattern to tree ---- */

static struct node *new_node(struct parser *p, enum node_type type)
{
    struct node *n = arena_new(p->arena, struct node);

    n->type = type;
    return n;
}

static void add_range(struct parser *p, struct node *set, uint32_t low, uint32_t high)
{
    set->ranges = ARENA_GROW(p->arena, set->ranges, set->n_ranges, &set->capacity);
    set->ranges[set->n_ranges++] = (struct range){ low, high };
}

/* The ranges between those that `class` stands for, for \D, \W, \S. Ascending order assumed. */
static void add_class(struct parser *p, struct node *set, const struct range *class, size_t count,
                      bool negated)
{
    uint32_t from = 0;

    for (size_t i = 0; i < count; i++) {
        if (!negated)
            add_range(p, set, class[i].low, class[i].high);
        else if (class[i].low > from)
            add_range(p, set, from, class[i].low - 1);
        from = class[i].high + 1;
    }
    if (negated)
        add_range(p, set, from, UINT32_MAX);
}

/* \d \w \s and their opposites. False if `c` is none of them. */
static bool add_escaped_class(struct parser *p, struct node *set, char c)
{
    static const struct range digits[] = { { '0', '9' } };
    static const struct range spaces[] = { { '\t', '\r' }, { ' ', ' ' } };
    static const struct range words[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } };

    if (c == 'd' || c == 'D')
        add_class(p, set, digits, ARRAY_LEN(digits), c == 'D');
    else if (c == 's' || c == 'S')
        add_class(p, set, spaces, ARRAY_LEN(spaces), c == 'S');
    else if (c == 'w' || c == 'W')
        add_class(p, set, words, ARRAY_LEN(words), c == 'W');
    else
        return false;
    return true;
}

static bool take_hex(struct parser *p, size_t digits, uint32_t *ret)
{
    *ret = 0;
    for (size_t i = 0; i < digits; i++) {
        char c = p->rest.len > 0 ? p->rest.p[0] : 'x';
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16)
            return false;
        *ret = *ret << 4 | digit;
        p->rest = str_from(p->rest, 1);
    }
    return true;
}

/* What follows a backslash and stands for one character. */
static bool take_escape(struct parser *p, uint32_t *ret)
{
    static const char letters[] = "tnrfae", meaning[] = "\t\n\r\f\a\x1b";

    uint32_t c = take(&p->rest);
    if (c == 'x' || c == 'u')
        return take_hex(p, c == 'x' ? 2 : 4, ret);
    bool is_word = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_word) {
        *ret = c;
        return true;
    }
    const char *known = strchr(letters, (int)c);
    if (known)
        *ret = (unsigned char)meaning[known - letters];
    return known != NULL;
}

/* One character of a class or the low end of a range; true with *is_class for \d and friends. */
static bool take_class_item(struct parser *p, struct node *set, uint32_t *ret, bool *is_class)
{
    *is_class = false;
    if (!accept(p, '\\')) {
        *ret = take(&p->rest);
        return true;
    }
    if (p->rest.len > 0 && add_escaped_class(p, set, p->rest.p[0])) {
        p->rest = str_from(p->rest, 1);
        *is_class = true;
        return true;
    }
    return p->rest.len > 0 && take_escape(p, ret);
}

static struct node *parse_class(struct parser *p)
{
    struct node *set = new_node(p, NODE_SET);
    bool is_first = true;

    set->negated = accept(p, '^');
    while (is_first || !at(p, ']')) {
        uint32_t low, high;
        bool is_class;

        if (p->rest.len == 0)
            return fail(p, "a class has no end");
        if (at(p, '[') || str_starts(p->rest, S("&&")))
            return fail(p, "classes inside classes are not supported");
        if (!take_class_item(p, set, &low, &is_class))
            return fail(p, "an escape is not supported");
        is_first = false;
        if (is_class)
            continue;
        high = low;
        if (p->rest.len > 1 && at(p, '-') && p->rest.p[1] != ']') {
            accept(p, '-');
            if (!take_class_item(p, set, &high, &is_class) || is_class || high < low)
                return fail(p, "a range in a class is malformed");
        }
        add_range(p, set, low, high);
    }
    accept(p, ']');
    return set;
}

static struct node *parse_alternatives(struct parser *p);

static struct node *parse_group(struct parser *p)
{
    if (accept(p, '?') && !accept(p, ':'))
        return fail(p, "look-around, flags and named groups are not supported");
    if (++p->depth > REGEX_MAX_DEPTH)
        return fail(p, "groups are nested too deeply");
    struct node *inside = parse_alternatives(p);
    p->depth--;
    if (inside && !accept(p, ')'))
        return fail(p, "a group has no end");
    return inside;
}

static struct node *parse_escaped(struct parser *p)
{
    struct node *set = new_node(p, NODE_SET);
    uint32_t c;

    if (p->rest.len == 0)
        return fail(p, "it ends in a backslash");
    if (add_escaped_class(p, set, p->rest.p[0])) {
        p->rest = str_from(p->rest, 1);
        return set;
    }
    if (!take_escape(p, &c))
        return fail(p, "an escape is not supported");
    add_range(p, set, c, c);
    return set;
}

static struct node *parse_atom(struct parser *p)
{
    if (accept(p, '('))
        return parse_group(p);
    if (accept(p, '['))
        return parse_class(p);
    if (accept(p, '\\'))
        return parse_escaped(p);
    if (accept(p, '^'))
        return new_node(p, NODE_START);
    if (accept(p, '$'))
        return new_node(p, NODE_END);
    if (at(p, '*') || at(p, '+') || at(p, '?') || at(p, '{'))
        return fail(p, "a repetition repeats nothing");

    struct node *set = new_node(p, NODE_SET);
    if (accept(p, '.')) {
        set->negated = true;
        add_range(p, set, '\n', '\n');
        add_range(p, set, '\r', '\r');
        return set;
    }
    uint32_t c = take(&p->rest);
    add_range(p, set, c, c);
    return set;
}

static bool take_count(struct parser *p, uint32_t *ret)
{
    bool any = false;

    for (*ret = 0; p->rest.len > 0 && p->rest.p[0] >= '0' && p->rest.p[0] <= '9'; any = true) {
        *ret = *ret * 10 + (uint32_t)(p->rest.p[0] - '0');
        p->rest = str_from(p->rest, 1);
        if (*ret > REGEX_MAX_REPEAT)
            return false;
    }
    return any;
}

/* "{m}", "{m,}", "{m,n}", its brace already taken. */
static bool take_bounds(struct parser *p, struct node *repeat)
{
    if (!take_count(p, &repeat->min))
        return false;
    repeat->max = repeat->min;
    if (accept(p, ',')) {
        repeat->max = NO_MAX;
        if (!at(p, '}') && !take_count(p, &repeat->max))
            return false;
    }
    return accept(p, '}') && repeat->min <= repeat->max;
}

static struct node *parse_repeated(struct parser *p)
{
    struct node *n = parse_atom(p);

    if (!n || (!at(p, '*') && !at(p, '+') && !at(p, '?') && !at(p, '{')))
        return n;
    struct node *repeat = new_node(p, NODE_REPEAT);
    repeat->child = n;
    repeat->max = NO_MAX;
    if (accept(p, '?'))
        repeat->max = 1;
    else if (accept(p, '+'))
        repeat->min = 1;
    else if (!accept(p, '*') && (!accept(p, '{') || !take_bounds(p, repeat)))
        return fail(p, "a repetition is malformed or too large");
    accept(p, '?'); /* lazy: finds another match sooner, never other texts */
    if (at(p, '+'))
        return fail(p, "possessive repetitions are not supported");
    return repeat;
}

static struct node *parse_sequence(struct parser *p)
{
    struct node *cat = new_node(p, NODE_CAT), **end = &cat->child;

    while (p->rest.len > 0 && !at(p, '|') && !at(p, ')')) {
        *end = parse_repeated(p);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    }
    return cat;
}

static struct node *parse_alternatives(struct parser *p)
{
    struct node *alt = new_node(p, NODE_ALT), **end = &alt->child;

    do {
        *end = parse_sequence(p);
        if (!*end)
            return NULL;
        end = &(*end)->next;
    } while (accept(p, '|'));
    return alt;
}

/* ---- tree to program ---- */

static uint32_t emit(struct arena *a, struct regex *re, struct step step)
{
    if (re->count >= REGEX_MAX_STEPS) {
        re->too_large = true;
        return 0;
    }
    re->steps = ARENA_GROW(a, re->steps, re->count, &re->capacity);
    re->steps[re->count] = step;
    return (uint32_t)re->count++;
}

static uint32_t emit_split(struct arena *a, struct regex *re)
{
    return emit(a, re, (struct step){ .type = STEP_SPLIT });
}

/* A split goes on at the step after it, or here. */
static void split_to_here(struct regex *re, uint32_t split)
{
    if (re->too_large)
        return;
    re->steps[split].to = split + 1;
    re->steps[split].other = (uint32_t)re->count;
}

static void emit_node(struct arena *a, struct regex *re, const struct node *n);

/* split A, jump; split B, jump; C. The jumps to the end are chained through
 * `to` until the end is known. */
static void emit_alternatives(struct arena *a, struct regex *re, const struct node *n)
{
    uint32_t jump = UINT32_MAX;

    for (; n->next && !re->too_large; n = n->next) {
        uint32_t split = emit_split(a, re);
        emit_node(a, re, n);
        uint32_t end = emit(a, re, (struct step){ .type = STEP_SPLIT, .to = jump });
        split_to_here(re, split);
        jump = end;
    }
    emit_node(a, re, n);
    while (jump != UINT32_MAX && !re->too_large) {
        struct step *step = &re->steps[jump];
        jump = step->to;
        step->to = step->other = (uint32_t)re->count;
    }
}

static void emit_repeat(struct arena *a, struct regex *re, const struct node *n)
{
    size_t start = re->count;

    for (uint32_t i = 0; i < n->min && !re->too_large; i++) {
        emit_node(a, re, n->child);
        if (re->count == start)
            return; /* the empty text, however often */
    }
    if (n->max == NO_MAX) {
        uint32_t split = emit_split(a, re);
        emit_node(a, re, n->child);
        emit(a, re, (struct step){ .type = STEP_SPLIT, .to = split, .other = split });
        split_to_here(re, split);
        return;
    }
    for (uint32_t i = n->min; i < n->max && !re->too_large; i++) {
        uint32_t split = emit_split(a, re);
        emit_node(a, re, n->child);
        split_to_here(re, split);
    }
}

static void emit_node(struct arena *a, struct regex *re, const struct node *n)
{
    if (re->too_large)
        return;
    switch (n->type) {
    case NODE_CAT:
        for (const struct node *c = n->child; c; c = c->next)
            emit_node(a, re, c);
        break;
    case NODE_ALT:
        emit_alternatives(a, re, n->child);
        break;
    case NODE_REPEAT:
        emit_repeat(a, re, n);
        break;
    case NODE_SET:
        emit(a, re, (struct step){ .type = STEP_SET, .set = n });
        break;
    case NODE_START:
        emit(a, re, (struct step){ .type = STEP_START });
        break;
    case NODE_END:
        emit(a, re, (struct step){ .type = STEP_END });
        break;
    }
}

static const struct regex *refuse(struct str *ret_why, const char *why)
{
    if (ret_why)
        *ret_why = str_of(why);
    return NULL;
}

const struct regex *regex_compile(struct arena *a, struct str pattern, struct str *ret_why)
{
    struct parser p = { .arena = a, .rest = pattern };

    if (pattern.len > REGEX_MAX_LENGTH)
        return refuse(ret_why, "it is too long");
    struct node *tree = parse_alternatives(&p);
    if (!tree)
        return refuse(ret_why, p.why);
    if (p.rest.len > 0)
        return refuse(ret_why, "a parenthesis is not balanced");

    struct regex *re = arena_new(a, struct regex);
    emit_node(a, re, tree);
    emit(a, re, (struct step){ .type = STEP_MATCH });
    return re->too_large ? refuse(ret_why, "it is too large") : re;
}

/* ---- running ---- */

/* The threads that stand at one place of the text: step numbers, each once. */
struct threads {
    uint32_t *items;
    size_t count;
    bool *has;
};

struct run {
    const struct regex *re;
    uint32_t *stack; /* steps to follow without taking text */
    bool is_start, is_end;
};

static bool set_has(const struct node *set, uint32_t c)
{
    for (size_t i = 0; i < set->n_ranges; i++)
        if (c >= set->ranges[i].low && c <= set->ranges[i].high)
            return !set->negated;
    return set->negated;
}

/* Adds a step and all it leads to without taking text. */
static void add_thread(struct run *run, struct threads *t, uint32_t first)
{
    size_t depth = 0;

    if (!t->has[first]) {
        t->has[first] = true;
        run->stack[depth++] = first;
    }
    while (depth > 0) {
        uint32_t at_step = run->stack[--depth];
        const struct step *s = &run->re->steps[at_step];
        uint32_t follow[2] = { at_step + 1, at_step + 1 };
        bool goes_on = s->type == STEP_SPLIT || (s->type == STEP_START && run->is_start) ||
                       (s->type == STEP_END && run->is_end);

        t->items[t->count++] = at_step;
        if (s->type == STEP_SPLIT) {
            follow[0] = s->to;
            follow[1] = s->other;
        }
        for (size_t i = 0; goes_on && i < 2; i++)
            if (!t->has[follow[i]]) {
                t->has[follow[i]] = true;
                run->stack[depth++] = follow[i];
            }
    }
}

static struct threads new_threads(struct arena *a, size_t n)
{
    return (struct threads){ arena_array(a, uint32_t, n), 0, arena_array(a, bool, n) };
}

bool regex_matches(struct arena *scratch, const struct regex *re, struct str text)
{
    struct run run = { re, arena_array(scratch, uint32_t, re->count), true, text.len == 0 };
    struct threads now = new_threads(scratch, re->count), then = new_threads(scratch, re->count);

    add_thread(&run, &now, 0);
    while (text.len > 0) {
        uint32_t c = take(&text);
        run.is_start = false;
        run.is_end = text.len == 0;
        for (size_t i = 0; i < now.count; i++) {
            const struct step *s = &re->steps[now.items[i]];
            if (s->type == STEP_SET && set_has(s->set, c))
                add_thread(&run, &then, now.items[i] + 1);
        }
        struct threads old = now;
        now = then;
        then = old;
        then.count = 0;
        memset(then.has, 0, re->count * sizeof(*then.has));
    }
    return now.has[re->count - 1];
}
