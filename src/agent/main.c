/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of patchbay-agent; see docs/patchbay-agent.8. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/attempt.h"
#include "agent/manifest.h"
#include "agent/register.h"
#include "agent/service.h"
#include "agent/updater.h"

enum exit_code {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_ALREADY = 3, /* registered */
};

static const char usage[] =
    "usage: patchbay-agent register --endpoint URL --region REGION --activation-id ID\n"
    "           --activation-code CODE [--state DIR] [--config FILE] [--ca-file FILE]\n"
    "           [--force] [--insecure-http]\n"
    "       patchbay-agent run [--state DIR] [--config FILE] [--reboot-command COMMAND]\n"
    "           [--boot-id-file FILE]\n"
    "       patchbay-agent update [--version VERSION] [--allow-downgrade] [--timeout SECONDS]\n"
    "           [--key FILE] [--state DIR]\n"
    "       patchbay-agent update --resume [--state DIR]\n"
    "       patchbay-agent --help | --version\n"
    "\n"
    "register makes this host a managed node of a Patchbay plane; run is the service. A CODE\n"
    "of - is read from standard input. update installs the plane's newest signed package of the\n"
    "agent, or VERSION, and goes back if it does not reach the plane. See patchbay-agent(8).\n";

enum option_id {
    OPT_ENDPOINT = 256,
    OPT_REGION,
    OPT_ACTIVATION_ID,
    OPT_ACTIVATION_CODE,
    OPT_STATE,
    OPT_CA_FILE,
    OPT_FORCE,
    OPT_INSECURE_HTTP,
    OPT_CONFIG,
    OPT_REBOOT_COMMAND,
    OPT_BOOT_ID_FILE,
    OPT_VERSION,
    OPT_ALLOW_DOWNGRADE,
    OPT_TIMEOUT,
    OPT_KEY,
    OPT_RESUME,
    OPT_HELP,
};

static const struct option register_options[] = {
    { "endpoint", required_argument, NULL, OPT_ENDPOINT },
    { "region", required_argument, NULL, OPT_REGION },
    { "activation-id", required_argument, NULL, OPT_ACTIVATION_ID },
    { "activation-code", required_argument, NULL, OPT_ACTIVATION_CODE },
    { "state", required_argument, NULL, OPT_STATE },
    { "config", required_argument, NULL, OPT_CONFIG },
    { "ca-file", required_argument, NULL, OPT_CA_FILE },
    { "force", no_argument, NULL, OPT_FORCE },
    { "insecure-http", no_argument, NULL, OPT_INSECURE_HTTP },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static const struct option run_options[] = {
    { "state", required_argument, NULL, OPT_STATE },
    { "config", required_argument, NULL, OPT_CONFIG },
    { "reboot-command", required_argument, NULL, OPT_REBOOT_COMMAND },
    { "boot-id-file", required_argument, NULL, OPT_BOOT_ID_FILE },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static const struct option update_options[] = {
    { "version", required_argument, NULL, OPT_VERSION },
    { "allow-downgrade", no_argument, NULL, OPT_ALLOW_DOWNGRADE },
    { "timeout", required_argument, NULL, OPT_TIMEOUT },
    { "key", required_argument, NULL, OPT_KEY },
    { "state", required_argument, NULL, OPT_STATE },
    { "resume", no_argument, NULL, OPT_RESUME },
    { "help", no_argument, NULL, OPT_HELP },
    { 0 },
};

static int complain(const char *what)
{
    fprintf(stderr, "patchbay-agent: %s\n", what);
    return EXIT_FAILED;
}

static int misused(void)
{
    fputs(usage, stderr);
    return EXIT_USAGE;
}

/* A code on the command line can be seen by every user of the host for a moment. */
static struct str read_code(struct arena *a, const char *given)
{
    char line[512] = "";

    if (strcmp(given, "-") != 0)
        return str_of(given);
    if (!fgets(line, sizeof(line), stdin))
        return S("");
    return arena_dup(a, str_trim(str_of(line)));
}

/* What the file says, the default one if it is there. */
static bool read_config(struct arena *a, const char *file, struct config *ret, struct str *ret_why)
{
    config_defaults(ret);
    int loaded = config_load(a, ret, file ? file : CONFIG_FILE, file, ret_why);
    if (loaded < 0)
        *ret_why = arena_dup(a, str_of(err_trace()));
    return loaded == 0;
}

/* -1: go on; else the exit code. */
static int read_register_options(struct arena *a, int argc, char **argv, struct registration *r)
{
    const char *config_file = NULL;
    struct config config;
    struct str why;
    int option;

    while ((option = getopt_long(argc, argv, "", register_options, NULL)) != -1) {
        switch (option) {
        case OPT_ENDPOINT:
            r->endpoint = str_of(optarg);
            break;
        case OPT_REGION:
            r->region = str_of(optarg);
            break;
        case OPT_ACTIVATION_ID:
            r->activation_id = str_of(optarg);
            break;
        case OPT_ACTIVATION_CODE:
            r->activation_code = read_code(a, optarg);
            break;
        case OPT_STATE:
            r->state = optarg;
            break;
        case OPT_CONFIG:
            config_file = optarg;
            break;
        case OPT_CA_FILE:
            r->ca_file = optarg;
            break;
        case OPT_FORCE:
            r->replaces = true;
            break;
        case OPT_INSECURE_HTTP:
            r->insecure = true;
            break;
        case OPT_HELP:
            fputs(usage, stdout);
            return EXIT_OK;
        default:
            return misused();
        }
    }
    if (optind != argc || !str_is_set(r->endpoint) || !str_is_set(r->region) ||
        !str_is_set(r->activation_id) || !str_is_set(r->activation_code))
        return misused();
    if (!read_config(a, config_file, &config, &why))
        return complain(arena_cstr(a, why));
    r->state = r->state ? r->state : config.state;
    r->machine_id_file = config.machine_id_file;
    return config_export(&config) == 0 ? -1 : complain(err_trace());
}

static int main_register(struct arena *a, int argc, char **argv)
{
    struct registration r = { 0 };
    struct str answer;

    int code = read_register_options(a, argc, argv, &r);
    if (code >= 0)
        return code;
    int result = register_node(a, &r, &answer);
    if (result == 0) {
        printf("registered as %.*s\n", STR(answer));
        return EXIT_OK;
    }
    if (result == REGISTER_ALREADY) {
        fprintf(stderr, "patchbay-agent: already registered as %.*s; --force registers anew\n",
                STR(answer));
        return EXIT_ALREADY;
    }
    return complain(result == REGISTER_REFUSED ? arena_cstr(a, answer) : err_trace());
}

/* What the command line says, which comes after the file whenever that is read. */
struct run_options {
    const char *config_file;
    const char *state, *reboot_command, *boot_id_file; /* NULL: not said */
};

/* -1: go on; else the exit code. */
static int read_run_options(int argc, char **argv, struct run_options *ret)
{
    int option;

    while ((option = getopt_long(argc, argv, "", run_options, NULL)) != -1) {
        switch (option) {
        case OPT_STATE:
            ret->state = optarg;
            break;
        case OPT_CONFIG:
            ret->config_file = optarg;
            break;
        case OPT_REBOOT_COMMAND:
            ret->reboot_command = optarg;
            break;
        case OPT_BOOT_ID_FILE:
            ret->boot_id_file = optarg;
            break;
        case OPT_HELP:
            fputs(usage, stdout);
            return EXIT_OK;
        default:
            return misused();
        }
    }
    return optind != argc ? misused() : -1;
}

static bool read_run_settings(void *context, struct arena *a, struct config *ret,
                              struct str *ret_why)
{
    const struct run_options *given = context;
    const char *boot_id_file = getenv("PATCHBAY_BOOT_ID_FILE");

    if (!read_config(a, given->config_file, ret, ret_why))
        return false;
    if (boot_id_file && *boot_id_file)
        ret->boot_id_file = boot_id_file;
    ret->state = given->state ? given->state : ret->state;
    ret->reboot_command = given->reboot_command ? given->reboot_command : ret->reboot_command;
    ret->boot_id_file = given->boot_id_file ? given->boot_id_file : ret->boot_id_file;
    return true;
}

static int main_run(struct arena *a, int argc, char **argv)
{
    struct run_options options = { 0 };
    const struct service_settings settings = { &options, read_run_settings };
    struct str why;

    int code = read_run_options(argc, argv, &options);
    if (code >= 0)
        return code;
    int result = service_run(a, &settings, &why);
    if (result <= 0)
        return result == 0 ? EXIT_OK : complain(err_trace());
    switch ((enum service_outcome)result) {
    case SERVICE_MISCONFIGURED:
        return complain(arena_cstr(a, why));
    case SERVICE_UNREGISTERED:
        return complain("this host is not registered: see patchbay-agent register --help");
    case SERVICE_DAMAGED:
        return complain("the identity cannot be read: register again with --force");
    case SERVICE_RUNNING:
        return complain("an agent is already running with this state");
    case SERVICE_STUCK:
        return complain("a command cannot be interrupted: the agent has to be started again");
    }
    return EXIT_FAILED;
}

/* -1: go on; else the exit code. */
static int read_update_options(int argc, char **argv, struct update_order *order, bool *ret_resumes)
{
    int64_t seconds = UPDATER_PATIENCE_DEFAULT;
    int option;

    while ((option = getopt_long(argc, argv, "", update_options, NULL)) != -1) {
        switch (option) {
        case OPT_VERSION:
            order->version = str_of(optarg);
            break;
        case OPT_ALLOW_DOWNGRADE:
            order->allows_downgrade = true;
            break;
        case OPT_TIMEOUT:
            if (!str_to_int(str_of(optarg), &seconds))
                return misused();
            break;
        case OPT_KEY:
            order->key_file = optarg;
            break;
        case OPT_STATE:
            order->state = optarg;
            break;
        case OPT_RESUME:
            *ret_resumes = true;
            break;
        case OPT_HELP:
            fputs(usage, stdout);
            return EXIT_OK;
        default:
            return misused();
        }
    }
    order->patience = seconds * MSEC_SECOND;
    if (optind != argc || seconds < UPDATER_PATIENCE_MIN || seconds > UPDATER_PATIENCE_MAX ||
        (str_is_set(order->version) && !version_is(order->version)))
        return misused();
    return -1;
}

static int main_update(struct arena *a, int argc, char **argv)
{
    struct update_order order = { .state = CONFIG_STATE, .key_file = UPDATER_KEY_FILE };
    struct config config;
    struct str sentence;
    bool resumes = false;

    int code = read_update_options(argc, argv, &order, &resumes);
    if (code >= 0)
        return code;
    if (resumes) {
        int ran = updater_run(a, order.state);
        return ran < 0 ? complain(err_trace()) : EXIT_OK; /* or somebody is at it */
    }
    if (!read_config(a, NULL, &config, &sentence)) /* for the proxy */
        return complain(arena_cstr(a, sentence));
    if (config_export(&config) != 0)
        return complain(err_trace());
    int result = updater_update(a, &order, &sentence);
    if (result < 0)
        return complain(err_trace());
    if (result > 0)
        return complain(arena_cstr(a, sentence));
    printf("%.*s\n", STR(sentence));
    return EXIT_OK;
}

int main(int argc, char **argv)
{
    struct arena a = { 0 };
    const char *verb = argc > 1 ? argv[1] : "";
    int code;

    if (strcmp(verb, "register") == 0)
        code = main_register(&a, argc - 1, argv + 1);
    else if (strcmp(verb, "run") == 0)
        code = main_run(&a, argc - 1, argv + 1);
    else if (strcmp(verb, "update") == 0)
        code = main_update(&a, argc - 1, argv + 1);
    else if (strcmp(verb, "keep-step") == 0)
        code = keeper_main(argc - 1, argv + 1);
    else if (strcmp(verb, "--version") == 0)
        code = puts("patchbay-agent " PATCHBAY_VERSION) >= 0 ? EXIT_OK : EXIT_FAILED;
    else if (strcmp(verb, "--help") == 0)
        code = fputs(usage, stdout) >= 0 ? EXIT_OK : EXIT_FAILED;
    else
        code = misused();
    arena_done(&a);
    return code;
}
