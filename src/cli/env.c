/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What makes any AWS tool use this plane: exports for the shell, and a profile
 * for each account whose credentials `patchbay credentials` gives.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/json.h"
#include "cli/command.h"
#include "sys/file.h"

/* 'text' for sh, whatever is in it. */
static struct str quoted(struct arena *a, struct str s)
{
    struct buf b = buf_in(a);

    buf_byte(&b, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] == '\'')
            buf_lit(&b, "'\\''");
        else
            buf_byte(&b, s.p[i]);
    }
    buf_byte(&b, '\'');
    return buf_str(&b);
}

/* For credential_process, whose words tools split at blanks outside of quotes. */
static struct str argument(struct arena *a, struct str s)
{
    return str_find(s, ' ') < 0 ? s : arena_fmt(a, "\"%.*s\"", STR(s));
}

static struct str own_path(struct arena *a)
{
    char path[4096];
    ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
    return len > 0 ? arena_dup(a, (struct str){ path, (size_t)len }) : S("patchbay");
}

static void add_profile(struct command_run *r, struct buf *b, struct str account)
{
    const struct client *c = &r->client;

    buf_fmt(b, "[profile account-%.*s]\n", STR(account));
    buf_fmt(b, "credential_process = %.*s --endpoint %.*s --account %.*s",
            STR(argument(&r->a, own_path(&r->a))), STR(c->endpoint), STR(account));
    if (str_is_set(c->profile))
        buf_fmt(b, " --profile %.*s --credentials %.*s", STR(argument(&r->a, c->profile)),
                STR(argument(&r->a, c->credentials_file)));
    if (c->ca_file)
        buf_fmt(b, " --ca-file %.*s", STR(argument(&r->a, str_of(c->ca_file))));
    buf_fmt(b, " credentials\nendpoint_url = %.*s\n", STR(c->endpoint));
    if (c->ca_file)
        buf_fmt(b, "ca_bundle = %s\n", c->ca_file);
    buf_fmt(b, "region = %.*s\n\n", STR(command_region(r)));
}

static int write_config(struct command_run *r, struct str *ret_path)
{
    struct client_call call = { .service = "organizations",
                                .target = "AWSOrganizationsV20161128.ListAccounts" };
    struct value *accounts;
    struct buf b = buf_in(&r->a);
    const char *home = getenv("XDG_CONFIG_HOME");
    struct str dir = home && *home
                         ? str_of(home)
                         : arena_fmt(&r->a, "%s/.config", getenv("HOME") ? getenv("HOME") : "");

    buf_lit(&b, "# Written by `patchbay env`: profiles for every account of the organization.\n\n");
    int listed = client_list(&r->client, &call, S("Accounts"), &accounts, &r->why);
    if (listed < 0)
        TRY(listed);
    for (size_t i = 0; listed == 0 && i < value_count(accounts); i++)
        add_profile(r, &b, value_get_str(value_at(accounts, i), S("Id")));
    if (listed != 0) /* stand-alone, or not for us to see */
        add_profile(r, &b, r->client.account);

    dir = arena_fmt(&r->a, "%.*s/patchbay", STR(dir));
    TRY(file_make_dirs(dir.p, 0700));
    *ret_path = arena_fmt(&r->a, "%.*s/aws-config", STR(dir));
    TRY(file_write(ret_path->p, buf_str(&b), 0600));
    return 0;
}

static void export_line(struct command_run *r, const char *name, struct str value)
{
    printf("export %s=%s\n", name, quoted(&r->a, value).p);
}

static void export_session(struct command_run *r, const struct assumed *as)
{
    export_line(r, "AWS_ACCESS_KEY_ID", as->credentials.access_key);
    export_line(r, "AWS_SECRET_ACCESS_KEY", as->credentials.secret);
    if (str_is_set(as->credentials.token))
        export_line(r, "AWS_SESSION_TOKEN", as->credentials.token);
    else
        puts("unset AWS_SESSION_TOKEN");
}

static int print_exports(struct command_run *r)
{
    struct assumed as;
    struct str config;

    PASS(client_whoami(&r->client, &r->why));
    PASS(client_assume(&r->client, r->account, &as, &r->why));
    PASS(write_config(r, &config));
    puts("# eval \"$(patchbay env)\"; then any AWS tool speaks to this plane.");
    export_line(r, "PATCHBAY_ENDPOINT", r->client.endpoint);
    export_line(r, "AWS_ENDPOINT_URL", r->client.endpoint);
    export_line(r, "AWS_CONFIG_FILE", config);
    if (r->client.ca_file)
        export_line(r, "AWS_CA_BUNDLE", str_of(r->client.ca_file));
    export_line(r, "AWS_DEFAULT_REGION", command_region(r));
    export_session(r, &as);
    puts("# Tools from before AWS_ENDPOINT_URL was known (AWS CLI < 2.13):\n"
         "# aws() { command aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }");
    return 0;
}

static int run_env(struct command_run *r)
{
    int status = command_no_arguments(r, "env");
    if (status != EXIT_WELL)
        return status;
    if (r->json) {
        fputs("patchbay env prints what a shell reads, no JSON: see patchbay credentials\n",
              stderr);
        return EXIT_USAGE;
    }
    int result = print_exports(r);
    return result == 0 ? EXIT_WELL : command_failed(r, result);
}

const struct command command_env = {
    "env",
    "env [--account ID]",
    "exports and role profiles for any AWS tool",
    run_env,
};

/* The form that credential_process wants (AWS SDKs and Tools reference guide). */
static int run_credentials(struct command_run *r)
{
    struct assumed as;
    int status = command_no_arguments(r, "credentials");
    if (status != EXIT_WELL)
        return status;

    int result = client_assume(&r->client, r->account, &as, &r->why);
    if (result != 0)
        return command_failed(r, result);
    struct value *v = value_map(&r->a);
    value_set_int(&r->a, v, S("Version"), 1);
    value_set_str(&r->a, v, S("AccessKeyId"), as.credentials.access_key);
    value_set_str(&r->a, v, S("SecretAccessKey"), as.credentials.secret);
    if (str_is_set(as.credentials.token))
        value_set_str(&r->a, v, S("SessionToken"), as.credentials.token);
    if (str_is_set(as.expiration))
        value_set_str(&r->a, v, S("Expiration"), as.expiration);
    command_print_json(r, v);
    return EXIT_WELL;
}

const struct command command_credentials = {
    "credentials",
    "credentials [--account ID]",
    "for credential_process of a profile",
    run_credentials,
};
