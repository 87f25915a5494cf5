/* SPDX-License-Identifier: Apache-2.0 */
#include "api/principal.h"

static const char *const kinds[] = {
    [PRINCIPAL_ANONYMOUS] = "Anonymous", [PRINCIPAL_ROOT] = "Root",       [PRINCIPAL_USER] = "User",
    [PRINCIPAL_ROLE] = "Role",           [PRINCIPAL_SERVICE] = "Service", [PRINCIPAL_NODE] = "Node",
};

struct principal principal_copy(struct arena *a, const struct principal *p)
{
    return (struct principal){
        .kind = p->kind,
        .account = arena_dup(a, p->account),
        .arn = arena_dup(a, p->arn),
        .id = arena_dup(a, p->id),
        .name = arena_dup(a, p->name),
        .session = arena_dup(a, p->session),
        .policy = arena_dup(a, p->policy),
        .chained = p->chained,
    };
}

struct value *principal_to_value(const struct principal *p, struct arena *a)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("kind"), str_of(kinds[p->kind]));
    value_set_str(a, v, S("account"), p->account);
    value_set_str(a, v, S("arn"), p->arn);
    value_set_str(a, v, S("id"), p->id);
    value_set_str(a, v, S("name"), p->name);
    value_set_str(a, v, S("session"), p->session);
    if (str_is_set(p->policy))
        value_set_str(a, v, S("policy"), p->policy);
    value_set_bool(a, v, S("chained"), p->chained);
    return v;
}

bool principal_from_value(const struct value *v, struct arena *a, struct principal *ret)
{
    struct str kind = value_get_str(v, S("kind"));

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eq(kind, str_of(kinds[i])))
            continue;
        *ret = (struct principal){
            .kind = (enum principal_kind)i,
            .account = arena_dup(a, value_get_str(v, S("account"))),
            .arn = arena_dup(a, value_get_str(v, S("arn"))),
            .id = arena_dup(a, value_get_str(v, S("id"))),
            .name = arena_dup(a, value_get_str(v, S("name"))),
            .session = arena_dup(a, value_get_str(v, S("session"))),
            .policy = arena_dup(a, value_get_str(v, S("policy"))),
            .chained = value_get_bool(v, S("chained"), false),
        };
        return true;
    }
    return false;
}

struct principal principal_service(struct str service_name, struct str account)
{
    return (struct principal){
        .kind = PRINCIPAL_SERVICE,
        .account = account,
        .arn = service_name,
        .id = service_name,
        .name = service_name,
    };
}
