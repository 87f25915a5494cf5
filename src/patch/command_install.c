/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "patch/command.h"
#include "patch/gate.h"
#include "patch/install.h"
#include "patch/print.h"

#define REFRESH_TIMEOUT (5 * MSEC_MINUTE)

struct install_arguments {
    struct local_options local;
    bool dry_run, no_refresh, no_reboot;
    struct str command_id;
    msec lock_timeout;
};

static const char help[] =
    "usage: patchbay-patch install [options]\n\n"
    "Installs what the baseline approves, by the package manager of the host, keeping local\n"
    "configuration files.\n"
    "Exit status: 0 done, 1 something failed, 3 the host is not well after it (by the settings\n"
    "in " SETTINGS_FILE "), 194 done and a reboot is wanted.\n\n"
    "  --dry-run              say what would be installed\n"
    "  --reboot-option X      RebootIfNeeded (default) or NoReboot: whether 194 is given\n"
    "  --baseline FILE        a patch snapshot document\n"
    "  --no-refresh           do not fetch the package lists first\n"
    "  --lock-timeout SECONDS how long to wait for another package manager (120)\n"
    "  --command-id ID        what the install is called in the history (see rollback)\n"
    "  --state DIR            keep cache and state there (" LOCAL_STATE_DIR ")\n";

static bool set_reboot(struct arena *a, void *arguments, struct str value)
{
    struct install_arguments *i = arguments;

    (void)a;
    i->no_reboot = str_eq(value, S("NoReboot"));
    return i->no_reboot || str_eq(value, S("RebootIfNeeded"));
}

static void print_plan(const struct install *install)
{
    for (size_t i = 0; i < install->n_changes; i++) {
        const struct change *change = &install->changes[i];

        if (str_is_set(change->failure))
            printf("cannot install %.*s %.*s: %.*s\n", STR(change->manager_name), STR(change->to),
                   STR(change->failure));
        else
            printf("would install %.*s %.*s over %.*s\n", STR(change->manager_name),
                   STR(change->to), STR(change->from));
    }
}

void command_print_install(const struct install *install)
{
    for (size_t i = 0; i < install->n_changes; i++) {
        const struct change *change = &install->changes[i];

        if (change->done)
            printf("installed %.*s %.*s over %.*s\n", STR(change->name), STR(change->to),
                   STR(change->from));
        else
            printf("FAILED %.*s %.*s: %.*s\n", STR(change->name), STR(change->to),
                   STR(change->failure));
    }
    if (str_is_set(install->limits))
        printf("limits: %.*s\n", STR(install->limits));
    printf("%zu installed, %zu failed\n", install->n_installed, install->n_failed);
}

static int change(struct arena *a, const struct install_arguments *arguments, struct local *local,
                  struct state *state)
{
    const struct scan_options scan = local_scan_options(local, false);
    struct gate gate = { 0 };
    const struct install_options options = {
        .scan = &scan,
        .state_path = local->state_path,
        .history_dir = local->history_dir,
        .log_path = arena_fmt(a, "%s/install.log", local->state_dir).p,
        .marks_path = local->marks_path,
        .settings = &local->settings,
        .gate = &gate,
        .lock_timeout = arguments->lock_timeout,
        .no_reboot = arguments->no_reboot,
        .simulate = arguments->dry_run,
    };
    struct install install;
    struct str why = S("");
    int r = install_plan(a, &options, state, &install, &why);

    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    if (arguments->dry_run) {
        print_plan(&install);
        return EXIT_OK;
    }
    r = install_recover(a, local, &install.scan, state);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    state->run = (struct state_run){
        .execution_id = arguments->command_id,
        .snapshot_id = S(""),
        .reboot_option = arguments->no_reboot ? S("NoReboot") : S("RebootIfNeeded"),
        .boot_id = local->host.boot_id,
        .started_at = scan.now,
    };
    gate_open(&gate, local->settings.time_limit, local->settings.script_limit);
    r = install_run(a, &options, state, &install, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    command_print_install(&install);
    printf("%.*s", STR(print_summary(a, &install.scan)));
    r = install.n_failed > 0 ? EXIT_FAILED : EXIT_OK;
    if (state->run.phase == RUN_REBOOTING) {
        puts("a reboot is wanted");
        r = EXIT_REBOOT;
    }
    return install.n_changes > 0 ? command_health(a, local, &state->run, r) : r;
}

static int install(struct arena *a, const void *context)
{
    const struct install_arguments *arguments = context;
    struct local local;
    struct state state;
    struct str why = S("");
    int code, lock, r;

    if (geteuid() != 0)
        return command_fail(1, S("installing needs root"), EXIT_FAILED);
    code = command_open(a, &arguments->local, &local);
    if (code != EXIT_OK)
        return code;
    r = local_begin(a, &local, &lock, &state, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    if (!arguments->no_refresh && (r = local_use_sources(a, &local, &why)) != 0)
        return command_fail(r, why, EXIT_SNAPSHOT);
    if (!arguments->no_refresh &&
        (r = local.provider->refresh(a, &local.host, REFRESH_TIMEOUT, &why)) != 0)
        return command_fail(r, why, EXIT_FAILED);
    return change(a, arguments, &local, &state);
}

static const struct verb_option options[] = {
    { "dry-run", VERB_YES, offsetof(struct install_arguments, dry_run) },
    { "reboot-option", VERB_OWN, .set = set_reboot },
    { "baseline", VERB_TEXT, offsetof(struct install_arguments, local.baseline_file) },
    { "no-refresh", VERB_YES, offsetof(struct install_arguments, no_refresh) },
    { "refresh", VERB_NO, offsetof(struct install_arguments, no_refresh) },
    { "lock-timeout", VERB_SECONDS, offsetof(struct install_arguments, lock_timeout) },
    { "command-id", VERB_ID, offsetof(struct install_arguments, command_id) },
    { "state", VERB_TEXT, offsetof(struct install_arguments, local.state_dir) },
    { 0 },
};

const struct verb command_install = {
    .name = "install",
    .about = "install what the baseline approves",
    .help = help,
    .options = options,
    .defaults = &(const struct install_arguments){ .local.root = S_INIT("/"),
                                                   .command_id = S_INIT(""),
                                                   .lock_timeout = 2 * MSEC_MINUTE },
    .size = sizeof(struct install_arguments),
    .run = install,
};
