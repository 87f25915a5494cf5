/* SPDX-License-Identifier: Apache-2.0 */
/* The command line of patchbay-agent; see docs/patchbay-agent.8. */
#include <stdio.h>
#include <stdlib.h>

#include "agent/attempt.h"
#include "agent/manifest.h"
#include "agent/register.h"
#include "agent/service.h"
#include "agent/updater.h"
#include "sys/verb.h"

#define EXIT_ALREADY 3 /* registered */

static int complain(const char *what)
{
    fprintf(stderr, "patchbay-agent: %s\n", what);
    return VERB_FAILED;
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

/* ---- register ---- */

static const char register_help[] =
    "usage: patchbay-agent register --endpoint URL --region REGION --activation-id ID\n"
    "           --activation-code CODE [options]\n\n"
    "Makes this host a managed node of a Patchbay plane. Exit status 3 if it is one already.\n\n"
    "  --endpoint URL          the plane\n"
    "  --region REGION         of the activation\n"
    "  --activation-id ID      what aws ssm create-activation has answered\n"
    "  --activation-code CODE  the same; - is read from standard input\n"
    "  --ca-file FILE          trust this authority\n"
    "  --force                 replace the identity that this host has\n"
    "  --insecure-http         plain http to another machine, said on purpose\n"
    "  --state DIR             keep the identity there (" CONFIG_STATE ")\n"
    "  --config FILE           settings (" CONFIG_FILE ")\n";

struct register_arguments {
    struct registration r;
    const char *config_file;
};

/* A code on the command line can be seen by every user of the host for a moment. */
static bool set_code(struct arena *a, void *arguments, struct str value)
{
    struct register_arguments *given = arguments;
    char line[512] = "";

    given->r.activation_code = value;
    if (str_eq(value, S("-")))
        given->r.activation_code =
            fgets(line, sizeof(line), stdin) ? arena_dup(a, str_trim(str_of(line))) : S("");
    return true;
}

static const char *register_missing(const void *arguments)
{
    const struct registration *r = &((const struct register_arguments *)arguments)->r;

    if (str_is_empty(r->endpoint))
        return "--endpoint is required";
    if (str_is_empty(r->region))
        return "--region is required";
    if (str_is_empty(r->activation_id))
        return "--activation-id is required";
    return str_is_empty(r->activation_code) ? "--activation-code is required" : NULL;
}

static int main_register(struct arena *a, const void *arguments)
{
    const struct register_arguments *given = arguments;
    struct registration r = given->r;
    struct config config;
    struct str answer;

    if (!read_config(a, given->config_file, &config, &answer))
        return complain(arena_cstr(a, answer));
    r.state = r.state ? r.state : config.state;
    r.machine_id_file = config.machine_id_file;
    if (config_export(&config) != 0)
        return complain(err_trace());
    int result = register_node(a, &r, &answer);
    if (result == 0) {
        printf("registered as %.*s\n", STR(answer));
        return VERB_OK;
    }
    if (result == REGISTER_ALREADY) {
        fprintf(stderr, "patchbay-agent: already registered as %.*s; --force registers anew\n",
                STR(answer));
        return EXIT_ALREADY;
    }
    return complain(result == REGISTER_REFUSED ? arena_cstr(a, answer) : err_trace());
}

static const struct verb_option register_options[] = {
    { "endpoint", VERB_TEXT, offsetof(struct register_arguments, r.endpoint) },
    { "region", VERB_TEXT, offsetof(struct register_arguments, r.region) },
    { "activation-id", VERB_TEXT, offsetof(struct register_arguments, r.activation_id) },
    { "activation-code", VERB_OWN, .set = set_code },
    { "state", VERB_PATH, offsetof(struct register_arguments, r.state) },
    { "config", VERB_PATH, offsetof(struct register_arguments, config_file) },
    { "ca-file", VERB_PATH, offsetof(struct register_arguments, r.ca_file) },
    { "force", VERB_YES, offsetof(struct register_arguments, r.replaces) },
    { "insecure-http", VERB_YES, offsetof(struct register_arguments, r.insecure) },
    { 0 },
};

static const struct verb verb_register = {
    .name = "register",
    .about = "make this host a managed node of a plane",
    .help = register_help,
    .options = register_options,
    .defaults = &(const struct register_arguments){ .config_file = NULL },
    .size = sizeof(struct register_arguments),
    .missing = register_missing,
    .run = main_register,
};

/* ---- run ---- */

static const char run_help[] =
    "usage: patchbay-agent run [options]\n\n"
    "The service, until SIGTERM: what systemctl start patchbay-agent runs.\n\n"
    "  --state DIR               of the registration (" CONFIG_STATE ")\n"
    "  --config FILE             settings (" CONFIG_FILE "), read again on SIGHUP\n"
    "  --reboot-command COMMAND  how the host is restarted\n"
    "  --boot-id-file FILE       a file whose first line changes with each boot\n";

/* What the command line says, which comes after the file whenever that is read. */
struct run_options {
    const char *config_file;
    const char *state, *reboot_command, *boot_id_file; /* NULL: not said */
};

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

static int main_run(struct arena *a, const void *arguments)
{
    struct run_options options = *(const struct run_options *)arguments;
    const struct service_settings settings = { &options, read_run_settings };
    struct str why;

    int result = service_run(a, &settings, &why);
    if (result <= 0)
        return result == 0 ? VERB_OK : complain(err_trace());
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
    return VERB_FAILED;
}

static const struct verb_option run_options[] = {
    { "state", VERB_PATH, offsetof(struct run_options, state) },
    { "config", VERB_PATH, offsetof(struct run_options, config_file) },
    { "reboot-command", VERB_PATH, offsetof(struct run_options, reboot_command) },
    { "boot-id-file", VERB_PATH, offsetof(struct run_options, boot_id_file) },
    { 0 },
};

static const struct verb verb_run = {
    .name = "run",
    .about = "the service",
    .help = run_help,
    .options = run_options,
    .defaults = &(const struct run_options){ 0 },
    .size = sizeof(struct run_options),
    .run = main_run,
};

/* ---- update ---- */

static const char update_help[] =
    "usage: patchbay-agent update [options]\n\n"
    "Installs the plane's newest signed package of the agent, and goes back to the one from "
    "before\n"
    "if the new agent does not reach the plane.\n\n"
    "  --version VERSION   this version instead\n"
    "  --allow-downgrade   an earlier one too\n"
    "  --timeout SECONDS   how long the new agent may take to reach the plane, 1 to 3600 (120)\n"
    "  --key FILE          the packages' public key (" UPDATER_KEY_FILE ")\n"
    "  --state DIR         of the registration (" CONFIG_STATE ")\n"
    "  --resume            go on with an update that was cut off; takes --state alone\n";

struct update_arguments {
    struct update_order order;
    bool resumes;
};

static bool set_version(struct arena *a, void *arguments, struct str value)
{
    struct update_arguments *given = arguments;

    (void)a;
    given->order.version = value;
    return version_is(value);
}

static bool set_timeout(struct arena *a, void *arguments, struct str value)
{
    struct update_arguments *given = arguments;
    int64_t seconds;

    (void)a;
    if (!str_to_int(value, &seconds) || seconds < UPDATER_PATIENCE_MIN ||
        seconds > UPDATER_PATIENCE_MAX)
        return false;
    given->order.patience = seconds * MSEC_SECOND;
    return true;
}

static const char *update_missing(const void *arguments)
{
    const struct update_arguments *given = arguments;

    const struct update_order *o = &given->order;

    if (given->resumes &&
        (str_is_set(o->version) || o->allows_downgrade || o->key_file || o->patience > 0))
        return "--resume goes on with what was begun, and takes --state alone";
    return NULL;
}

static int main_update(struct arena *a, const void *arguments)
{
    const struct update_arguments *given = arguments;
    struct update_order order = given->order;
    struct config config;
    struct str sentence;

    if (given->resumes) {
        int ran = updater_run(a, order.state);
        return ran < 0 ? complain(err_trace()) : VERB_OK; /* or somebody is at it */
    }
    if (!read_config(a, NULL, &config, &sentence)) /* for the proxy */
        return complain(arena_cstr(a, sentence));
    if (config_export(&config) != 0)
        return complain(err_trace());
    if (!order.key_file)
        order.key_file = UPDATER_KEY_FILE;
    if (order.patience == 0)
        order.patience = UPDATER_PATIENCE_DEFAULT * MSEC_SECOND;
    int result = updater_update(a, &order, &sentence);
    if (result < 0)
        return complain(err_trace());
    if (result > 0)
        return complain(arena_cstr(a, sentence));
    printf("%.*s\n", STR(sentence));
    return VERB_OK;
}

static const struct verb_option update_options[] = {
    { "version", VERB_OWN, .set = set_version },
    { "allow-downgrade", VERB_YES, offsetof(struct update_arguments, order.allows_downgrade) },
    { "timeout", VERB_OWN, .set = set_timeout },
    { "key", VERB_PATH, offsetof(struct update_arguments, order.key_file) },
    { "state", VERB_PATH, offsetof(struct update_arguments, order.state) },
    { "resume", VERB_YES, offsetof(struct update_arguments, resumes) },
    { 0 },
};

static const struct verb verb_update = {
    .name = "update",
    .about = "install the plane's newest signed package of the agent, or go back",
    .help = update_help,
    .options = update_options,
    .defaults = &(const struct update_arguments){ .order.state = CONFIG_STATE },
    .size = sizeof(struct update_arguments),
    .missing = update_missing,
    .run = main_update,
};

static const struct verb *const verbs[] = { &verb_register, &verb_run, &verb_update };

int main(int argc, char **argv)
{
    const struct verb_program program = {
        .name = "patchbay-agent",
        .version = PATCHBAY_VERSION,
        .about = "See patchbay-agent(8).\n",
        .verbs = verbs,
        .count = ARRAY_LEN(verbs),
    };

    if (argc > 1 && strcmp(argv[1], "keep-step") == 0) /* of the agent itself: attempt.h */
        return keeper_main(argc - 1, argv + 1);
    return verb_main(&program, argc, argv);
}
