/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Deciding. Each policy answers one question, "allow, deny or silent, and how
 * closely did you name the principal", and the User Guide's order of evaluation
 * puts the answers together.
 */
#include "base/time.h"

#include "engine/policy_internal.h"

/* How closely a statement names the principal; a resource policy that names it
 * more closely may grant more on its own. */
enum closeness {
    NAMES_NOBODY,
    NAMES_ACCOUNT, /* leaves it to the account's identity policies */
    NAMES_ANYONE,
    NAMES_ROLE,
    NAMES_CALLER, /* the user, the session, the service */
};

struct word {
    bool denies;
    enum closeness allows; /* NAMES_NOBODY: silent */
};

/* ---- the request's context ---- */

static bool is_session(const struct policy_principal *p)
{
    return p->kind == POLICY_PRINCIPAL_SESSION || p->kind == POLICY_PRINCIPAL_NODE;
}

static bool has_account(const struct policy_principal *p)
{
    return p->kind != POLICY_PRINCIPAL_ANONYMOUS && p->kind != POLICY_PRINCIPAL_SERVICE;
}

static struct str principal_type(const struct policy_principal *p)
{
    switch (p->kind) {
    case POLICY_PRINCIPAL_ANONYMOUS:
        return S("Anonymous");
    case POLICY_PRINCIPAL_ROOT:
        return S("Account");
    case POLICY_PRINCIPAL_USER:
        return S("User");
    case POLICY_PRINCIPAL_SESSION:
    case POLICY_PRINCIPAL_NODE:
        return S("AssumedRole");
    case POLICY_PRINCIPAL_SERVICE:
        return S("Service");
    }
    return (struct str){ 0 };
}

/* What the principal and the clock say; absent if they say nothing of `key`. */
static struct str derived(const struct policy_eval *e, struct str key)
{
    const struct policy_principal *p = &e->request->principal;
    bool is_service = p->kind == POLICY_PRINCIPAL_SERVICE;

    if (str_ieq(key, S("aws:PrincipalArn"))) /* of a session, its role: sessions come and go */
        return is_session(p) ? p->role_arn : p->arn;
    if (str_ieq(key, S("aws:PrincipalAccount")))
        return p->account;
    if (str_ieq(key, S("aws:PrincipalType")))
        return principal_type(p);
    if (str_ieq(key, S("aws:PrincipalIsAWSService")))
        return is_service ? S("true") : S("false");
    if (str_ieq(key, S("aws:PrincipalServiceName")))
        return is_service ? p->service : (struct str){ 0 };
    if (str_ieq(key, S("aws:userid")))
        return p->user_id;
    if (str_ieq(key, S("aws:username")) && p->kind == POLICY_PRINCIPAL_USER)
        return str_from(p->arn, (size_t)(str_rfind(p->arn, '/') + 1));
    if (str_ieq(key, S("aws:CurrentTime")))
        return time_iso(e->arena, e->request->now);
    if (str_ieq(key, S("aws:EpochTime")))
        return arena_fmt(e->arena, "%lld", (long long)(e->request->now / MSEC_SECOND));
    return (struct str){ 0 };
}

struct strs policy_context(const struct policy_eval *e, struct str key)
{
    for (size_t i = 0; i < e->request->n_keys; i++)
        if (str_ieq(e->request->keys[i].name, key))
            return e->request->keys[i].values;

    struct str value = derived(e, key);
    if (!str_is_set(value))
        return (struct strs){ 0 };
    struct str *item = arena_new(e->arena, struct str);
    *item = value;
    return (struct strs){ item, 1 };
}

/* ---- one statement ---- */

static bool any_matches(const struct policy_eval *e, const struct patterns *patterns, struct str s)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (pattern_match(e, &patterns->items[i], PATTERN_WILDCARDS, s))
            return true;
    return false;
}

static enum closeness entry_names(const struct principal_entry *entry,
                                  const struct policy_principal *p)
{
    switch (entry->form) {
    case PRINCIPAL_IS_ANYONE:
        return NAMES_ANYONE;
    case PRINCIPAL_IS_ACCOUNT:
        return str_is_set(p->account) && str_eq(entry->text, p->account) ? NAMES_ACCOUNT
                                                                         : NAMES_NOBODY;
    case PRINCIPAL_IS_ARN:
        if (has_account(p) && str_eq(entry->text, p->arn))
            return NAMES_CALLER;
        return is_session(p) && str_is_set(p->role_arn) && str_eq(entry->text, p->role_arn)
                   ? NAMES_ROLE
                   : NAMES_NOBODY;
    case PRINCIPAL_IS_SERVICE:
        return p->kind == POLICY_PRINCIPAL_SERVICE && str_eq(entry->text, p->service)
                   ? NAMES_CALLER
                   : NAMES_NOBODY;
    case PRINCIPAL_IS_FEDERATED:
        return NAMES_NOBODY;
    }
    return NAMES_NOBODY;
}

static enum closeness statement_names(const struct policy_eval *e, const struct policy_statement *s)
{
    enum closeness best = NAMES_NOBODY;

    for (size_t i = 0; i < s->n_principals; i++) {
        enum closeness c = entry_names(&s->principals[i], &e->request->principal);
        best = c > best ? c : best;
    }
    if (s->not_principal)
        return best == NAMES_NOBODY ? NAMES_ANYONE : NAMES_NOBODY;
    return best;
}

static bool statement_matches(const struct policy_eval *e, const struct policy_statement *s)
{
    if (any_matches(e, &s->actions, e->action) == s->not_action)
        return false;
    if (s->resources.count > 0 &&
        any_matches(e, &s->resources, e->request->resource) == s->not_resource)
        return false;
    for (size_t i = 0; i < s->n_conditions; i++)
        if (!condition_holds(e, &s->conditions[i]))
            return false;
    return true;
}

/* ---- one policy, and lists of them ---- */

static struct word ask(const struct policy_eval *e, const struct policy *p)
{
    struct word word = { 0 };

    for (size_t i = 0; p && i < p->n_statements; i++) {
        const struct policy_statement *s = &p->statements[i];
        enum closeness names = p->kind == POLICY_IDENTITY ? NAMES_CALLER : statement_names(e, s);
        if (names == NAMES_NOBODY || (!s->is_deny && names <= word.allows) ||
            !statement_matches(e, s))
            continue;
        if (s->is_deny)
            word.denies = true;
        else
            word.allows = names;
    }
    return word;
}

static struct word ask_all(const struct policy_eval *e, const struct policy_list *list)
{
    struct word all = { 0 };

    for (size_t i = 0; i < list->count; i++) {
        struct word word = ask(e, list->items[i]);
        all.denies |= word.denies;
        all.allows = word.allows > all.allows ? word.allows : all.allows;
    }
    return all;
}

/* The word of everything in the set. Kinds that are not there do not limit. */
struct answers {
    bool scp_denies, scp_allows;
    struct word identity, boundary, session, resource;
};

static struct answers ask_everything(const struct policy_eval *e, const struct policy_set *set)
{
    const struct word no_limit = { .allows = NAMES_CALLER };
    struct answers answers = {
        .scp_allows = true,
        .identity = ask_all(e, &set->identity),
        .boundary = set->boundary ? ask(e, set->boundary) : no_limit,
        .session = set->session ? ask_all(e, set->session) : no_limit,
        .resource = ask(e, set->resource),
    };

    for (size_t i = 0; i < set->n_scp_levels; i++) {
        struct word level = ask_all(e, &set->scp_levels[i]);
        answers.scp_denies |= level.denies;
        answers.scp_allows &= level.allows != NAMES_NOBODY;
    }
    return answers;
}

/* ---- the order of evaluation ---- */

static struct policy_verdict allowed(enum policy_source by)
{
    return (struct policy_verdict){ POLICY_ALLOWED, by };
}

static struct policy_verdict denied(enum policy_decision how, enum policy_source by)
{
    return (struct policy_verdict){ how, by };
}

/* What holds whoever asks: an explicit deny, and silence of a level of SCPs. */
static bool is_barred(const struct answers *is, enum policy_source resource_kind,
                      struct policy_verdict *ret)
{
    const struct {
        bool denies;
        enum policy_source source;
    } all[] = {
        { is->scp_denies, POLICY_BY_SCP },           { is->resource.denies, resource_kind },
        { is->identity.denies, POLICY_BY_IDENTITY }, { is->boundary.denies, POLICY_BY_BOUNDARY },
        { is->session.denies, POLICY_BY_SESSION },
    };

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (!all[i].denies)
            continue;
        *ret = denied(POLICY_DENIED_EXPLICIT, all[i].source);
        return true;
    }
    *ret = denied(POLICY_DENIED_IMPLICIT, POLICY_BY_SCP);
    return !is->scp_allows;
}

/* The caller's own side: what gave the grant must pass boundary and session policies. */
static struct policy_verdict within_limits(const struct answers *is, enum policy_source by)
{
    if (is->boundary.allows == NAMES_NOBODY)
        return denied(POLICY_DENIED_IMPLICIT, POLICY_BY_BOUNDARY);
    if (is->session.allows == NAMES_NOBODY)
        return denied(POLICY_DENIED_IMPLICIT, POLICY_BY_SESSION);
    return allowed(by);
}

static struct policy_verdict by_identity(const struct answers *is, const struct policy_principal *p)
{
    if (p->kind == POLICY_PRINCIPAL_ROOT)
        return allowed(POLICY_BY_IDENTITY);
    if (is->identity.allows == NAMES_NOBODY)
        return denied(POLICY_DENIED_IMPLICIT, POLICY_BY_IDENTITY);
    return within_limits(is, POLICY_BY_IDENTITY);
}

static bool is_own_account(const struct policy_request *request)
{
    return !str_is_set(request->resource_account) ||
           str_eq(request->resource_account, request->principal.account);
}

/* Services and anonymous callers have no identity policies: the resource decides. */
static struct policy_verdict by_resource_alone(const struct answers *is, enum policy_source source)
{
    if (is->resource.allows >= NAMES_ANYONE)
        return allowed(source);
    return denied(POLICY_DENIED_IMPLICIT, source);
}

static struct policy_verdict decide_access(const struct answers *is,
                                           const struct policy_request *request)
{
    const struct policy_principal *p = &request->principal;

    if (!has_account(p))
        return by_resource_alone(is, POLICY_BY_RESOURCE);
    if (!is_own_account(request)) {
        if (is->resource.allows == NAMES_NOBODY)
            return denied(POLICY_DENIED_IMPLICIT, POLICY_BY_RESOURCE);
        return by_identity(is, p);
    }
    if (is->resource.allows == NAMES_CALLER)
        return allowed(POLICY_BY_RESOURCE);
    if (is->resource.allows >= NAMES_ANYONE && p->kind != POLICY_PRINCIPAL_ROOT)
        return within_limits(is, POLICY_BY_RESOURCE);
    return by_identity(is, p);
}

static struct policy_verdict decide_trust(const struct answers *is,
                                          const struct policy_request *request)
{
    const struct policy_principal *p = &request->principal;

    if (!has_account(p))
        return by_resource_alone(is, POLICY_BY_TRUST);
    if (is->resource.allows == NAMES_NOBODY)
        return denied(POLICY_DENIED_IMPLICIT, POLICY_BY_TRUST);
    if (is_own_account(request) && is->resource.allows == NAMES_CALLER)
        return allowed(POLICY_BY_TRUST);
    if (is_own_account(request) && is->resource.allows == NAMES_ROLE)
        return within_limits(is, POLICY_BY_TRUST);
    return by_identity(is, p);
}

#define ACTION_MAX 128 /* the longest IAM knows is under 100 */

static bool begin(struct policy_eval *e, char action[ACTION_MAX])
{
    struct str s = e->request->action;

    if (s.len > ACTION_MAX)
        return false;
    for (size_t i = 0; i < s.len; i++)
        action[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] - 'A' + 'a' : s.p[i]);
    e->action = (struct str){ action, s.len };
    return true;
}

struct policy_verdict policy_decide(struct arena *a, const struct policy_set *set,
                                    const struct policy_request *request)
{
    char action[ACTION_MAX];
    struct policy_eval e = { .arena = a, .request = request };
    struct policy_verdict verdict = { 0 };

    if (!begin(&e, action))
        return verdict;
    struct answers answers = ask_everything(&e, set);
    if (is_barred(&answers, POLICY_BY_RESOURCE, &verdict))
        return verdict;
    return decide_access(&answers, request);
}

struct policy_verdict policy_decide_trust(struct arena *a, const struct policy_set *set,
                                          const struct policy_request *request)
{
    char action[ACTION_MAX];
    struct policy_eval e = { .arena = a, .request = request };
    struct policy_verdict verdict = { 0 };

    if (request->principal.kind == POLICY_PRINCIPAL_ROOT)
        return denied(POLICY_DENIED_EXPLICIT, POLICY_BY_ROOT_RULE);
    if (!begin(&e, action))
        return verdict;
    struct answers answers = ask_everything(&e, set);
    if (is_barred(&answers, POLICY_BY_TRUST, &verdict))
        return verdict;
    return decide_trust(&answers, request);
}

/* ---- saying no ---- */

static struct str caller_name(const struct policy_principal *p)
{
    if (p->kind == POLICY_PRINCIPAL_SERVICE)
        return p->service;
    return p->kind == POLICY_PRINCIPAL_ANONYMOUS ? S("anonymous") : p->arn;
}

struct str policy_denial_short(struct arena *a, const struct policy_request *request)
{
    return arena_fmt(a, "User: %.*s is not authorized to perform: %.*s on resource: %.*s",
                     STR(caller_name(&request->principal)), STR(request->action),
                     STR(request->resource));
}

struct str policy_denial(struct arena *a, const struct policy_request *request,
                         struct policy_verdict verdict)
{
    static const struct {
        const char *article, *name;
    } kinds[] = {
        [POLICY_BY_IDENTITY] = { "an", "identity-based policy" },
        [POLICY_BY_RESOURCE] = { "a", "resource-based policy" },
        [POLICY_BY_SCP] = { "a", "service control policy" },
        [POLICY_BY_BOUNDARY] = { "a", "permissions boundary" },
        [POLICY_BY_SESSION] = { "a", "session policy" },
        [POLICY_BY_TRUST] = { "a", "role trust policy" },
    };

    if (verdict.source == POLICY_BY_ROOT_RULE)
        return S("Roles may not be assumed by root accounts.");
    struct str what = policy_denial_short(a, request);
    const char *name = kinds[verdict.source].name;
    if (verdict.decision == POLICY_DENIED_EXPLICIT)
        return arena_fmt(a, "%.*s with an explicit deny in %s %s", STR(what),
                         kinds[verdict.source].article, name);
    return arena_fmt(a, "%.*s because no %s allows the %.*s action", STR(what), name,
                     STR(request->action));
}
