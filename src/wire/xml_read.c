/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/xml.h"

struct parser {
    struct arena *arena;
    struct str rest;
    size_t depth, n_nodes;
};

static bool take(struct parser *p, struct str literal)
{
    if (!str_starts(p->rest, literal))
        return false;
    p->rest = str_from(p->rest, literal.len);
    return true;
}

/* Skip past the next `end`; false if there is none. */
static bool skip_past(struct parser *p, struct str end)
{
    const char *at = p->rest.len ? memmem(p->rest.p, p->rest.len, end.p, end.len) : NULL;

    if (!at)
        return false;
    p->rest = str_from(p->rest, (size_t)(at - p->rest.p) + end.len);
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct parser *p)
{
    while (p->rest.len && is_space(p->rest.p[0]))
        p->rest = str_from(p->rest, 1);
}

static bool ends_name(char c)
{
    return is_space(c) || strchr("/>=<&\"'", c) != NULL; /* NUL too */
}

static bool take_name(struct parser *p, struct str *ret)
{
    size_t len = 0;

    while (len < p->rest.len && !ends_name(p->rest.p[len]))
        len++;
    *ret = str_slice(p->rest, 0, len);
    p->rest = str_from(p->rest, len);
    return len > 0;
}

static struct str without_prefix(struct str name)
{
    ptrdiff_t colon = str_find(name, ':');
    return colon < 0 ? name : str_from(name, (size_t)colon + 1);
}

/* What may stand around the root and between elements: comments,
 * instructions, white space. */
static bool skip_misc(struct parser *p)
{
    for (;;) {
        skip_space(p);
        if (take(p, S("<!--"))) {
            if (!skip_past(p, S("-->")))
                return false;
        } else if (take(p, S("<?"))) {
            if (!skip_past(p, S("?>")))
                return false;
        } else {
            return true;
        }
    }
}

/* Attributes up to '>' or "/>". */
static bool skip_attributes(struct parser *p, bool *ret_is_empty)
{
    struct str name;

    for (;;) {
        skip_space(p);
        *ret_is_empty = take(p, S("/>"));
        if (*ret_is_empty || take(p, S(">")))
            return true;
        if (!take_name(p, &name))
            return false;
        skip_space(p);
        if (!take(p, S("=")))
            return false;
        skip_space(p);
        if (take(p, S("\""))) {
            if (!skip_past(p, S("\"")))
                return false;
        } else if (!take(p, S("'")) || !skip_past(p, S("'"))) {
            return false;
        }
    }
}

static void add_utf8(struct buf *b, uint32_t c)
{
    if (c < 0x80) {
        buf_byte(b, (char)c);
    } else if (c < 0x800) {
        buf_byte(b, (char)(0xc0 | c >> 6));
        buf_byte(b, (char)(0x80 | (c & 63)));
    } else if (c < 0x10000) {
        buf_byte(b, (char)(0xe0 | c >> 12));
        buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
        buf_byte(b, (char)(0x80 | (c & 63)));
    } else {
        buf_byte(b, (char)(0xf0 | c >> 18));
        buf_byte(b, (char)(0x80 | (c >> 12 & 63)));
        buf_byte(b, (char)(0x80 | (c >> 6 & 63)));
        buf_byte(b, (char)(0x80 | (c & 63)));
    }
}

static bool digit_of(char c, uint32_t base, uint32_t *ret)
{
    if (c >= '0' && c <= '9')
        *ret = (uint32_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *ret = (uint32_t)(c - 'a' + 10);
    else if (c >= 'A' && c <= 'F')
        *ret = (uint32_t)(c - 'A' + 10);
    else
        return false;
    return *ret < base;
}

/* "65" or "x41" */
static bool add_character(struct buf *b, struct str number)
{
    bool is_hex = number.len && number.p[0] == 'x';
    uint32_t base = is_hex ? 16 : 10, c = 0, digit;
    struct str digits = str_from(number, is_hex ? 1 : 0);

    if (digits.len == 0 || digits.len > 7)
        return false;
    for (size_t i = 0; i < digits.len; i++) {
        if (!digit_of(digits.p[i], base, &digit))
            return false;
        c = c * base + digit;
    }
    if (c == 0 || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return false;
    add_utf8(b, c);
    return true;
}

static bool take_entity(struct parser *p, struct buf *b)
{
    static const struct {
        struct str name;
        char c;
    } known[] = {
        { S_INIT("lt;"), '<' },   { S_INIT("gt;"), '>' },    { S_INIT("amp;"), '&' },
        { S_INIT("quot;"), '"' }, { S_INIT("apos;"), '\'' },
    };

    for (size_t i = 0; i < ARRAY_LEN(known); i++) {
        if (take(p, known[i].name)) {
            buf_byte(b, known[i].c);
            return true;
        }
    }
    struct str before = p->rest;
    if (!take(p, S("#")) || !skip_past(p, S(";")))
        return false;
    size_t taken = before.len - p->rest.len;
    return add_character(b, str_slice(before, 1, taken - 2));
}

static bool parse_element(struct parser *p, struct xml_node **ret);

/* One piece of content; false if it is none. */
static bool take_content(struct parser *p, struct buf *text, struct xml_node ***tail)
{
    if (take(p, S("<!--")))
        return skip_past(p, S("-->"));
    if (take(p, S("<?")))
        return skip_past(p, S("?>"));
    if (take(p, S("<![CDATA["))) {
        struct str before = p->rest;
        if (!skip_past(p, S("]]>")))
            return false;
        buf_add(text, str_slice(before, 0, before.len - p->rest.len - 3));
        return true;
    }
    if (take(p, S("&")))
        return take_entity(p, text);
    if (str_starts(p->rest, S("<"))) {
        if (!parse_element(p, *tail))
            return false;
        *tail = &(**tail)->next;
        return true;
    }
    size_t len = 0;
    while (len < p->rest.len && p->rest.p[len] != '<' && p->rest.p[len] != '&')
        len++;
    buf_add(text, str_slice(p->rest, 0, len));
    p->rest = str_from(p->rest, len);
    return len > 0;
}

static bool parse_element(struct parser *p, struct xml_node **ret)
{
    struct str name, closing;
    bool is_empty = false;

    if (++p->depth > XML_MAX_DEPTH || ++p->n_nodes > XML_MAX_NODES)
        return false;
    if (!take(p, S("<")) || !take_name(p, &name) || !skip_attributes(p, &is_empty))
        return false;

    struct xml_node *node = arena_new(p->arena, struct xml_node);
    struct xml_node **tail = &node->child;
    struct buf text = buf_in(p->arena);
    node->name = without_prefix(name);
    while (!is_empty && !take(p, S("</")))
        if (!take_content(p, &text, &tail))
            return false;
    if (!is_empty) {
        if (!take_name(p, &closing) || !str_eq(closing, name))
            return false;
        skip_space(p);
        if (!take(p, S(">")))
            return false;
    }
    node->text = buf_str(&text);
    p->depth--;
    *ret = node;
    return true;
}

int xml_parse(struct arena *a, struct str text, struct xml_node **ret)
{
    struct parser p = { .arena = a, .rest = text };

    take(&p, S("\xef\xbb\xbf"));
    if (!str_is_utf8(p.rest) || !skip_misc(&p) || !parse_element(&p, ret) || !skip_misc(&p))
        return XML_MALFORMED;
    return p.rest.len == 0 ? 0 : XML_MALFORMED;
}

const struct xml_node *xml_child(const struct xml_node *node, struct str name)
{
    for (const struct xml_node *c = node ? node->child : NULL; c; c = c->next)
        if (str_eq(c->name, name))
            return c;
    return NULL;
}
