/* SPDX-License-Identifier: Apache-2.0 */
/* The first keys of an account: somebody has to be there before anybody can sign. */
#include "svc/iam/access_key.h"
#include "svc/iam/attachment.h"
#include "svc/iam/epoch.h"
#include "svc/iam/iam.h"
#include "svc/iam/names.h"
#include "svc/iam/user.h"

#define ADMINISTRATOR_ACCESS S("arn:aws:iam::aws:policy/AdministratorAccess")

static int administrator(struct op *op, struct str account, struct user *ret)
{
    int found = user_get(op->db, op->arena, account, S("admin"), ret);
    if (found != DB_NO_ROW) {
        TRY(found);
        return 0;
    }
    struct user user = {
        .name = S("admin"),
        .path = S("/"),
        .id = unique_id(op->arena, "AIDA"),
        .created_at = op->now,
    };
    TRY(user_insert(op->db, account, &user));
    *ret = user;
    return 0;
}

/* Where the owner has as many keys as it may, the oldest makes room: whoever asks
 * for new ones has lost them. */
static int new_key(struct op *op, struct access_key *key)
{
    struct access_key *keys;
    size_t n_keys;

    TRY(access_key_list(op->db, op->arena, key->owner, &keys, &n_keys));
    if (n_keys >= ACCESS_KEYS_PER_OWNER)
        TRY(access_key_delete(op->db, keys[0].id));
    TRY(access_key_new(op, key));
    return 0;
}

int iam_bootstrap(struct op *op, struct str account, struct bootstrap_keys *ret)
{
    struct user user;

    TRY(administrator(op, account, &user));
    TRY(attachment_put(op->db, account, user.id, ADMINISTRATOR_ACCESS));

    struct access_key root = { .account = account, .owner = account };
    struct access_key admin = { .account = account, .owner = user.id };
    TRY(new_key(op, &root));
    TRY(new_key(op, &admin));
    TRY(epoch_bump(op->db, account));
    *ret = (struct bootstrap_keys){
        .root_key = root.id,
        .root_secret = root.secret,
        .admin_key = admin.id,
        .admin_secret = admin.secret,
        .admin_name = user.name,
    };
    return 0;
}
