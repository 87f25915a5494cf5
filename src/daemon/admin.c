/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/admin.h"

#include <stdio.h>

#include "daemon/datadir.h"
#include "daemon/wiring.h"
#include "svc/iam/iam.h"
#include "svc/organizations/organizations.h"
#include "sys/clock.h"

static const char usage[] =
    "usage: patchbayd admin create-account --data DIR [--account 12DIGITS] [--name NAME]\n"
    "       patchbayd admin new-keys --data DIR [--account 12DIGITS]\n"
    "\n"
    "create-account  makes a stand-alone account, outside any organization\n"
    "new-keys        makes new keys of the root user and of the user `admin` of an\n"
    "                account (the management account if none is given)\n"
    "\n"
    "Both write profiles into DIR/credentials. The plane must be stopped.\n";

struct order {
    struct arena a;
    struct str data, account, name;
    bool creates;
    struct bootstrap_keys keys;
    struct str is_wrong;
};

static bool read_order(struct order *o, int argc, char **argv)
{
    if (argc < 2)
        return false;
    o->creates = strcmp(argv[1], "create-account") == 0;
    if (!o->creates && strcmp(argv[1], "new-keys") != 0)
        return false;
    for (int i = 2; i < argc; i += 2) {
        struct str *value = strcmp(argv[i], "--data") == 0      ? &o->data
                            : strcmp(argv[i], "--account") == 0 ? &o->account
                            : strcmp(argv[i], "--name") == 0    ? &o->name
                                                                : NULL;
        if (!value || i + 1 == argc)
            return false;
        *value = str_of(argv[i + 1]);
    }
    bool account_is_right =
        !str_is_set(o->account) || (o->account.len == 12 && str_is_digits(o->account));
    return str_is_set(o->data) && account_is_right;
}

static struct str keep(struct order *o, struct str s)
{
    return arena_dup(&o->a, s);
}

static int choose_account(struct op *op, struct order *o)
{
    struct account_facts facts;

    if (o->creates && !str_is_set(o->account)) {
        o->account = keep(o, random_text(op->arena, 12, "123456789"));
        return 0;
    }
    if (!str_is_set(o->account)) {
        struct str first;
        TRY(organizations_first_account(op, &first));
        o->account = keep(o, first);
    }
    int found = op->plane->directory->account(op->db, op->arena, o->account, &facts);
    if (found != 0 && found != PORT_NONE)
        TRY(found);
    if (o->creates && found == 0)
        o->is_wrong = S("that account exists");
    if (!o->creates && found == PORT_NONE)
        o->is_wrong = S("there is no such account");
    return 0;
}

static int carry_out(struct op *op, void *context)
{
    struct order *o = context;
    struct bootstrap_keys keys;

    TRY(choose_account(op, o));
    if (str_is_set(o->is_wrong))
        return 0;
    if (o->creates)
        TRY(organizations_create_standalone(op, o->account,
                                            str_is_set(o->name) ? o->name : S("account")));
    TRY(iam_bootstrap(op, o->account, &keys));
    o->keys = (struct bootstrap_keys){
        .root_key = keep(o, keys.root_key),
        .root_secret = keep(o, keys.root_secret),
        .admin_key = keep(o, keys.admin_key),
        .admin_secret = keep(o, keys.admin_secret),
    };
    return 0;
}

static int run(struct order *o)
{
    struct plane plane = { 0 };
    struct datadir d;

    wiring_connect(&plane);
    int result = datadir_open(&o->a, o->data, &plane, &d);
    if (result == 0) {
        struct runtime_config config = { .writer = d.writer,
                                         .open_reader = datadir_reader,
                                         .context = &d,
                                         .workers = 1,
                                         .now = clock_now,
                                         .without_tasks = true };
        result = runtime_start(&plane, &config);
        if (result == 0)
            result = plane_write(&plane, carry_out, o);
        runtime_stop(&plane);
    }
    if (result == 0 && !str_is_set(o->is_wrong)) {
        struct str admin = arena_fmt(&o->a, "account-%.*s", STR(o->account));
        struct str root = arena_fmt(&o->a, "account-%.*s-root", STR(o->account));
        const struct profile profiles[] = {
            { admin, o->keys.admin_key, o->keys.admin_secret },
            { root, o->keys.root_key, o->keys.root_secret },
        };
        result = datadir_write_profiles(&d, profiles, ARRAY_LEN(profiles));
    }
    datadir_close(&d);
    return result;
}

int admin_main(int argc, char **argv)
{
    struct order o = { 0 };

    if (!read_order(&o, argc, argv)) {
        fputs(usage, stderr);
        arena_done(&o.a);
        return 2;
    }
    int result = run(&o);
    if (result != 0)
        fprintf(stderr, "patchbayd admin: %s\n", err_trace());
    else if (str_is_set(o.is_wrong))
        fprintf(stderr, "patchbayd admin: %.*s: %.*s\n", STR(o.account), STR(o.is_wrong));
    else
        printf("account %.*s: profiles account-%.*s and account-%.*s-root in %.*s/credentials\n",
               STR(o.account), STR(o.account), STR(o.account), STR(o.data));
    bool ok = result == 0 && !str_is_set(o.is_wrong);
    arena_done(&o.a);
    return ok ? 0 : 1;
}
