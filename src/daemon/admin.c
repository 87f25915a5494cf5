/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/admin.h"

#include <stdio.h>
#include <unistd.h>

#include "daemon/datadir.h"
#include "daemon/wiring.h"
#include "svc/iam/iam.h"
#include "svc/organizations/organizations.h"
#include "sys/clock.h"
#include "sys/verb.h"

struct admin_arguments {
    struct str data, account, name;
};

struct order {
    struct arena a;
    struct str data, account, name;
    bool creates;
    struct bootstrap_keys keys;
    struct str is_wrong;
};

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

/* Without a plane's data nothing is made: it would be another plane, of nobody. */
static bool is_there(struct order *o)
{
    return access(arena_fmt(&o->a, "%.*s/patchbay.db", STR(o->data)).p, F_OK) == 0;
}

static int carry_out_order(const struct admin_arguments *given, bool creates)
{
    struct order o = {
        .data = given->data, .account = given->account, .name = given->name, .creates = creates
    };
    int result = 0;

    if (is_there(&o))
        result = run(&o);
    else
        o.is_wrong = S("no plane has kept its data there");
    if (result != 0)
        fprintf(stderr, "patchbayd admin: %s\n", err_trace());
    else if (str_is_set(o.is_wrong))
        fprintf(stderr, "patchbayd admin: %.*s: %.*s\n",
                STR(str_is_set(o.account) ? o.account : o.data), STR(o.is_wrong));
    else
        printf("account %.*s: profiles account-%.*s and account-%.*s-root in %.*s/credentials\n",
               STR(o.account), STR(o.account), STR(o.account), STR(o.data));
    bool ok = result == 0 && !str_is_set(o.is_wrong);
    arena_done(&o.a);
    return ok ? VERB_OK : VERB_FAILED;
}

static int create_account(struct arena *a, const void *arguments)
{
    (void)a;
    return carry_out_order(arguments, true);
}

static int new_keys(struct arena *a, const void *arguments)
{
    (void)a;
    return carry_out_order(arguments, false);
}

/* ---- the command line ---- */

static bool set_account(struct arena *a, void *arguments, struct str value)
{
    (void)a;
    ((struct admin_arguments *)arguments)->account = value;
    return value.len == 12 && str_is_digits(value);
}

static const char *missing(const void *arguments)
{
    const struct admin_arguments *given = arguments;

    return str_is_empty(given->data) ? "--data DIR is required" : NULL;
}

static const struct verb_option create_options[] = {
    { "data", VERB_TEXT, offsetof(struct admin_arguments, data) },
    { "account", VERB_OWN, .set = set_account },
    { "name", VERB_TEXT, offsetof(struct admin_arguments, name) },
    { 0 },
};

static const struct verb_option keys_options[] = {
    { "data", VERB_TEXT, offsetof(struct admin_arguments, data) },
    { "account", VERB_OWN, .set = set_account },
    { 0 },
};

static const struct verb verb_create_account = {
    .name = "create-account",
    .about = "make a stand-alone account, outside any organization",
    .help =
        "usage: patchbayd admin create-account --data DIR [--account 12DIGITS] [--name NAME]\n\n"
        "Makes a stand-alone account, outside any organization, and writes profiles with its\n"
        "keys into DIR/credentials. The plane must be stopped.\n\n"
        "  --data DIR          of the plane\n"
        "  --account 12DIGITS  its id (random)\n"
        "  --name NAME         its name (account)\n",
    .options = create_options,
    .defaults = &(const struct admin_arguments){ .data = S_INIT("") },
    .size = sizeof(struct admin_arguments),
    .missing = missing,
    .run = create_account,
};

static const struct verb verb_new_keys = {
    .name = "new-keys",
    .about = "make new keys where all were lost",
    .help = "usage: patchbayd admin new-keys --data DIR [--account 12DIGITS]\n\n"
            "Makes new keys of the root user and of the user `admin` of an account, and writes\n"
            "profiles with them into DIR/credentials. The plane must be stopped.\n\n"
            "  --data DIR          of the plane\n"
            "  --account 12DIGITS  whose (the management account's)\n",
    .options = keys_options,
    .defaults = &(const struct admin_arguments){ .data = S_INIT("") },
    .size = sizeof(struct admin_arguments),
    .missing = missing,
    .run = new_keys,
};

int admin_main(int argc, char **argv)
{
    static const struct verb *const verbs[] = { &verb_create_account, &verb_new_keys };
    const struct verb_program program = {
        .name = "patchbayd admin",
        .version = PATCHBAY_VERSION,
        .about = "Both take --data DIR and --account 12DIGITS, create-account --name NAME too.\n",
        .verbs = verbs,
        .count = ARRAY_LEN(verbs),
    };

    return verb_main(&program, argc, argv);
}
