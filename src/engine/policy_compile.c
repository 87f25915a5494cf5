/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a policy document to its compiled form, with IAM's own sentences for
 * what is wrong with it.
 */
#include "engine/policy_internal.h"

struct compiler {
    struct arena *arena;
    enum policy_kind kind;
    bool variables; /* "Version": "2012-10-17" */
    struct str why;
};

static bool refuse(struct compiler *c, struct str why)
{
    c->why = why;
    return false;
}

static bool syntax_error(struct compiler *c)
{
    return refuse(c, S("Syntax errors in policy."));
}

bool policy_texts(struct arena *a, const struct value *v, struct strs *ret)
{
    bool is_list = value_is(v, VALUE_LIST);
    size_t count = is_list ? value_count(v) : 1;
    struct strs out = { arena_array(a, struct str, count), 0 };

    for (size_t i = 0; i < count; i++) {
        struct str text = value_text(a, is_list ? value_at(v, i) : v);
        if (!str_is_set(text))
            return false;
        out.items[out.count++] = text;
    }
    *ret = out;
    return true;
}

/* Elements other than conditions are strings, never numbers or booleans. */
static bool string_list(struct compiler *c, const struct value *v, struct strs *ret)
{
    for (size_t i = 0; value_is(v, VALUE_LIST) && i < value_count(v); i++)
        if (!value_is(value_at(v, i), VALUE_STRING))
            return syntax_error(c);
    if (!value_is(v, VALUE_LIST) && !value_is(v, VALUE_STRING))
        return syntax_error(c);
    return policy_texts(c->arena, v, ret) || syntax_error(c);
}

/* Finds which of a pair such as Action and NotAction is there. */
static bool either(struct compiler *c, const struct value *statement, const char *name,
                   const char *not_name, const struct value **ret, bool *ret_not)
{
    const struct value *plain = value_get(statement, str_of(name));
    const struct value *negated = value_get(statement, str_of(not_name));

    if (plain && negated)
        return refuse(c, arena_fmt(c->arena, "Policy statement may contain %s or %s, but not both.",
                                   name, not_name));
    *ret = plain ? plain : negated;
    *ret_not = negated != NULL;
    return true;
}

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_alloc(a, s.len + 1);

    for (size_t i = 0; i < s.len; i++)
        p[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
    return (struct str){ p, s.len };
}

static bool check_action(struct compiler *c, struct str action)
{
    struct str vendor, name;

    if (c->kind == POLICY_TRUST && !str_starts(action, S("sts:")))
        return refuse(c, S("AssumeRole policy may only specify STS AssumeRole actions."));
    if (str_eq(action, S("*")))
        return true;
    if (!str_cut(action, ':', &vendor, &name) || vendor.len == 0)
        return refuse(c, S("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, "
                           "ec2, etc."));
    if (!str_is_word(vendor, "-") || name.len == 0 || !str_is_word(name, "*?-_"))
        return refuse(c, arena_fmt(c->arena, "Invalid Action: %.*s", STR(action)));
    return true;
}

static bool compile_actions(struct compiler *c, const struct value *statement,
                            struct policy_statement *s)
{
    const struct value *v;
    struct strs texts;

    if (!either(c, statement, "Action", "NotAction", &v, &s->not_action))
        return false;
    if (!v)
        return refuse(c, S("Policy statement must contain actions."));
    if (!string_list(c, v, &texts))
        return false;
    if (texts.count == 0)
        return refuse(c, S("Missing required field Action cannot be empty!"));

    s->actions.items = arena_array(c->arena, struct pattern, texts.count);
    for (size_t i = 0; i < texts.count; i++) {
        struct str action = lower(c->arena, texts.items[i]);
        if (!check_action(c, action))
            return false;
        s->actions.items[s->actions.count++] = pattern_compile(action, PATTERN_WILDCARDS, false);
    }
    return true;
}

static bool compile_resources(struct compiler *c, const struct value *statement,
                              struct policy_statement *s)
{
    const struct value *v;
    struct strs texts;

    if (!either(c, statement, "Resource", "NotResource", &v, &s->not_resource))
        return false;
    if (c->kind == POLICY_TRUST)
        return !v || refuse(c, S("Has prohibited field Resource"));
    if (!v)
        return refuse(c, S("Policy statement must contain resources."));
    if (!string_list(c, v, &texts))
        return false;
    if (texts.count == 0)
        return refuse(c, S("Missing required field Resource cannot be empty!"));

    s->resources.items = arena_array(c->arena, struct pattern, texts.count);
    for (size_t i = 0; i < texts.count; i++) {
        struct str text = texts.items[i];
        if (!str_eq(text, S("*")) && !str_starts(text, S("arn:")))
            return refuse(
                c, arena_fmt(c->arena, "Resource %.*s must be in ARN format or \"*\".", STR(text)));
        s->resources.items[s->resources.count++] =
            pattern_compile(text, PATTERN_WILDCARDS, c->variables);
    }
    return true;
}

static bool is_account(struct str s)
{
    return s.len == 12 && str_is_digits(s);
}

/* "arn:P:iam::ACCOUNT:root|user/..|role/.." or "arn:P:sts::ACCOUNT:assumed-role/..". */
static bool parse_principal_arn(struct str arn, struct principal_entry *ret)
{
    struct str part[5], rest = arn;

    for (size_t i = 0; i < ARRAY_LEN(part); i++)
        if (!str_cut(rest, ':', &part[i], &rest))
            return false;
    if (!str_eq(part[0], S("arn")) || part[1].len == 0 || part[3].len > 0 || !is_account(part[4]) ||
        str_find(arn, '*') >= 0 || str_find(arn, '?') >= 0)
        return false;

    bool is_iam = str_eq(part[2], S("iam"));
    if (is_iam && str_eq(rest, S("root"))) {
        *ret = (struct principal_entry){ PRINCIPAL_IS_ACCOUNT, part[4] };
        return true;
    }
    *ret = (struct principal_entry){ PRINCIPAL_IS_ARN, arn };
    return (is_iam && (str_starts(rest, S("user/")) || str_starts(rest, S("role/")))) ||
           (str_eq(part[2], S("sts")) && str_starts(rest, S("assumed-role/")));
}

static bool parse_principal(struct str kind, struct str text, struct principal_entry *ret)
{
    if (str_eq(kind, S("AWS"))) {
        *ret = (struct principal_entry){ str_eq(text, S("*")) ? PRINCIPAL_IS_ANYONE
                                                              : PRINCIPAL_IS_ACCOUNT,
                                         text };
        return ret->form == PRINCIPAL_IS_ANYONE || is_account(text) ||
               parse_principal_arn(text, ret);
    }
    if (str_eq(kind, S("Service"))) {
        *ret = (struct principal_entry){ PRINCIPAL_IS_SERVICE, text };
        return str_is_word(text, ".-") && str_find(text, '.') > 0;
    }
    *ret = (struct principal_entry){ PRINCIPAL_IS_FEDERATED, text };
    return str_eq(kind, S("Federated")) && text.len > 0;
}

static bool compile_principal_map(struct compiler *c, const struct value *map,
                                  struct policy_statement *s)
{
    size_t capacity = 0;

    for (size_t i = 0; i < value_count(map); i++) {
        const struct value_member *m = &map->map.members[i];
        struct strs texts;
        if (!string_list(c, m->value, &texts))
            return false;
        for (size_t k = 0; k < texts.count; k++) {
            s->principals = ARENA_GROW(c->arena, s->principals, s->n_principals, &capacity);
            if (!parse_principal(m->key, texts.items[k], &s->principals[s->n_principals]))
                return refuse(c,
                              arena_fmt(c->arena, "Invalid principal in policy: \"%.*s\":\"%.*s\"",
                                        STR(m->key), STR(texts.items[k])));
            s->n_principals++;
        }
    }
    return s->n_principals > 0 || refuse(c, S("Missing required field Principal cannot be empty!"));
}

static bool compile_principals(struct compiler *c, const struct value *statement,
                               struct policy_statement *s)
{
    const struct value *v;

    if (!either(c, statement, "Principal", "NotPrincipal", &v, &s->not_principal))
        return false;
    if (c->kind == POLICY_IDENTITY)
        return !v || refuse(c, S("Policy document should not specify a principal."));
    if (!v)
        return refuse(c, S("Missing required field Principal"));
    if (s->not_principal && !s->is_deny)
        return refuse(c, S("NotPrincipal is supported with Effect Deny only."));

    if (value_is(v, VALUE_MAP))
        return compile_principal_map(c, v, s);
    if (!str_eq(value_str(v), S("*")))
        return refuse(c, S("Invalid principal in policy."));
    s->principals = arena_new(c->arena, struct principal_entry); /* zero: anyone */
    s->n_principals = 1;
    return true;
}

static bool compile_effect(struct compiler *c, const struct value *statement,
                           struct policy_statement *s)
{
    const struct value *effect = value_get(statement, S("Effect"));

    if (!effect)
        return refuse(c, S("Missing required field Effect"));
    s->is_deny = str_eq(value_str(effect), S("Deny"));
    if (!s->is_deny && !str_eq(value_str(effect), S("Allow")))
        return refuse(
            c, arena_fmt(c->arena, "Invalid effect: %.*s", STR(value_text(c->arena, effect))));
    return true;
}

static bool only_members(struct compiler *c, const struct value *map, struct strs known)
{
    if (!value_is(map, VALUE_MAP))
        return syntax_error(c);
    for (size_t i = 0; i < value_count(map); i++)
        if (!strs_have(known, map->map.members[i].key))
            return syntax_error(c);
    return true;
}

static bool compile_statement(struct compiler *c, const struct value *v, struct policy_statement *s)
{
    struct str known[] = {
        S_INIT("Sid"),          S_INIT("Effect"),      S_INIT("Principal"),
        S_INIT("NotPrincipal"), S_INIT("Action"),      S_INIT("NotAction"),
        S_INIT("Resource"),     S_INIT("NotResource"), S_INIT("Condition"),
    };
    const struct value *condition = value_get(v, S("Condition"));

    if (!only_members(c, v, (struct strs){ known, ARRAY_LEN(known) }))
        return false;
    if (!compile_effect(c, v, s) || !compile_principals(c, v, s) || !compile_actions(c, v, s) ||
        !compile_resources(c, v, s))
        return false;
    if (!condition)
        return true;
    if (!value_is(condition, VALUE_MAP))
        return syntax_error(c);
    return condition_compile(c->arena, condition, c->variables, &s->conditions, &s->n_conditions,
                             &c->why);
}

static bool check_sid(struct compiler *c, const struct value *statements, size_t index)
{
    bool is_list = value_is(statements, VALUE_LIST);
    const struct value *sid =
        value_get(is_list ? value_at(statements, index) : statements, S("Sid"));

    if (!sid)
        return true;
    if (!value_is(sid, VALUE_STRING))
        return syntax_error(c);
    if (c->kind != POLICY_RESOURCE && !str_is_word(sid->string, ""))
        return refuse(c, S("Statement IDs (SID) must be alpha-numeric. Check that your input "
                           "satisfies the regular expression [0-9A-Za-z]*"));
    for (size_t i = 0; is_list && i < index && sid->string.len > 0; i++)
        if (str_eq(value_get_str(value_at(statements, i), S("Sid")), sid->string))
            return refuse(c, S("Statement IDs (SID) in a single policy must be unique."));
    return true;
}

static bool compile_statements(struct compiler *c, const struct value *v, struct policy *p)
{
    bool is_list = value_is(v, VALUE_LIST);
    size_t count = is_list ? value_count(v) : 1;

    if (!v || count == 0)
        return refuse(c, S("Missing required field Statement"));
    if (count > POLICY_MAX_STATEMENTS)
        return refuse(c, S("The policy has too many statements."));
    p->statements = arena_array(c->arena, struct policy_statement, count);
    for (size_t i = 0; i < count; i++) {
        const struct value *statement = is_list ? value_at(v, i) : v;
        if (!compile_statement(c, statement, &p->statements[i]) || !check_sid(c, v, i))
            return false;
    }
    p->n_statements = count;
    return true;
}

static bool compile_version(struct compiler *c, const struct value *version)
{
    struct str text = value_str(version);

    c->variables = str_eq(text, S("2012-10-17"));
    return !version || c->variables || str_eq(text, S("2008-10-17")) ||
           refuse(c, S("The policy must contain a valid version string."));
}

int policy_compile(struct arena *a, const struct value *document, enum policy_kind kind,
                   const struct policy **ret, struct str *ret_why)
{
    struct str known[] = { S_INIT("Version"), S_INIT("Id"), S_INIT("Statement") };
    struct compiler c = { .arena = a, .kind = kind };
    struct policy *p = arena_new(a, struct policy);

    p->kind = kind;
    if (!only_members(&c, document, (struct strs){ known, ARRAY_LEN(known) }) ||
        !compile_version(&c, value_get(document, S("Version"))) ||
        !compile_statements(&c, value_get(document, S("Statement")), p)) {
        if (ret_why)
            *ret_why = c.why;
        return POLICY_MALFORMED;
    }
    *ret = p;
    return 0;
}
