/* SPDX-License-Identifier: Apache-2.0 */
#include <math.h>
#include <stdio.h>

#include "wire/shape_private.h"

#define MAX_COMPLAINTS 20  /* more would only make the answer long */
#define MAX_QUOTED     512 /* bytes of a refused value that are quoted back */

/* "targets.1.member.key": names as the service's own code has them, which is
 * the model's name with a small first letter. */
static void write_place(struct buf *b, const struct place *place)
{
    if (place->up) {
        write_place(b, place->up);
        buf_byte(b, '.');
    }
    if (!place->name.p) {
        buf_fmt(b, "%zu.member", place->index);
    } else if (place->is_key) {
        buf_add(b, place->name);
        buf_lit(b, ".member");
    } else {
        char first = place->name.len ? place->name.p[0] : '\0';
        if (first >= 'A' && first <= 'Z')
            first = (char)(first - 'A' + 'a');
        buf_byte(b, first);
        buf_add(b, str_from(place->name, 1));
    }
}

static bool begin(struct complaints *c)
{
    if (c->count >= MAX_COMPLAINTS)
        return false;
    if (!c->text.arena)
        c->text = buf_in(c->arena);
    if (c->count++)
        buf_lit(&c->text, "; ");
    return true;
}

static struct str quotable(struct str s)
{
    if (s.len <= MAX_QUOTED)
        return s;
    size_t len = MAX_QUOTED;
    while (len > 0 && ((unsigned char)s.p[len] & 0xc0) == 0x80)
        len--; /* not into the middle of a character */
    return str_slice(s, 0, len);
}

/* `value` absent: nothing is quoted ("Value at 'x' failed ..."). */
static void complain(struct complaints *c, const struct place *place, struct str value,
                     struct str constraint)
{
    if (!begin(c))
        return;
    buf_lit(&c->text, "Value ");
    if (value.p) {
        buf_byte(&c->text, '\'');
        buf_add(&c->text, quotable(value));
        buf_lit(&c->text, "' ");
    }
    buf_lit(&c->text, "at '");
    write_place(&c->text, place);
    buf_lit(&c->text, "' failed to satisfy constraint: ");
    buf_add(&c->text, constraint);
}

void complain_null(struct complaints *c, const struct place *place)
{
    if (!begin(c))
        return;
    buf_lit(&c->text, "Value null at '");
    write_place(&c->text, place);
    buf_lit(&c->text, "' failed to satisfy constraint: Member must not be null");
}

void complain_too_many(struct complaints *c, const struct place *place, int64_t limit)
{
    complain(c, place, (struct str){ 0 },
             arena_fmt(c->arena, "Member must have length less than or equal to %lld",
                       (long long)limit));
}

struct str complaints_sentence(const struct complaints *c)
{
    return arena_fmt(c->arena, "%zu validation error%s detected: %.*s", c->count,
                     c->count == 1 ? "" : "s", STR(buf_str(&c->text)));
}

/* A member being checked: its table row, its place, and its value as it would
 * be quoted. */
struct check {
    struct complaints *complaints;
    const struct field *field;
    const struct place *place;
    struct str quoted;
};

static void bound(const struct check *c, const char *what, const char *relation, int64_t limit)
{
    complain(c->complaints, c->place, c->quoted,
             arena_fmt(c->complaints->arena, "Member must have %s %s than or equal to %lld", what,
                       relation, (long long)limit));
}

static void check_length(const struct check *c, size_t length)
{
    if (c->field->max > 0 && (uint64_t)length > (uint64_t)c->field->max)
        bound(c, "length", "less", c->field->max);
    if (c->field->min > 0 && (uint64_t)length < (uint64_t)c->field->min)
        bound(c, "length", "greater", c->field->min);
}

static void check_count(const struct check *c, size_t count)
{
    if ((uint64_t)count > (uint64_t)field_max_items(c->field))
        bound(c, "length", "less", field_max_items(c->field));
    if (c->field->min > 0 && (uint64_t)count < (uint64_t)c->field->min)
        bound(c, "length", "greater", c->field->min);
}

static bool is_one_of(const char *const *values, struct str s)
{
    for (; *values; values++)
        if (str_eq(s, str_of(*values)))
            return true;
    return false;
}

static struct str set_text(struct arena *a, const char *const *values)
{
    struct buf b = buf_in(a);

    buf_lit(&b, "Member must satisfy enum value set: [");
    for (size_t i = 0; values[i]; i++) {
        if (i)
            buf_lit(&b, ", ");
        buf_add(&b, str_of(values[i]));
    }
    buf_byte(&b, ']');
    return buf_str(&b);
}

static struct str pattern_text(struct arena *a, const struct field *f)
{
    return arena_fmt(a, "Member must satisfy regular expression pattern: %s",
                     f->pattern ? f->pattern : f->name);
}

static void check_string(struct check *c, struct str s)
{
    struct arena *a = c->complaints->arena;

    c->quoted = c->field->flags & SENSITIVE ? (struct str){ 0 } : s;
    check_length(c, str_utf8_len(s));
    if (c->field->values && !is_one_of(c->field->values, s))
        complain(c->complaints, c->place, c->quoted, set_text(a, c->field->values));
    if (c->field->matches && !c->field->matches(s))
        complain(c->complaints, c->place, c->quoted, pattern_text(a, c->field));
}

static void check_integer(struct check *c, int64_t i)
{
    const struct field *f = c->field;

    if (f->min == 0 && f->max == 0)
        return;
    c->quoted = arena_fmt(c->complaints->arena, "%lld", (long long)i);
    if (i > f->max && (f->max != 0 || f->min < 0))
        bound(c, "value", "less", f->max);
    if (i < f->min)
        bound(c, "value", "greater", f->min);
}

static void check_double(struct check *c, double d)
{
    const struct field *f = c->field;

    if (f->min == 0 && f->max == 0)
        return;
    c->quoted = arena_fmt(c->complaints->arena, "%g", d);
    if (d > (double)f->max && (f->max != 0 || f->min < 0))
        bound(c, "value", "less", f->max);
    if (d < (double)f->min)
        bound(c, "value", "greater", f->min);
}

static bool item_is_good(const struct field *f, struct str s)
{
    int64_t length = (int64_t)str_utf8_len(s);

    return (f->item_max <= 0 || length <= f->item_max) &&
           (f->item_min <= 0 || length >= f->item_min) && (!f->values || is_one_of(f->values, s)) &&
           (!f->matches || f->matches(s));
}

static void add_rule(struct buf *b, size_t *count, struct str rule)
{
    if ((*count)++)
        buf_lit(b, ", ");
    buf_add(b, rule);
}

/* All that an item must be, as AWS lists it when one is not. */
static struct str item_rules(struct arena *a, const struct field *f, struct str subject)
{
    struct buf b = buf_in(a);
    size_t n = 0;

    buf_add(&b, subject);
    buf_lit(&b, " must satisfy constraint: [");
    if (f->item_max > 0)
        add_rule(&b, &n,
                 arena_fmt(a, "Member must have length less than or equal to %lld",
                           (long long)f->item_max));
    if (f->item_min > 0)
        add_rule(&b, &n,
                 arena_fmt(a, "Member must have length greater than or equal to %lld",
                           (long long)f->item_min));
    if (f->values)
        add_rule(&b, &n, set_text(a, f->values));
    if (f->matches)
        add_rule(&b, &n, pattern_text(a, f));
    buf_byte(&b, ']');
    return buf_str(&b);
}

static void check_strings(struct check *c, const struct strs *list)
{
    struct arena *a = c->complaints->arena;
    bool good = true;

    for (size_t i = 0; i < list->count; i++)
        good = good && item_is_good(c->field, list->items[i]);
    int64_t count = (int64_t)list->count;
    if (good && count <= field_max_items(c->field) && count >= c->field->min)
        return;

    if (!(c->field->flags & SENSITIVE))
        c->quoted = arena_fmt(a, "[%.*s]", STR(arena_join(a, *list, S(", "))));
    check_count(c, list->count);
    if (!good)
        complain(c->complaints, c->place, c->quoted, item_rules(a, c->field, S("Member")));
}

static void check_key(struct check *c, struct str key)
{
    int64_t length = (int64_t)str_utf8_len(key);

    if ((c->field->item_max > 0 && length > c->field->item_max) || length < c->field->item_min)
        complain(c->complaints, c->place, (struct str){ 0 },
                 item_rules(c->complaints->arena, c->field, S("Map keys")));
}

static void check_text_map(struct check *c, const struct text_map *map)
{
    check_count(c, map->count);
    for (size_t i = 0; i < map->count; i++)
        check_key(c, map->items[i].key);
}

static void check_strs_map(struct check *c, const struct value *map)
{
    check_count(c, value_count(map));
    for (size_t i = 0; i < value_count(map); i++)
        check_key(c, map->map.members[i].key);
}

static void check_list(struct check *c, const struct list *list, bool required)
{
    check_count(c, list->count);
    for (size_t i = 0; i < list->count; i++) {
        struct place item = { .up = c->place, .index = i + 1 };
        check_shape(c->complaints, &item, c->field->shape,
                    (const char *)list->items + i * c->field->shape->size, required);
    }
}

static void check_map(struct check *c, const struct shape_map *map, bool required)
{
    check_count(c, map->count);
    for (size_t i = 0; i < map->count; i++) {
        struct place item = { .up = c->place, .name = map->keys[i], .is_key = true };
        check_key(c, map->keys[i]);
        check_shape(c->complaints, &item, c->field->shape,
                    (const char *)map->items + i * c->field->shape->size, required);
    }
}

static bool is_absent(const struct field *f, const void *in)
{
    switch (f->type) {
    case FIELD_STRING:
    case FIELD_BLOB:
        return !FIELD_CONST_PTR(struct str, in, f)->p;
    case FIELD_INTEGER:
    case FIELD_TIMESTAMP:
        return *FIELD_CONST_PTR(int64_t, in, f) == UNSET;
    case FIELD_DOUBLE:
        return isnan(*FIELD_CONST_PTR(double, in, f));
    case FIELD_BOOLEAN:
        return false;
    case FIELD_TRISTATE:
        return *FIELD_CONST_PTR(enum tristate, in, f) == TRISTATE_UNSET;
    case FIELD_STRUCT:
    case FIELD_STRS_MAP:
    case FIELD_DOCUMENT:
        return !*FIELD_CONST_PTR(const void *, in, f);
    case FIELD_LIST:
        return !FIELD_CONST_PTR(struct list, in, f)->items;
    case FIELD_STRINGS:
        return !FIELD_CONST_PTR(struct strs, in, f)->items;
    case FIELD_TEXT_MAP:
        return !FIELD_CONST_PTR(struct text_map, in, f)->items;
    case FIELD_MAP:
        return !FIELD_CONST_PTR(struct shape_map, in, f)->items;
    }
    return true;
}

static void check_field(struct check *c, const void *in, bool required)
{
    const struct field *f = c->field;

    switch (f->type) {
    case FIELD_STRING:
        check_string(c, *FIELD_CONST_PTR(struct str, in, f));
        break;
    case FIELD_BLOB:
        check_length(c, FIELD_CONST_PTR(struct str, in, f)->len);
        break;
    case FIELD_INTEGER:
        check_integer(c, *FIELD_CONST_PTR(int64_t, in, f));
        break;
    case FIELD_DOUBLE:
        check_double(c, *FIELD_CONST_PTR(double, in, f));
        break;
    case FIELD_STRUCT:
        check_shape(c->complaints, c->place, f->shape, *FIELD_CONST_PTR(const void *, in, f),
                    required);
        break;
    case FIELD_LIST:
        check_list(c, FIELD_CONST_PTR(struct list, in, f), required);
        break;
    case FIELD_STRINGS:
        check_strings(c, FIELD_CONST_PTR(struct strs, in, f));
        break;
    case FIELD_TEXT_MAP:
        check_text_map(c, FIELD_CONST_PTR(struct text_map, in, f));
        break;
    case FIELD_MAP:
        check_map(c, FIELD_CONST_PTR(struct shape_map, in, f), required);
        break;
    case FIELD_STRS_MAP:
        check_strs_map(c, *FIELD_CONST_PTR(struct value *, in, f));
        break;
    case FIELD_BOOLEAN:
    case FIELD_TRISTATE:
    case FIELD_TIMESTAMP:
    case FIELD_DOCUMENT:
        break;
    }
}

void check_shape(struct complaints *c, const struct place *up, const struct shape *shape,
                 const void *in, bool required)
{
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];
        struct place place = { .up = up, .name = str_of(f->name) };
        struct check check = { .complaints = c, .field = f, .place = &place };

        if (!is_absent(f, in))
            check_field(&check, in, required);
        else if (required && (f->flags & REQUIRED))
            complain_null(c, &place);
    }
}
