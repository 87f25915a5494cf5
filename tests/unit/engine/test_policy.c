/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/policy.h"

#include "data.h"

#define ACCOUNT "111122223333"
#define NOW     (INT64_C(1795449600) * MSEC_SECOND) /* 2026-11-23T16:00:00Z */

static const struct policy_principal callers[] = {
    [POLICY_PRINCIPAL_ANONYMOUS] = { .kind = POLICY_PRINCIPAL_ANONYMOUS },
    [POLICY_PRINCIPAL_ROOT] = { POLICY_PRINCIPAL_ROOT, S_INIT("arn:aws:iam::" ACCOUNT ":root"),
                                S_INIT(ACCOUNT), S_INIT(ACCOUNT) },
    [POLICY_PRINCIPAL_USER] = { POLICY_PRINCIPAL_USER,
                                S_INIT("arn:aws:iam::" ACCOUNT ":user/team/ann"), S_INIT(ACCOUNT),
                                S_INIT("AIDAANN") },
    [POLICY_PRINCIPAL_SESSION] = { POLICY_PRINCIPAL_SESSION,
                                   S_INIT("arn:aws:sts::" ACCOUNT ":assumed-role/Runner/run-1"),
                                   S_INIT(ACCOUNT), S_INIT("AROARUNNER:run-1"),
                                   S_INIT("arn:aws:iam::" ACCOUNT ":role/path/Runner") },
    [POLICY_PRINCIPAL_NODE] = { POLICY_PRINCIPAL_NODE,
                                S_INIT("arn:aws:sts::" ACCOUNT ":assumed-role/Node/mi-1"),
                                S_INIT(ACCOUNT), S_INIT("AROANODE:mi-1"),
                                S_INIT("arn:aws:iam::" ACCOUNT ":role/Node") },
    [POLICY_PRINCIPAL_SERVICE] = { .kind = POLICY_PRINCIPAL_SERVICE,
                                   .service = S_INIT("events.amazonaws.com") },
};

static struct policy_principal caller_of(struct str name)
{
    static const char *const names[] = {
        [POLICY_PRINCIPAL_ANONYMOUS] = "anonymous", [POLICY_PRINCIPAL_ROOT] = "root",
        [POLICY_PRINCIPAL_USER] = "user",           [POLICY_PRINCIPAL_SESSION] = "session",
        [POLICY_PRINCIPAL_NODE] = "node",           [POLICY_PRINCIPAL_SERVICE] = "service",
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(name, str_of(names[i])))
            return callers[i];
    return callers[POLICY_PRINCIPAL_USER];
}

static const char *const decisions[] = {
    [POLICY_DENIED_IMPLICIT] = "implicit",
    [POLICY_DENIED_EXPLICIT] = "explicit",
    [POLICY_ALLOWED] = "allowed",
};

static const char *const sources[] = {
    [POLICY_BY_IDENTITY] = "identity", [POLICY_BY_RESOURCE] = "resource",
    [POLICY_BY_SCP] = "scp",           [POLICY_BY_BOUNDARY] = "boundary",
    [POLICY_BY_SESSION] = "session",   [POLICY_BY_TRUST] = "trust",
    [POLICY_BY_ROOT_RULE] = "root",
};

/* A policy of the given statement or statements; NULL if there are none. */
static const struct policy *compile(struct arena *a, struct value *statements,
                                    enum policy_kind kind, bool old)
{
    const struct policy *p = NULL;
    struct str why = { 0 };

    if (!statements)
        return NULL;
    struct value *document = value_map(a);
    if (!old)
        value_set_str(a, document, S("Version"), S("2012-10-17"));
    value_set(a, document, S("Statement"), statements);
    if (policy_compile(a, document, kind, &p, &why) != 0)
        fail_msg("%.*s", STR(why));
    return p;
}

static struct policy_list list_of(struct arena *a, const struct policy *p)
{
    const struct policy **items = arena_array(a, const struct policy *, 1);

    items[0] = p;
    return (struct policy_list){ items, p ? 1 : 0 };
}

static void set_scps(struct arena *a, const struct value *levels, struct policy_set *set)
{
    struct policy_list *lists = arena_array(a, struct policy_list, value_count(levels) + 1);

    for (size_t i = 0; i < value_count(levels); i++)
        if (value_count(value_at(levels, i)) > 0)
            lists[i] = list_of(a, compile(a, value_at(levels, i), POLICY_IDENTITY, false));
    set->scp_levels = lists;
    set->n_scp_levels = value_count(levels);
}

/* Allows everything under the conditions of `when`. */
static struct value *allow_when(struct arena *a, struct value *when)
{
    struct value *statement = value_map(a);

    value_set_str(a, statement, S("Effect"), S("Allow"));
    value_set_str(a, statement, S("Action"), S("*"));
    value_set_str(a, statement, S("Resource"), S("*"));
    value_set(a, statement, S("Condition"), when);
    return statement;
}

static struct policy_set set_of(struct arena *a, const struct value *test)
{
    bool old = value_get_bool(test, S("old"), false);
    struct value *identity = value_get(test, S("identity"));
    struct value *when = value_get(test, S("when"));
    struct policy_set set = {
        .identity =
            list_of(a, compile(a, when ? allow_when(a, when) : identity, POLICY_IDENTITY, old)),
        .boundary = compile(a, value_get(test, S("boundary")), POLICY_IDENTITY, old),
        .resource = compile(a, value_get(test, S("bucket")), POLICY_RESOURCE, old),
    };

    if (value_get(test, S("trust")))
        set.resource = compile(a, value_get(test, S("trust")), POLICY_TRUST, old);
    if (value_get(test, S("session"))) {
        struct policy_list *session = arena_new(a, struct policy_list);
        *session = list_of(a, compile(a, value_get(test, S("session")), POLICY_IDENTITY, old));
        set.session = session;
    }
    set_scps(a, value_get(test, S("scp")), &set);
    return set;
}

static struct strs texts_of(struct arena *a, const struct value *v)
{
    size_t count = value_is(v, VALUE_LIST) ? value_count(v) : 1;
    struct strs list = { arena_array(a, struct str, count), count };

    for (size_t i = 0; i < count; i++)
        list.items[i] = value_text(a, value_is(v, VALUE_LIST) ? value_at(v, i) : v);
    return list;
}

static struct policy_request request_of(struct arena *a, const struct value *test)
{
    const struct value *context = value_get(test, S("keys"));
    struct policy_key *keys = arena_array(a, struct policy_key, value_count(context) + 1);
    bool is_trust = value_get(test, S("trust")) != NULL;
    struct str action = value_get_str(test, S("action"));
    struct str resource = value_get_str(test, S("resource"));

    for (size_t i = 0; i < value_count(context); i++) {
        keys[i].name = context->map.members[i].key;
        keys[i].values = texts_of(a, context->map.members[i].value);
    }
    return (struct policy_request){
        .principal = caller_of(value_get_str(test, S("caller"))),
        .action = is_trust             ? S("sts:AssumeRole")
                  : str_is_set(action) ? action
                                       : S("ssm:SendCommand"),
        .resource = is_trust               ? S("arn:aws:iam::444455556666:role/Target")
                    : str_is_set(resource) ? resource
                                           : S("*"),
        .resource_account = value_get_str(test, S("owner")),
        .keys = keys,
        .n_keys = value_count(context),
        .now = NOW,
    };
}

static void every_case_of_the_table_is_decided_as_aws_does(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct value *table = data_yaml(&a, "policy_cases.yaml");
    size_t n_wrong = 0;

    for (size_t i = 0; i < value_count(table); i++) {
        const struct value *test = value_at(table, i);
        struct policy_set set = set_of(&a, test);
        struct policy_request request = request_of(&a, test);
        struct policy_verdict v = value_get(test, S("trust"))
                                      ? policy_decide_trust(&a, &set, &request)
                                      : policy_decide(&a, &set, &request);
        struct str by = value_get_str(test, S("by"));

        if (str_eq(value_get_str(test, S("expect")), str_of(decisions[v.decision])) &&
            (!str_is_set(by) || str_eq(by, str_of(sources[v.source]))))
            continue;
        print_error("%.*s: got %s by %s\n", STR(value_get_str(test, S("says"))),
                    decisions[v.decision], sources[v.source]);
        n_wrong++;
    }
    assert_true(value_count(table) > 100);
    assert_int_equal(n_wrong, 0);
    arena_done(&a);
}

static void every_malformed_document_is_refused_with_its_reason(void **state)
{
    (void)state;
    struct arena a = { 0 };
    const struct value *table = data_yaml(&a, "policy_refusals.yaml");

    for (size_t i = 0; i < value_count(table); i++) {
        const struct value *test = value_at(table, i);
        struct str kind = value_get_str(test, S("kind"));
        const struct policy *p;
        struct str why;
        int result = policy_compile(&a, value_get(test, S("policy")),
                                    str_eq(kind, S("trust"))      ? POLICY_TRUST
                                    : str_eq(kind, S("resource")) ? POLICY_RESOURCE
                                                                  : POLICY_IDENTITY,
                                    &p, &why);
        assert_int_equal(result, POLICY_MALFORMED);
        assert_str(why, value_get_str(test, S("why")).p);
    }
    arena_done(&a);
}

static void a_denial_reads_as_aws_writes_it(void **state)
{
    (void)state;
    struct arena a = { 0 };
    struct policy_request r = {
        .principal = callers[POLICY_PRINCIPAL_USER],
        .action = S("ssm:SendCommand"),
        .resource = S("arn:aws:ssm:us-east-1::document/D"),
    };
#define WHO                                                                                        \
    "User: arn:aws:iam::" ACCOUNT ":user/team/ann is not authorized to perform: "                  \
    "ssm:SendCommand on resource: arn:aws:ssm:us-east-1::document/D"

    assert_str(policy_denial(&a, &r, (struct policy_verdict){ 0 }),
               WHO " because no identity-based policy allows the ssm:SendCommand action");
    assert_str(policy_denial(&a, &r,
                             (struct policy_verdict){ POLICY_DENIED_EXPLICIT, POLICY_BY_IDENTITY }),
               WHO " with an explicit deny in an identity-based policy");
    assert_str(policy_denial(&a, &r,
                             (struct policy_verdict){ POLICY_DENIED_IMPLICIT, POLICY_BY_RESOURCE }),
               WHO " because no resource-based policy allows the ssm:SendCommand action");
    assert_str(
        policy_denial(&a, &r, (struct policy_verdict){ POLICY_DENIED_EXPLICIT, POLICY_BY_SCP }),
        WHO " with an explicit deny in a service control policy");
    assert_str(policy_denial_short(&a, &r), WHO);
    arena_done(&a);
}

/* ---- properties, over random policies ---- */

static uint64_t next(uint64_t *seed)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return *seed >> 33;
}

#define PICK(seed, list) (list)[next(seed) % ARRAY_LEN(list)]

static struct value *random_statement(struct arena *a, uint64_t *seed, bool has_principal)
{
    static const char *const actions[] = { "*", "s3:*", "s3:Get*", "s3:PutObject", "ssm:*" };
    static const char *const resources[] = { "*", "arn:aws:s3:::a/*",
                                             "arn:aws:s3:::b/${aws:username}" };
    static const char *const principals[] = {
        "*",
        ACCOUNT,
        "arn:aws:iam::" ACCOUNT ":user/team/ann",
        "arn:aws:iam::" ACCOUNT ":role/path/Runner",
        "arn:aws:sts::" ACCOUNT ":assumed-role/Runner/run-1",
    };
    static const char *const operators[] = {
        "StringEquals",           "StringNotEquals",
        "StringLikeIfExists",     "ForAllValues:StringEquals",
        "ForAnyValue:StringLike",
    };
    struct value *s = value_map(a);

    value_set_str(a, s, S("Effect"), next(seed) % 3 ? S("Allow") : S("Deny"));
    value_set_str(a, s, next(seed) % 4 ? S("Action") : S("NotAction"), str_of(PICK(seed, actions)));
    value_set_str(a, s, next(seed) % 4 ? S("Resource") : S("NotResource"),
                  str_of(PICK(seed, resources)));
    if (has_principal) {
        struct value *who = value_map(a);
        value_set_str(a, who, S("AWS"), str_of(PICK(seed, principals)));
        value_set(a, s, S("Principal"), who);
    }
    if (next(seed) % 3 == 0) {
        struct value *condition = value_map(a), *key = value_map(a);
        value_set_str(a, key, S("k"), next(seed) % 2 ? S("x") : S("y"));
        value_set(a, condition, str_of(PICK(seed, operators)), key);
        value_set(a, s, S("Condition"), condition);
    }
    return s;
}

static struct value *random_statements(struct arena *a, uint64_t *seed, bool has_principal)
{
    struct value *list = value_list(a);

    for (uint64_t n = 1 + next(seed) % 4; n > 0; n--)
        value_append(a, list, random_statement(a, seed, has_principal));
    return list;
}

struct world {
    struct value *identity, *bucket, *boundary, *session, *scp;
    struct policy_request request;
};

static struct world random_world(struct arena *a, uint64_t *seed)
{
    static const char *const actions[] = { "s3:GetObject", "s3:PutObject", "ssm:SendCommand" };
    static const char *const resources[] = { "*", "arn:aws:s3:::a/x", "arn:aws:s3:::b/ann" };
    struct policy_key *key = arena_new(a, struct policy_key);

    key->name = S("k");
    key->values = (struct strs){ arena_array(a, struct str, 2), next(seed) % 3 };
    for (size_t i = 0; i < key->values.count; i++)
        key->values.items[i] = next(seed) % 2 ? S("x") : S("z");
    return (struct world){
        .identity = random_statements(a, seed, false),
        .bucket = next(seed) % 2 ? random_statements(a, seed, true) : NULL,
        .boundary = next(seed) % 3 == 0 ? random_statements(a, seed, false) : NULL,
        .session = next(seed) % 3 == 0 ? random_statements(a, seed, false) : NULL,
        .scp = next(seed) % 3 == 0 ? random_statements(a, seed, false) : NULL,
        .request = { .principal = callers[next(seed) % ARRAY_LEN(callers)],
                     .action = str_of(PICK(seed, actions)),
                     .resource = str_of(PICK(seed, resources)),
                     .resource_account = next(seed) % 3 ? S(ACCOUNT) : S("444455556666"),
                     .keys = key,
                     .n_keys = 1,
                     .now = NOW },
    };
}

static enum policy_decision decide(struct arena *a, const struct world *w)
{
    struct policy_list session = list_of(a, compile(a, w->session, POLICY_IDENTITY, false));
    struct policy_list scp = list_of(a, compile(a, w->scp, POLICY_IDENTITY, false));
    struct policy_set set = {
        .scp_levels = &scp,
        .n_scp_levels = w->scp ? 1 : 0,
        .identity = list_of(a, compile(a, w->identity, POLICY_IDENTITY, false)),
        .boundary = compile(a, w->boundary, POLICY_IDENTITY, false),
        .session = w->session ? &session : NULL,
        .resource = compile(a, w->bucket, POLICY_RESOURCE, false),
    };

    return policy_decide(a, &set, &w->request).decision;
}

static struct value **pick_document(struct world *w, uint64_t *seed)
{
    struct value **all[] = { &w->identity, &w->bucket, &w->boundary, &w->session, &w->scp };

    for (;;) {
        struct value **one = PICK(seed, all);
        if (*one)
            return one;
    }
}

/* The same document with one more Deny at a random place of the list. */
static struct value *with_deny(struct arena *a, struct value *statements, struct value *deny,
                               uint64_t *seed)
{
    struct value *list = value_list(a);
    size_t place = next(seed) % (value_count(statements) + 1);

    for (size_t i = 0; i <= value_count(statements); i++) {
        if (i == place)
            value_append(a, list, deny);
        if (i < value_count(statements))
            value_append(a, list, value_at(statements, i));
    }
    return list;
}

static void one_more_deny_never_allows_more(void **state)
{
    (void)state;
    struct arena a = { 0 };
    size_t n_allowed = 0;

    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t seed = i;
        struct world w = random_world(&a, &seed);
        enum policy_decision before = decide(&a, &w);

        struct value **document = pick_document(&w, &seed);
        struct value *deny = random_statement(&a, &seed, document == &w.bucket);
        value_set_str(&a, deny, S("Effect"), S("Deny"));
        *document = with_deny(&a, *document, deny, &seed);
        enum policy_decision after = decide(&a, &w);

        n_allowed += before == POLICY_ALLOWED;
        assert_true(after == before || after == POLICY_DENIED_EXPLICIT);
        arena_reset(&a);
    }
    assert_in_range(n_allowed, 1000, 19000); /* the worlds are worth something */
    arena_done(&a);
}

static void the_order_of_statements_does_not_count(void **state)
{
    (void)state;
    struct arena a = { 0 };

    for (uint64_t i = 0; i < 20000; i++) {
        uint64_t seed = i;
        struct world w = random_world(&a, &seed);
        enum policy_decision before = decide(&a, &w);

        struct value *list = *pick_document(&w, &seed);
        for (size_t k = value_count(list); k > 1; k--) {
            size_t other = next(&seed) % k;
            struct value *swapped = list->list.items[k - 1];
            list->list.items[k - 1] = list->list.items[other];
            list->list.items[other] = swapped;
        }
        assert_int_equal(decide(&a, &w), before);
        arena_reset(&a);
    }
    arena_done(&a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_case_of_the_table_is_decided_as_aws_does),
        cmocka_unit_test(every_malformed_document_is_refused_with_its_reason),
        cmocka_unit_test(a_denial_reads_as_aws_writes_it),
        cmocka_unit_test(one_more_deny_never_allows_more),
        cmocka_unit_test(the_order_of_statements_does_not_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
