/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Authorization of every call. A principal's policies are compiled once for
 * each epoch of its account; the epoch is a row that every IAM write bumps in
 * its own transaction and that is read here in the request's snapshot, so a
 * revocation holds for the very next call.
 */
#include "api/runtime.h"
#include "base/json.h"
#include "base/time.h"
#include "engine/policy.h"

#define CACHE_MAX 4096

struct auth_entry {
    struct arena arena;
    int64_t epoch;
    unsigned references; /* under the cache's lock */
    bool is_gone;        /* the user or role does not exist */
    struct policy_list identity;
    const struct policy *boundary;
    struct str role_arn; /* of a session: with its path */
};

static void release(struct auth_cache *cache, struct auth_entry *entry)
{
    pthread_mutex_lock(&cache->lock);
    bool last = --entry->references == 0;
    pthread_mutex_unlock(&cache->lock);
    if (last) {
        struct arena arena = entry->arena;
        arena_done(&arena);
    }
}

static void drop(struct str key, void *value, void *context)
{
    (void)key;
    (void)context;
    struct auth_entry *entry = value;
    if (--entry->references == 0) {
        struct arena arena = entry->arena;
        arena_done(&arena);
    }
}

void auth_cache_done(struct auth_cache *cache)
{
    map_each(&cache->entries, drop, NULL);
    map_done(&cache->entries);
}

static struct auth_entry *cache_find(struct auth_cache *cache, struct str key, int64_t epoch)
{
    pthread_mutex_lock(&cache->lock);
    struct auth_entry *entry = map_get(&cache->entries, key);
    if (entry && entry->epoch == epoch)
        entry->references++;
    else
        entry = NULL;
    pthread_mutex_unlock(&cache->lock);
    return entry;
}

static void cache_add(struct auth_cache *cache, struct str key, struct auth_entry *entry)
{
    pthread_mutex_lock(&cache->lock);
    if (cache->entries.count >= CACHE_MAX) {
        map_each(&cache->entries, drop, NULL);
        map_done(&cache->entries);
    }
    entry->references = 2; /* the cache's and the caller's */
    struct auth_entry *old = map_put(&cache->entries, key, entry);
    if (old)
        drop(key, old, NULL);
    pthread_mutex_unlock(&cache->lock);
}

/* A stored policy was valid when it was stored; should it not be now, it must
 * not quietly stop denying. */
static int compile(struct arena *a, struct str text, enum policy_kind kind,
                   const struct policy **ret)
{
    struct value *document;
    struct str why = S("");

    if (json_parse(a, text, &document, &why) != 0 ||
        policy_compile(a, document, kind, ret, &why) != 0)
        return err_fault(EINVAL, "a stored policy is unreadable: %.*s", STR(why));
    return 0;
}

static int compile_all(struct arena *a, struct strs texts, struct policy_list *ret)
{
    const struct policy **items = arena_array(a, const struct policy *, texts.count + 1);

    for (size_t i = 0; i < texts.count; i++)
        TRY(compile(a, texts.items[i], POLICY_IDENTITY, &items[i]));
    *ret = (struct policy_list){ items, texts.count };
    return 0;
}

static int load_role_arn(struct op *op, struct auth_entry *entry)
{
    const struct principal *p = op->principal;
    struct role_facts role;

    if (p->kind != PRINCIPAL_ROLE)
        return 0;
    int found = op->plane->identity->role(op->db, &entry->arena, p->account, p->name, &role);
    if (found == PORT_NONE) {
        entry->is_gone = true;
        return 0;
    }
    TRY(found);
    entry->role_arn = role.arn;
    return 0;
}

static int load(struct op *op, int64_t epoch, struct auth_entry **ret)
{
    struct arena arena = { 0 };
    struct auth_entry *entry = arena_new(&arena, struct auth_entry);
    struct policy_texts texts = { 0 };

    *entry = (struct auth_entry){ .arena = arena, .epoch = epoch, .references = 1 };
    int found = op->plane->identity->policies(op->db, &entry->arena, op->principal, &texts);
    if (found == PORT_NONE)
        entry->is_gone = true;
    int result = found == PORT_NONE ? 0 : found;
    if (result == 0)
        result = compile_all(&entry->arena, texts.identity, &entry->identity);
    if (result == 0 && str_is_set(texts.boundary))
        result = compile(&entry->arena, texts.boundary, POLICY_IDENTITY, &entry->boundary);
    if (result == 0)
        result = load_role_arn(op, entry);
    if (result != 0) {
        arena = entry->arena;
        arena_done(&arena);
        TRY(result);
    }
    *ret = entry;
    return 0;
}

static int entry_for(struct op *op, struct auth_entry **ret)
{
    struct auth_cache *cache = &op->plane->runtime->auth;
    const struct principal *p = op->principal;
    struct str key =
        arena_fmt(op->arena, "%.*s %d %.*s", STR(p->account), (int)p->kind, STR(p->name));
    int64_t epoch;

    TRY(op->plane->identity->epoch(op->db, p->account, &epoch));
    *ret = cache_find(cache, key, epoch);
    if (*ret)
        return 0;
    TRY(load(op, epoch, ret));
    cache_add(cache, key, *ret);
    return 0;
}

/* --- the request as the engine sees it ------------------------------------ */

struct keys {
    struct arena *a;
    struct policy_key *items;
    size_t count, capacity;
};

static void add_values(struct keys *k, struct str name, struct strs values)
{
    k->items = ARENA_GROW(k->a, k->items, k->count, &k->capacity);
    k->items[k->count++] = (struct policy_key){ name, values };
}

static void add_key(struct keys *k, struct str name, struct str value)
{
    if (!str_is_set(value))
        return;
    struct str *copy = arena_new(k->a, struct str);
    *copy = value;
    add_values(k, name, (struct strs){ copy, 1 });
}

static int add_tags(struct op *op, struct keys *k, struct str arn)
{
    struct strs keys = { 0 };

    if (!str_is_set(arn))
        return 0;
    TRY(db_strs(op->db, op->arena, &keys, "SELECT key FROM tag WHERE arn = $1 ORDER BY key",
                ARGS(V(arn))));
    for (size_t i = 0; i < keys.count; i++) {
        struct str value;
        TRY(db_str(op->db, op->arena, &value, "SELECT value FROM tag WHERE arn = $1 AND key = $2",
                   ARGS(V(arn), V(keys.items[i]))));
        add_key(k, arena_fmt(op->arena, "aws:ResourceTag/%.*s", STR(keys.items[i])), value);
        add_key(k,
                arena_fmt(op->arena, "%s:resourceTag/%.*s",
                          op->service->iam_prefix ? op->service->iam_prefix : op->service->name,
                          STR(keys.items[i])),
                value);
    }
    return 0;
}

static int add_organization(struct op *op, struct keys *k)
{
    struct account_facts facts;

    if (!op->plane->directory || !str_is_set(op->principal->account) ||
        op->principal->kind == PRINCIPAL_SERVICE)
        return 0;
    int found = op->plane->directory->account(op->db, op->arena, op->principal->account, &facts);
    if (found == PORT_NONE)
        return 0;
    TRY(found);
    add_key(k, S("aws:PrincipalOrgID"), facts.organization);
    return 0;
}

static int collect_keys(struct op *op, const struct auth *auth, struct keys *k)
{
    for (size_t i = 0; i < op->n_keys; i++)
        add_values(k, op->keys[i].name, op->keys[i].values);
    for (size_t i = 0; i < auth->n_keys; i++)
        add_values(k, auth->keys[i].name, auth->keys[i].values);
    if (!op->service->is_global)
        add_key(k, S("aws:RequestedRegion"), op->region);
    add_key(k, S("aws:SourceIp"), op->source_ip);
    TRY(add_organization(op, k));
    TRY(add_tags(op, k, auth->tags_of));
    return 0;
}

static const enum policy_principal_kind kinds[] = {
    [PRINCIPAL_ANONYMOUS] = POLICY_PRINCIPAL_ANONYMOUS, [PRINCIPAL_ROOT] = POLICY_PRINCIPAL_ROOT,
    [PRINCIPAL_USER] = POLICY_PRINCIPAL_USER,           [PRINCIPAL_ROLE] = POLICY_PRINCIPAL_SESSION,
    [PRINCIPAL_SERVICE] = POLICY_PRINCIPAL_SERVICE,     [PRINCIPAL_NODE] = POLICY_PRINCIPAL_NODE,
};

static struct policy_principal policy_principal_of(const struct principal *p, struct str role_arn)
{
    bool is_service = p->kind == PRINCIPAL_SERVICE;

    return (struct policy_principal){
        .kind = kinds[p->kind],
        .arn = is_service ? (struct str){ 0 } : p->arn,
        .account = is_service ? (struct str){ 0 } : p->account,
        .user_id = p->id,
        .role_arn = role_arn,
        .service = is_service ? p->name : (struct str){ 0 },
    };
}

/* What the principal itself brings: its policies and, of a session, its own. */
static int gather(struct op *op, struct policy_set *set, struct auth_entry **ret_entry,
                  struct policy_list *session)
{
    const struct principal *p = op->principal;

    *ret_entry = NULL;
    if (p->kind != PRINCIPAL_USER && p->kind != PRINCIPAL_ROLE)
        return 0;
    TRY(entry_for(op, ret_entry));
    set->identity = (*ret_entry)->identity;
    set->boundary = (*ret_entry)->boundary;
    if (str_is_set(p->policy)) {
        const struct policy **item = arena_new(op->arena, const struct policy *);
        TRY(compile(op->arena, p->policy, POLICY_IDENTITY, item));
        *session = (struct policy_list){ item, 1 };
        set->session = session;
    }
    return 0;
}

static int decide(struct op *op, const struct auth *auth, enum policy_kind kind,
                  struct policy_verdict *ret, struct policy_request *ret_request)
{
    struct policy_set set = { 0 };
    struct policy_list session;
    struct auth_entry *entry;
    struct keys keys = { .a = op->arena };

    TRY(collect_keys(op, auth, &keys));
    if (str_is_set(auth->resource_policy))
        TRY(compile(op->arena, auth->resource_policy, kind, &set.resource));
    TRY(gather(op, &set, &entry, &session));

    struct str role_arn = entry ? entry->role_arn : (struct str){ 0 };
    *ret_request = (struct policy_request){
        .principal = policy_principal_of(op->principal, arena_dup(op->arena, role_arn)),
        .action = auth->action,
        .resource = auth->resource,
        .resource_account = str_is_set(auth->owner) ? auth->owner : op->account,
        .keys = keys.items,
        .n_keys = keys.count,
        .now = op->now,
    };
    if (entry && entry->is_gone)
        *ret = (struct policy_verdict){ POLICY_DENIED_IMPLICIT, POLICY_BY_IDENTITY };
    else if (kind == POLICY_TRUST)
        *ret = policy_decide_trust(op->arena, &set, ret_request);
    else
        *ret = policy_decide(op->arena, &set, ret_request);
    if (entry)
        release(&op->plane->runtime->auth, entry);
    return 0;
}

int op_authorize(struct op *op, const struct auth *auth)
{
    const struct principal *p = op->principal;
    struct str owner = str_is_set(auth->owner) ? auth->owner : op->account;

    /* Our own services act in process for the account they serve; what they do to
     * others' resources is for those resources' policies to say. */
    if (p->kind == PRINCIPAL_SERVICE && op->is_internal && !auth->service_needs_policy &&
        str_eq(p->account, owner))
        return 0;
    if (p->kind == PRINCIPAL_NODE && str_eq(p->account, owner))
        return 0;

    struct policy_verdict verdict;
    struct policy_request request;
    TRY(decide(op, auth, POLICY_RESOURCE, &verdict, &request));
    if (verdict.decision == POLICY_ALLOWED)
        return 0;
    op->message = policy_denial(op->arena, &request, verdict);
    return OP_DENIED;
}

int op_may(struct op *op, struct str action, struct str resource)
{
    return op_authorize(op, &(struct auth){ .action = action, .resource = resource });
}

int op_may_assume(struct op *op, const struct role_facts *role, struct str role_account,
                  const struct op_key *keys, size_t n_keys)
{
    struct auth auth = {
        .action = S("sts:AssumeRole"),
        .resource = role->arn,
        .owner = role_account,
        .resource_policy = role->trust,
        .keys = keys,
        .n_keys = n_keys,
    };
    struct policy_verdict verdict;
    struct policy_request request;

    TRY(decide(op, &auth, POLICY_TRUST, &verdict, &request));
    if (verdict.decision == POLICY_ALLOWED)
        return 0;
    op->message = policy_denial_short(op->arena, &request);
    return OP_DENIED;
}

static int trust_lets_in(struct op *op, const struct role_facts *role, struct str service,
                         struct str source_arn)
{
    struct principal as = principal_service(service, op->account);
    struct op probe = *op;
    struct op_key keys[] = {
        { S("aws:SourceAccount"), { &op->account, 1 } },
        { S("aws:SourceArn"), { &source_arn, 1 } },
    };

    probe.principal = &as;
    return op_may_assume(&probe, role, op->account, keys, str_is_set(source_arn) ? 2 : 1);
}

int op_pass_role(struct op *op, struct str role_arn, struct str service)
{
    return op_pass_role_for(op, role_arn, service, (struct str){ 0 });
}

int op_pass_role_for(struct op *op, struct str role_arn, struct str service, struct str source_arn)
{
    struct arn arn;
    struct role_facts role;

    if (!arn_parse(role_arn, &arn) || !str_eq(arn.service, S("iam")) ||
        !str_starts(arn.resource, S("role/")))
        return op_invalid(op, "%.*s is not the ARN of a role.", STR(role_arn));
    if (!str_eq(arn.account, op->account))
        return op_fail(op, OP_DENIED, "Cross-account pass role is not allowed.");

    struct op_key passed_to = { S("iam:PassedToService"), { &service, 1 } };
    struct auth auth = {
        .action = S("iam:PassRole"), .resource = role_arn, .keys = &passed_to, .n_keys = 1
    };
    PASS(op_authorize(op, &auth));

    ptrdiff_t slash = str_rfind(arn.resource, '/');
    struct str name = str_from(arn.resource, (size_t)slash + 1);
    int found = op->plane->identity->role(op->db, op->arena, op->account, name, &role);
    if (found == PORT_NONE || (found == 0 && !str_eq(role.arn, role_arn)))
        return op_invalid(op, "The role %.*s does not exist.", STR(role_arn));
    TRY(found);
    int lets_in = trust_lets_in(op, &role, service, source_arn);
    if (lets_in == OP_DENIED)
        return op_invalid(op, "The role %.*s cannot be assumed by %.*s.", STR(role_arn),
                          STR(service));
    TRY(lets_in);
    return 0;
}
