/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>

#include "base/time.h"

#include "engine/policy_internal.h"

#define STRING CONDITION_STRING
#define LIKE   PATTERN_WILDCARDS
#define FOLD   PATTERN_FOLD

/* clang-format off */
static const struct condition_operator operators[] = {
    { "StringEquals",              STRING, CONDITION_EQUAL, 0,    false },
    { "StringNotEquals",           STRING, CONDITION_EQUAL, 0,    true },
    { "StringEqualsIgnoreCase",    STRING, CONDITION_EQUAL, FOLD, false },
    { "StringNotEqualsIgnoreCase", STRING, CONDITION_EQUAL, FOLD, true },
    { "StringLike",                STRING, CONDITION_EQUAL, LIKE, false },
    { "StringNotLike",             STRING, CONDITION_EQUAL, LIKE, true },
    { "BinaryEquals",              STRING, CONDITION_EQUAL, 0,    false }, /* base64 */
    { "NumericEquals",             CONDITION_NUMERIC, CONDITION_EQUAL,         0, false },
    { "NumericNotEquals",          CONDITION_NUMERIC, CONDITION_EQUAL,         0, true },
    { "NumericLessThan",           CONDITION_NUMERIC, CONDITION_LESS,          0, false },
    { "NumericLessThanEquals",     CONDITION_NUMERIC, CONDITION_LESS_EQUAL,    0, false },
    { "NumericGreaterThan",        CONDITION_NUMERIC, CONDITION_GREATER,       0, false },
    { "NumericGreaterThanEquals",  CONDITION_NUMERIC, CONDITION_GREATER_EQUAL, 0, false },
    { "DateEquals",                CONDITION_DATE, CONDITION_EQUAL,         0, false },
    { "DateNotEquals",             CONDITION_DATE, CONDITION_EQUAL,         0, true },
    { "DateLessThan",              CONDITION_DATE, CONDITION_LESS,          0, false },
    { "DateLessThanEquals",        CONDITION_DATE, CONDITION_LESS_EQUAL,    0, false },
    { "DateGreaterThan",           CONDITION_DATE, CONDITION_GREATER,       0, false },
    { "DateGreaterThanEquals",     CONDITION_DATE, CONDITION_GREATER_EQUAL, 0, false },
    { "Bool",                      CONDITION_BOOL, CONDITION_EQUAL, 0, false },
    { "IpAddress",                 CONDITION_IP,   CONDITION_EQUAL, 0, false },
    { "NotIpAddress",              CONDITION_IP,   CONDITION_EQUAL, 0, true },
    { "ArnEquals",                 CONDITION_ARN,  CONDITION_EQUAL, LIKE, false },
    { "ArnNotEquals",              CONDITION_ARN,  CONDITION_EQUAL, LIKE, true },
    { "ArnLike",                   CONDITION_ARN,  CONDITION_EQUAL, LIKE, false },
    { "ArnNotLike",                CONDITION_ARN,  CONDITION_EQUAL, LIKE, true },
    { "Null",                      CONDITION_NULL, CONDITION_EQUAL, 0, false },
};
/* clang-format on */

#undef STRING
#undef LIKE
#undef FOLD

/* As in a policy, so in a request: a longer text is no number. */
static bool parse_number(struct str s, double *ret)
{
    return s.len < 64 && str_to_double(s, ret);
}

static bool parse_date(struct str s, msec *ret)
{
    int64_t seconds;

    if (!str_to_int(s, &seconds))
        return time_parse_iso(s, ret);
    if (seconds < -INT64_C(100000000000) || seconds > INT64_C(100000000000))
        return false;
    *ret = seconds * MSEC_SECOND;
    return true;
}

static bool parse_bool(struct str s, bool *ret)
{
    *ret = str_ieq(s, S("true"));
    return *ret || str_ieq(s, S("false"));
}

static bool parse_address(struct str s, struct ip_range *ret)
{
    char text[INET6_ADDRSTRLEN];

    if (s.len == 0 || s.len >= sizeof text)
        return false;
    memcpy(text, s.p, s.len);
    text[s.len] = '\0';
    *ret = (struct ip_range){ .bits = 128 };
    if (inet_pton(AF_INET6, text, ret->bytes) == 1)
        return true;
    ret->bytes[10] = ret->bytes[11] = 0xff;
    return inet_pton(AF_INET, text, ret->bytes + 12) == 1;
}

static bool parse_range(struct str s, struct ip_range *ret)
{
    struct str address, length;
    int64_t bits;

    bool has_length = str_cut(s, '/', &address, &length);
    if (!parse_address(address, ret))
        return false;
    if (!has_length)
        return true;
    int64_t width = str_find(address, ':') < 0 ? 32 : 128;
    if (!str_is_digits(length) || !str_to_int(length, &bits) || bits > width)
        return false;
    ret->bits = (unsigned)(128 - width + bits);
    return true;
}

static bool range_has(const struct ip_range *range, const struct ip_range *address)
{
    unsigned whole = range->bits / 8, rest = range->bits % 8;

    if (memcmp(range->bytes, address->bytes, whole) != 0)
        return false;
    unsigned mask = 0xffU << (8 - rest) & 0xffU;
    return rest == 0 || (range->bytes[whole] & mask) == (address->bytes[whole] & mask);
}

/* ---- compiling ---- */

static const struct condition_operator *find_operator(struct str name)
{
    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (str_ieq(name, str_of(operators[i].name)))
            return &operators[i];
    return NULL;
}

static bool parse_operator(struct str name, struct condition *c)
{
    if (str_starts(name, S("ForAllValues:")) || str_starts(name, S("ForAnyValue:"))) {
        c->set = str_starts(name, S("ForAllValues:")) ? CONDITION_FOR_ALL : CONDITION_FOR_ANY;
        name = str_from(name, (size_t)str_find(name, ':') + 1);
    }
    if (str_ends(name, S("IfExists"))) {
        c->if_exists = true;
        name = str_slice(name, 0, name.len - strlen("IfExists"));
    }
    c->op = find_operator(name);
    if (!c->op)
        return false;
    return c->op->family != CONDITION_NULL || (!c->if_exists && c->set == CONDITION_PLAIN);
}

/* A value that could never compare is refused here, so that a Deny which
 * depends on it cannot be silently void. */
static bool parse_value(const struct condition *c, struct str text, bool variables,
                        struct condition_value *ret)
{
    switch (c->op->family) {
    case CONDITION_STRING:
    case CONDITION_ARN:
        ret->pattern = pattern_compile(text, c->op->flags, variables);
        return true;
    case CONDITION_NUMERIC:
        return parse_number(text, &ret->number);
    case CONDITION_DATE:
        return parse_date(text, &ret->time);
    case CONDITION_BOOL:
    case CONDITION_NULL:
        return parse_bool(text, &ret->truth);
    case CONDITION_IP:
        return parse_range(text, &ret->range);
    }
    return false;
}

static bool compile_values(struct arena *a, struct condition *c, const struct value *v,
                           bool variables, struct str op_name, struct str *ret_why)
{
    struct strs texts;

    if (!policy_texts(a, v, &texts)) {
        *ret_why = S("Syntax errors in policy.");
        return false;
    }
    c->n_values = texts.count;
    c->values = arena_array(a, struct condition_value, texts.count);
    for (size_t i = 0; i < texts.count; i++) {
        if (parse_value(c, texts.items[i], variables, &c->values[i]))
            continue;
        *ret_why = arena_fmt(a, "Invalid value \"%.*s\" for condition operator %.*s.",
                             STR(texts.items[i]), STR(op_name));
        return false;
    }
    return true;
}

bool condition_compile(struct arena *a, const struct value *block, bool variables,
                       struct condition **ret, size_t *ret_count, struct str *ret_why)
{
    struct condition *list = NULL;
    size_t count = 0, capacity = 0;

    for (size_t i = 0; i < value_count(block); i++) {
        const struct value_member *op = &block->map.members[i];
        struct condition c = { 0 };

        if (!parse_operator(op->key, &c)) {
            *ret_why = arena_fmt(a, "Invalid Condition type : %.*s.", STR(op->key));
            return false;
        }
        if (!value_is(op->value, VALUE_MAP)) {
            *ret_why = S("Syntax errors in policy.");
            return false;
        }
        for (size_t k = 0; k < value_count(op->value); k++) {
            const struct value_member *key = &op->value->map.members[k];
            c.key = key->key;
            if (!compile_values(a, &c, key->value, variables, op->key, ret_why))
                return false;
            list = ARENA_GROW(a, list, count, &capacity);
            list[count++] = c;
        }
    }
    *ret = list;
    *ret_count = count;
    return true;
}

/* ---- deciding ---- */

/* How x stands to y: -1, 0 or 1, as a comparison function says it. */
static bool in_order(enum condition_order order, int sign)
{
    switch (order) {
    case CONDITION_EQUAL:
        return sign == 0;
    case CONDITION_LESS:
        return sign < 0;
    case CONDITION_LESS_EQUAL:
        return sign <= 0;
    case CONDITION_GREATER:
        return sign > 0;
    case CONDITION_GREATER_EQUAL:
        return sign >= 0;
    }
    return false;
}

#define SIGN(x, y) (((x) > (y)) - ((x) < (y)))

static bool value_matches(const struct policy_eval *e, const struct condition *c,
                          const struct condition_value *v, struct str s)
{
    double number;
    msec time;
    bool truth;
    struct ip_range address;

    switch (c->op->family) {
    case CONDITION_STRING:
        return pattern_match(e, &v->pattern, c->op->flags, s);
    case CONDITION_ARN:
        return pattern_match_arn(e, &v->pattern, s);
    case CONDITION_NUMERIC:
        return parse_number(s, &number) && in_order(c->op->order, SIGN(number, v->number));
    case CONDITION_DATE:
        return parse_date(s, &time) && in_order(c->op->order, SIGN(time, v->time));
    case CONDITION_BOOL:
        return parse_bool(s, &truth) && truth == v->truth;
    case CONDITION_IP:
        return parse_address(s, &address) && range_has(&v->range, &address);
    case CONDITION_NULL:
        break;
    }
    return false;
}

/* Whether `s` equals any of the condition's values; turned round for negated operators. */
static bool satisfies(const struct policy_eval *e, const struct condition *c, struct str s)
{
    for (size_t i = 0; i < c->n_values; i++)
        if (value_matches(e, c, &c->values[i], s))
            return !c->op->negated;
    return c->op->negated;
}

static bool null_holds(const struct condition *c, bool is_absent)
{
    for (size_t i = 0; i < c->n_values; i++)
        if (c->values[i].truth == is_absent)
            return true;
    return false;
}

bool condition_holds(const struct policy_eval *e, const struct condition *c)
{
    struct strs values = policy_context(e, c->key);
    bool is_absent = values.count == 0;

    if (c->op->family == CONDITION_NULL)
        return null_holds(c, is_absent);
    if (is_absent)
        return c->if_exists || c->set == CONDITION_FOR_ALL ||
               (c->set == CONDITION_PLAIN && c->op->negated);

    /* "All": none may fail. A plain negated operator must differ from every value too. */
    bool all = c->set == CONDITION_FOR_ALL || (c->set == CONDITION_PLAIN && c->op->negated);
    for (size_t i = 0; i < values.count; i++)
        if (satisfies(e, c, values.items[i]) != all)
            return !all;
    return all;
}
