/* SPDX-License-Identifier: Apache-2.0 */
/* What the API layer asks of IAM on every call: whose key, which role, which policies. */
#include "svc/iam/access_key.h"
#include "svc/iam/attachment.h"
#include "svc/iam/epoch.h"
#include "svc/iam/iam.h"
#include "svc/iam/inline.h"
#include "svc/iam/managed.h"
#include "svc/iam/role.h"
#include "svc/iam/user.h"

static struct principal root_principal(struct arena *a, struct str account)
{
    return (struct principal){
        .kind = PRINCIPAL_ROOT,
        .account = account,
        .arn = arena_fmt(a, "arn:aws:iam::%.*s:root", STR(account)),
        .id = account,
        .name = S("root"),
    };
}

static bool owner_of(struct arena *a, const struct access_key_use *key, struct principal *ret)
{
    if (str_eq(key->owner, key->account)) {
        *ret = root_principal(a, key->account);
        return true;
    }
    *ret = (struct principal){
        .kind = PRINCIPAL_USER,
        .account = key->account,
        .arn = key->user_arn,
        .id = key->owner,
        .name = key->user_name,
    };
    return str_is_set(key->user_name);
}

static int get_access_key(struct db *db, struct arena *a, const uint8_t *master_key, struct str id,
                          struct access_key_facts *ret)
{
    struct access_key_use key = { 0 };
    struct access_key_facts facts = { 0 };

    int found = access_key_use(db, a, master_key, id, &key);
    if (found == DB_NO_ROW || (found == 0 && !owner_of(a, &key, &facts.principal)))
        return PORT_NONE;
    TRY(found);
    facts.secret = key.secret;
    facts.is_active = str_eq(key.status, S("Active"));
    *ret = facts;
    return 0;
}

static int get_role(struct db *db, struct arena *a, struct str account, struct str name,
                    struct role_facts *ret)
{
    struct role role;

    int found = role_get(db, a, account, name, &role);
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    *ret = (struct role_facts){
        .arn = role.arn,
        .id = role.id,
        .name = role.name,
        .path = role.path,
        .trust = role.trust,
        .max_session = role.max_session,
    };
    return 0;
}

/* The id and boundary of whoever's policies are asked for. Outcome: PORT_NONE. */
static int find_owner(struct db *db, struct arena *a, const struct principal *who,
                      struct str *ret_id, struct str *ret_boundary)
{
    struct user user;
    struct role role;
    struct str role_id;

    if (who->kind == PRINCIPAL_USER) {
        int found = user_get_by_id(db, a, who->id, &user);
        if (found == DB_NO_ROW)
            return PORT_NONE;
        TRY(found);
        *ret_id = user.id;
        *ret_boundary = user.boundary;
        return 0;
    }
    if (who->kind != PRINCIPAL_ROLE)
        return PORT_NONE;
    str_cut(who->id, ':', &role_id, &(struct str){ 0 });
    int found = role_get_by_id(db, a, role_id, &role);
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    *ret_id = role.id;
    *ret_boundary = role.boundary;
    return 0;
}

static int default_document(struct db *db, struct arena *a, struct str arn, struct str *ret)
{
    struct managed_version version;

    TRY(managed_document(db, a, arn, 0, &version));
    *ret = version.document;
    return 0;
}

static int get_policies(struct db *db, struct arena *a, const struct principal *who,
                        struct policy_texts *ret)
{
    struct str id, boundary;
    struct strs own, attached;
    struct policy_texts texts = { 0 };

    PASS(find_owner(db, a, who, &id, &boundary));
    TRY(inline_documents(db, a, id, &own));
    TRY(attachment_arns(db, a, id, &attached));

    texts.identity.items = arena_array(a, struct str, own.count + attached.count + 1);
    for (size_t i = 0; i < own.count; i++)
        texts.identity.items[texts.identity.count++] = own.items[i];
    for (size_t i = 0; i < attached.count; i++)
        TRY(default_document(db, a, attached.items[i],
                             &texts.identity.items[texts.identity.count++]));
    if (str_is_set(boundary))
        TRY(default_document(db, a, boundary, &texts.boundary));
    *ret = texts;
    return 0;
}

const struct identity_port iam_identity = {
    .access_key = get_access_key,
    .role = get_role,
    .policies = get_policies,
    .epoch = epoch_get,
};
