/* SPDX-License-Identifier: Apache-2.0 */
/* rollback, and the history that it goes by. */
#include <stdio.h>
#include <unistd.h>

#include "base/json.h"
#include "base/time.h"
#include "patch/command.h"
#include "patch/gate.h"
#include "patch/plane.h"
#include "patch/rollback.h"
#include "patch/run.h"
#include "sys/file.h"

struct rollback_arguments {
    struct local_options local;
    struct str id; /* absent: the last */
    bool last, dry_run, partial, no_report;
    msec lock_timeout;
};

static const char help[] =
    "usage: patchbay-patch rollback COMMAND-ID|RUN-ID [options]\n"
    "       patchbay-patch rollback --last [options]\n\n"
    "Returns the packages that an install changed to the versions they had before it, where the\n"
    "repositories or the local cache still have those, and removes what came along with them: all\n"
    "of it or nothing. Afterwards the host is scanned and reported to its plane, if it has one.\n"
    "`history` shows the ids.\n"
    "Exit status: 0 done, 1 not done, 149 done but not reported.\n\n"
    "  --dry-run              say what would be returned, and what cannot be\n"
    "  --partial              return what can be, although not all can\n"
    "  --no-report            do not scan and report afterwards\n"
    "  --lock-timeout SECONDS how long to wait for another package manager (120)\n"
    "  --state DIR            keep cache and state there (" LOCAL_STATE_DIR ")\n";

struct history_arguments {
    struct local_options local;
    bool json;
};

static const char history_help[] =
    "usage: patchbay-patch history [--json] [--state DIR]\n\n"
    "The installs and rollbacks of this host that are remembered, the newest first.\n";

/* ---- what is said ---- */

static struct str version_or_none(struct str version)
{
    return str_is_set(version) ? version : S("nothing");
}

static void print_changes(const struct rollback *r, const char *done)
{
    for (size_t i = 0; i < r->n_changes; i++) {
        const struct change *change = &r->changes[i];

        if (str_is_set(change->failure))
            printf("CANNOT return %.*s to %.*s: %.*s\n", STR(change->manager_name),
                   STR(version_or_none(change->to)), STR(change->failure));
        else
            printf("%s %.*s from %.*s to %.*s\n", done, STR(change->manager_name),
                   STR(version_or_none(change->from)), STR(version_or_none(change->to)));
    }
}

/* ---- the plane ---- */

/* What was reported is not so any more. AWS knows no other operation than Scan and
 * Install, and what tells the truth now is a Scan. */
static int report(struct arena *a, const struct rollback_arguments *arguments)
{
    const struct run_options options = {
        .operation = S("Scan"),
        .reboot_option = S("RebootIfNeeded"),
        .snapshot_id = S(""),
        .install_override_list = S(""),
        .baseline_override = S(""),
        .association_id = S(""),
        .execution_id = S(""),
        .state_dir = arguments->local.state_dir,
        .lock_timeout = arguments->lock_timeout,
    };
    struct plane plane = { 0 };
    struct str why = S("");
    int r = plane_open(a, &plane, &why);

    plane_close(&plane);
    if (r == PLANE_UNCONFIGURED) {
        printf("not reported: %.*s\n", STR(why));
        return EXIT_OK;
    }
    fflush(stdout);
    if (r != 0 || run(a, &options) != EXIT_OK) {
        fputs("patchbay-patch: the packages were returned, but the plane was not told\n", stderr);
        return EXIT_REPORT;
    }
    return EXIT_OK;
}

/* ---- rollback ---- */

static int carry_out(struct arena *a, const struct rollback_arguments *arguments,
                     const struct install_options *options, struct state *state)
{
    struct rollback rollback;
    struct str why = S("");
    int r = rollback_plan(a, options, state, arguments->id, &rollback, &why);

    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    if (rollback.n_changes == 0) {
        printf("nothing to return: %zu packages are as they were\n", rollback.n_already);
        return EXIT_OK;
    }
    if (arguments->dry_run) {
        print_changes(&rollback, "would return");
        return rollback.n_impossible > 0 ? EXIT_FAILED : EXIT_OK;
    }
    if (rollback.n_impossible == rollback.n_changes ||
        (rollback.n_impossible > 0 && !arguments->partial)) {
        print_changes(&rollback, "could return");
        return command_fail(1,
                            rollback.n_impossible == rollback.n_changes
                                ? S("nothing can be returned, and nothing was changed")
                                : S("not everything can be returned, so nothing was changed (see "
                                    "--partial)"),
                            EXIT_FAILED);
    }
    r = rollback_run(a, options, state, &rollback, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    print_changes(&rollback, "returned");
    if (str_is_set(rollback.limits))
        printf("limits: %.*s\n", STR(rollback.limits));
    printf("%zu returned, %zu not\n", rollback.n_returned, rollback.n_failed);
    return rollback.n_failed > rollback.n_impossible ? EXIT_FAILED : EXIT_OK;
}

static int rollback(struct arena *a, const void *context)
{
    const struct rollback_arguments *arguments = context;
    struct local local;
    struct state state;
    struct str why = S("");
    int code, lock, r;

    if (geteuid() != 0)
        return command_fail(1, S("returning packages needs root"), EXIT_FAILED);
    code = command_open(a, &arguments->local, &local);
    if (code != EXIT_OK)
        return code;
    r = local_begin(a, &local, &lock, &state, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);

    const struct scan_options scan = local_scan_options(&local, false);
    struct gate gate = { 0 };
    const struct install_options options = {
        .scan = &scan,
        .state_path = local.state_path,
        .history_dir = local.history_dir,
        .log_path = arena_fmt(a, "%s/install.log", local.state_dir).p,
        .marks_path = local.marks_path,
        .settings = &local.settings,
        .gate = &gate,
        .lock_timeout = arguments->lock_timeout,
    };

    gate_open(&gate, local.settings.time_limit, local.settings.script_limit);
    code = carry_out(a, arguments, &options, &state);
    file_unlock(lock);
    if (arguments->dry_run || arguments->no_report || code != EXIT_OK)
        return code;
    return report(a, arguments);
}

static const char *missing(const void *arguments)
{
    const struct rollback_arguments *r = arguments;

    if (r->last ? !str_is_set(r->id) : str_is_set(r->id) && !str_is_empty(r->id))
        return NULL;
    return "a COMMAND-ID is required, or --last: see patchbay-patch history";
}

static const struct verb_option options[] = {
    { "", VERB_TEXT, offsetof(struct rollback_arguments, id) },
    { "last", VERB_YES, offsetof(struct rollback_arguments, last) },
    { "dry-run", VERB_YES, offsetof(struct rollback_arguments, dry_run) },
    { "partial", VERB_YES, offsetof(struct rollback_arguments, partial) },
    { "no-report", VERB_YES, offsetof(struct rollback_arguments, no_report) },
    { "lock-timeout", VERB_SECONDS, offsetof(struct rollback_arguments, lock_timeout) },
    { "state", VERB_TEXT, offsetof(struct rollback_arguments, local.state_dir) },
    { 0 },
};

const struct verb command_rollback = {
    .name = "rollback",
    .about = "return packages to what they were before an install",
    .help = help,
    .options = options,
    .defaults = &(const struct rollback_arguments){ .local.root = S_INIT("/"),
                                                    .lock_timeout = 2 * MSEC_MINUTE },
    .size = sizeof(struct rollback_arguments),
    .missing = missing,
    .run = rollback,
};

/* ---- history ---- */

static void print_runs(const struct history_run *runs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct history_run *run = &runs[i];

        printf("%.*s  %-8.*s  %4zu changed, %zu failed  %s%.*s%.*s\n", STR(run->id),
               STR(run->operation), run->n_changes, run->n_failed,
               run->ended_at == 0 ? "cut off " : "", STR(run->execution_id), STR(run->undoes));
        for (size_t k = 0; k < run->n_changes; k++)
            printf("    %.*s %.*s -> %.*s\n", STR(run->changes[k].manager_name),
                   STR(version_or_none(run->changes[k].from)),
                   STR(version_or_none(run->changes[k].to)));
    }
}

static int history(struct arena *a, const void *context)
{
    const struct history_arguments *arguments = context;
    struct value *list = value_list(a);
    struct history_run *runs = NULL;
    size_t count = 0;
    struct local local;
    struct str why = S("");
    int code = command_open(a, &arguments->local, &local), r;

    if (code != EXIT_OK)
        return code;
    if (local.history_dir && (r = history_list(a, local.history_dir, &runs, &count)) != 0)
        return command_fail(r, why, EXIT_FAILED);
    if (!arguments->json) {
        print_runs(runs, count);
        return EXIT_OK;
    }
    for (size_t i = 0; i < count; i++)
        value_append(a, list, history_json(a, &runs[i]));
    printf("%.*s\n", STR(json_format_pretty(a, list)));
    return EXIT_OK;
}

static const struct verb_option history_options[] = {
    { "json", VERB_YES, offsetof(struct history_arguments, json) },
    { "state", VERB_TEXT, offsetof(struct history_arguments, local.state_dir) },
    { 0 },
};

const struct verb command_history = {
    .name = "history",
    .about = "what was installed and returned on this host",
    .help = history_help,
    .options = history_options,
    .defaults = &(const struct history_arguments){ .local.root = S_INIT("/") },
    .size = sizeof(struct history_arguments),
    .run = history,
};
