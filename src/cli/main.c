/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cli/command.h"

static const struct command *const commands[] = {
    &command_env,   &command_credentials, &command_status,
    &command_nodes, &command_executions,  &command_compliance,
    &command_why,   &command_history,     &command_drift,
};

static void print_help(void)
{
    puts("usage: patchbay [option...] COMMAND [argument...]\n\n"
         "Looks at a fleet through the public API.\n");
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        printf("  %-28s %s\n", commands[i]->usage, commands[i]->help);
    puts("\n"
         "  --endpoint URL       the plane (PATCHBAY_ENDPOINT, AWS_ENDPOINT_URL)\n"
         "  --profile NAME       profile of the credentials file (AWS_PROFILE)\n"
         "  --credentials FILE   shared credentials file (AWS_SHARED_CREDENTIALS_FILE)\n"
         "  --ca-file FILE       trust this authority (AWS_CA_BUNDLE)\n"
         "  --account ID         only this account\n"
         "  --region R[,R...]    only these Regions\n"
         "  --output json|table  table is for people\n"
         "  --help, --version\n\n"
         "exit codes: 0 all well; 1 it could not be told; 2 wrong use; 3 something is not well");
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(commands); i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static int wrong_use(const char *what, const char *which)
{
    fprintf(stderr, "patchbay: %s %s\nTry patchbay --help.\n", what, which);
    return EXIT_USAGE;
}

/* Each --region adds to those before. */
static void add_regions(struct command_run *r, struct str value)
{
    struct strs more = arena_split(&r->a, value, ',');
    struct str *all = arena_array(&r->a, struct str, r->regions.count + more.count);

    for (size_t i = 0; i < r->regions.count; i++)
        all[i] = r->regions.items[i];
    for (size_t i = 0; i < more.count; i++)
        all[r->regions.count + i] = more.items[i];
    r->regions = (struct strs){ all, r->regions.count + more.count };
}

static bool set_account(struct command_run *r, struct str value)
{
    r->account = value;
    return value.len == 12 && str_is_digits(value);
}

static bool set_output(struct command_run *r, const char *value)
{
    r->json = strcmp(value, "json") == 0;
    return r->json || strcmp(value, "table") == 0;
}

/* True if it is an option that takes a value, which is then set. */
static bool take_option(struct command_run *r, const char *name, const char *value, bool *ret_ok)
{
    struct {
        const char *name;
        struct str *to;
    } texts[] = {
        { "--endpoint", &r->options.endpoint },
        { "--profile", &r->options.profile },
        { "--credentials", &r->options.credentials_file },
        { "--ca-file", &r->options.ca_file },
    };

    *ret_ok = value != NULL;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        if (strcmp(name, texts[i].name) == 0) {
            if (value)
                *texts[i].to = str_of(value);
            return true;
        }
    }
    if (strcmp(name, "--region") == 0) {
        if (value)
            add_regions(r, str_of(value));
        return true;
    }
    if (strcmp(name, "--account") == 0) {
        *ret_ok = value && set_account(r, str_of(value));
        return true;
    }
    if (strcmp(name, "--output") == 0) {
        *ret_ok = value && set_output(r, value);
        return true;
    }
    return false;
}

static int read_line(struct command_run *r, int argc, char **argv, bool *ret_done)
{
    r->words = arena_array(&r->a, const char *, (size_t)argc + 1);
    for (int i = 1; i < argc; i++) {
        bool ok = true;
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help();
            *ret_done = true;
            return EXIT_WELL;
        }
        if (strcmp(argv[i], "--version") == 0) {
            puts("patchbay " PATCHBAY_VERSION);
            *ret_done = true;
            return EXIT_WELL;
        }
        if (strcmp(argv[i], "--details") == 0) {
            r->details = true;
            continue;
        }
        if (argv[i][0] != '-') {
            r->words[r->n_words++] = argv[i];
            continue;
        }
        struct str name, value;
        bool is_one = str_cut(str_of(argv[i]), '=', &name, &value); /* --name=value */
        const char *given = is_one ? value.p : i + 1 < argc ? argv[i + 1] : NULL;
        if (!take_option(r, arena_cstr(&r->a, name), given, &ok))
            return wrong_use("unknown option", argv[i]);
        if (!ok)
            return wrong_use("missing or wrong value of", argv[i]);
        i += !is_one;
    }
    return EXIT_WELL;
}

static int run(struct command_run *r, int argc, char **argv)
{
    bool done = false;
    int status = read_line(r, argc, argv, &done);

    if (done || status != EXIT_WELL)
        return status;
    if (r->n_words == 0) {
        print_help();
        return EXIT_USAGE;
    }
    const struct command *command = find_command(r->words[0]);
    if (!command)
        return wrong_use("unknown command", r->words[0]);
    if (r->details && command != &command_nodes)
        return wrong_use("only nodes takes", "--details");
    r->words++;
    r->n_words--;

    int opened = client_open(&r->client, &r->a, &r->options, &r->why);
    status = opened == 0 ? command->run(r) : command_failed(r, opened);
    client_close(&r->client);
    return status;
}

int main(int argc, char **argv)
{
    struct command_run r = { .json = false };
    int status = run(&r, argc, argv);

    arena_done(&r.a);
    if (fflush(stdout) != 0)
        return EXIT_FAILED;
    return status;
}
