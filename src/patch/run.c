/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/run.h"

#include <stdio.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/json.h"
#include "engine/baseline_override.h"
#include "patch/command.h"
#include "patch/gate.h"
#include "patch/inventory.h"
#include "patch/package_facts.h"
#include "patch/print.h"
#include "patch/report.h"
#include "sys/clock.h"
#include "sys/file.h"

#define REFRESH_TIMEOUT   (10 * MSEC_MINUTE)
#define REPORTED_LIST_MAX 256 /* characters, in InstancePatchState */

struct session {
    struct arena *arena;
    const struct run_options *options;
    struct local local;
    struct plane plane;
    struct state state;
    struct str snapshot_id;
    struct override_list list;
    struct baseline_override override; /* `request` is NULL where there is none */
    msec started_at;
    bool is_install, no_reboot, rebooted;
};

/* ---- before ---- */

/* "InstallOverrideList and BaselineOverride together: document fails, nothing
 * scanned or installed." A Scan ignores the list. */
static int check_overrides(const struct run_options *o)
{
    if (!str_is_empty(o->install_override_list) && !str_is_empty(o->baseline_override))
        return command_fail(1,
                            S("InstallOverrideList and BaselineOverride cannot be used "
                              "together"),
                            EXIT_BOTH_OVERRIDES);
    if (o->pin_versions && str_is_empty(o->snapshot_id))
        return command_fail(
            1, S("versions are pinned with a snapshot: PinVersions needs SnapshotId"), EXIT_FAILED);
    if (!str_is_empty(o->association_id))
        printf("association %.*s\n", STR(o->association_id));
    return EXIT_OK;
}

static int open_session(struct session *s)
{
    const struct local_options options = { .root = S("/"), .state_dir = s->options->state_dir };
    struct str why = S("");
    int code = command_open(s->arena, &options, &s->local), lock, r;

    if (code != EXIT_OK)
        return code;
    r = local_begin(s->arena, &s->local, &lock, &s->state, &why); /* held until the end */
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    r = plane_open(s->arena, &s->plane, &why);
    return r != 0 ? command_fail(r, why, EXIT_FAILED) : EXIT_OK;
}

/* The same command again after the reboot it asked for? */
static bool is_reentry(const struct session *s)
{
    const struct state_run *run = &s->state.run;

    if (!s->is_install || run->phase != RUN_REBOOTING)
        return false;
    if (!str_is_empty(s->options->execution_id) || !str_is_empty(run->execution_id))
        return str_eq(run->execution_id, s->options->execution_id);
    return str_is_empty(s->options->snapshot_id) ||
           str_eq(run->snapshot_id, s->options->snapshot_id);
}

static bool has_override(const struct session *s)
{
    return s->override.request || !str_is_empty(s->options->baseline_override);
}

/* "Except when a patching operation uses a patch policy, using the BaselineOverride
 * parameter doesn't overwrite the patch compliance." */
static bool is_patch_policy(const struct session *s)
{
    return has_override(s) && !s->options->as_association &&
           !str_is_empty(s->options->association_id);
}

/* ---- the snapshot ---- */

/* After a reboot the address may have expired; what it had is frozen in the snapshot. */
static int fetch_override(struct session *s, bool again)
{
    struct str url = s->options->baseline_override, text, why = S("");
    struct value *doc;
    int r;

    if (str_is_empty(url))
        return EXIT_OK;
    r = plane_fetch_given(s->arena, &s->plane, url, BASELINE_OVERRIDE_MAX_BYTES, &text, &why);
    if (r == 0)
        r = json_parse(s->arena, text, &doc, &why);
    if (r == 0)
        r = baseline_override_parse(s->arena, doc, s->local.host.os, &s->override, &why);
    if (r > 0 && again) {
        printf("the snapshot stands for the BaselineOverride, which is not to be had any more: "
               "%.*s\n",
               STR(why));
        return EXIT_OK;
    }
    if (r != 0)
        return command_fail(r, arena_fmt(s->arena, "bad BaselineOverride: %.*s", STR(why)),
                            EXIT_FAILED);
    return EXIT_OK;
}

/* A baseline that tags choose counts as an override does: before the node's own. */
static int fetch_tagged(struct session *s)
{
    const struct association_tags *tags = &s->options->baseline_tags;
    struct str why = S("");

    if (!str_is_set(tags->key))
        return EXIT_OK;
    int r = association_baseline(s->arena, &s->plane, tags, s->local.host.os, &s->override, &why);
    if (r == ASSOCIATION_NONE)
        printf("no baseline for %s has the tags\n", patch_os_info(s->local.host.os)->name);
    return r == 0 || r == ASSOCIATION_NONE ? EXIT_OK : command_fail(r, why, EXIT_FAILED);
}

/* The snapshot may be older than the override, and then it wins: only where it says the
 * same is it what the override calls it. */
static void name_snapshot(struct session *s)
{
    struct baseline *frozen = &s->local.snapshot.baseline;

    if (!s->override.request)
        return;
    if (!baseline_same_rules(s->arena, frozen, &s->override.baseline)) {
        puts("the snapshot was frozen before this BaselineOverride, and counts");
        return;
    }
    if (!str_is_empty(s->override.baseline.id))
        frozen->id = s->override.baseline.id;
    if (!str_is_empty(s->override.baseline.name))
        frozen->name = s->override.baseline.name;
}

static int snapshot_code(int result, const struct plane_error *error)
{
    if (result != PLANE_REFUSED)
        return EXIT_SNAPSHOT;
    if (str_eq(error->code, S("UnsupportedOperatingSystem")))
        return EXIT_UNSUPPORTED_OS;
    return str_starts(error->code, S("AccessDenied")) ? EXIT_SNAPSHOT_DENIED : EXIT_SNAPSHOT;
}

static int fetch_snapshot(struct session *s)
{
    struct value *in = value_map(s->arena), *answer;
    struct plane_error error = { 0 };
    struct str text, why = S("");
    int r;

    value_set_str(s->arena, in, S("InstanceId"), s->plane.instance_id);
    value_set_str(s->arena, in, S("SnapshotId"), s->snapshot_id);
    if (s->override.request)
        value_set(s->arena, in, S("BaselineOverride"), s->override.request);
    r = plane_call(s->arena, &s->plane, "GetDeployablePatchSnapshotForInstance", in, &answer,
                   &error, &why);
    if (r == 0)
        r = plane_download(s->arena, &s->plane, value_get_str(answer, S("SnapshotDownloadUrl")),
                           BASELINE_DOC_MAX_BYTES, &text, &error, &why);
    if (r != 0)
        return command_fail(r, arena_fmt(s->arena, "no snapshot: %.*s", STR(why)),
                            snapshot_code(r, &error));
    r = local_use_snapshot(s->arena, &s->local, text, &why);
    if (r != 0)
        return command_fail(r, arena_fmt(s->arena, "bad snapshot: %.*s", STR(why)), EXIT_SNAPSHOT);
    r = local_use_sources(s->arena, &s->local, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    name_snapshot(s);
    printf("baseline %.*s (%.*s), snapshot %.*s\n", STR(s->local.snapshot.baseline.id),
           STR(s->local.snapshot.baseline.name), STR(s->snapshot_id));
    return EXIT_OK;
}

/* A Scan ignores the list. */
static int fetch_list(struct session *s)
{
    struct str url = s->options->install_override_list, text, why = S("");
    int r;

    if (!s->is_install || str_is_empty(url))
        return EXIT_OK;
    r = plane_fetch_given(s->arena, &s->plane, url, OVERRIDE_MAX_BYTES, &text, &why);
    if (r == 0)
        r = override_parse(s->arena, text, &s->list, &why);
    if (r != 0)
        return command_fail(r, arena_fmt(s->arena, "bad InstallOverrideList: %.*s", STR(why)),
                            EXIT_FAILED);
    printf("installing what the list of %zu entries names\n", s->list.count);
    return EXIT_OK;
}

/* What time it is at the plane, whose clock signatures go by too: a host without a clock of its
 * own would wait for approvals that have long come. */
static msec now_there(const struct session *s)
{
    return clock_now() + s->plane.skew;
}

static struct scan_options scan_options_of(const struct session *s)
{
    struct scan_options options = local_scan_options(&s->local, true);

    options.now = now_there(s);
    return options;
}

/* ---- the report ---- */

static int send_report(struct session *s, struct scan *scan)
{
    struct report report = {
        .scan = scan,
        .patch_group = s->local.snapshot.patch_group,
        .snapshot_id = s->snapshot_id,
        .execution_id = s->options->execution_id,
        .operation = s->options->operation,
        .reboot_option = s->is_install ? s->options->reboot_option : S(""),
        .execution_type = is_patch_policy(s) ? S("PatchPolicy") : S("Command"),
        .install_override_list = str_slice(s->options->install_override_list, 0, REPORTED_LIST_MAX),
        .started_at = s->started_at + s->plane.skew,
        .ended_at = now_there(s),
        .last_no_reboot_install_at = s->state.last_no_reboot_install_at,
    };
    struct str why = S("");
    int r;

    s->local.provider->date(s->arena, &s->local.host, &scan->packages);
    r = report_send(s->arena, &s->plane, &report, s->state.sent_hash, &s->state.sent_hash, &why);
    if (r != 0)
        return command_fail(r, arena_fmt(s->arena, "no report: %.*s", STR(why)), EXIT_REPORT);
    package_facts_tell(s->arena, &s->plane, &report, s->rebooted);
    printf("%.*s%.*sreported as %.*s\n", STR(print_table(s->arena, scan, PRINT_WORTH_A_LOOK)),
           STR(print_summary(s->arena, scan)), STR(s->plane.instance_id));
    return EXIT_OK;
}

static int send_association(struct session *s, struct scan *scan)
{
    const struct association_report report = {
        .scan = scan,
        .association_id = s->options->association_id,
        .execution_id = s->options->execution_id,
        .operation = s->options->operation,
        .ended_at = now_there(s),
    };
    struct str why = S("");
    int r = association_send(s->arena, &s->plane, &report, &why);

    if (r != 0)
        return command_fail(r, arena_fmt(s->arena, "no report: %.*s", STR(why)), EXIT_REPORT);
    printf("%.*s%.*sreported for association %.*s\n",
           STR(print_table(s->arena, scan, PRINT_NON_COMPLIANT)),
           STR(print_summary(s->arena, scan)), STR(s->options->association_id));
    return EXIT_OK;
}

/* Beside the report, and never instead of it: a plane that does not take this does
 * not make the run a failure. */
static void tell_facts(struct session *s, struct scan *scan)
{
    struct reboot_facts reboot;
    struct inventory inventory = { .captured_at = now_there(s) };
    struct history_run *runs;
    struct health health;
    struct str why = S("");
    int r = health_read(s->arena, &s->local.host, &health);

    if (r == 0)
        r = history_list(s->arena, s->local.history_dir, &runs, &inventory.n_runs);
    s->local.provider->date(s->arena, &s->local.host, &scan->packages);
    reboot = reboot_read(s->arena, &s->local.host, &scan->packages);
    printf("%.*s", STR(reboot_text(s->arena, &reboot)));
    if (r == 0) {
        inventory.reboot = &reboot;
        inventory.health = &health;
        inventory.runs = runs;
        r = inventory_send(s->arena, &s->plane, &inventory, &why);
    }
    if (r != 0)
        (void)command_fail(r, arena_fmt(s->arena, "the plane was not told this: %.*s", STR(why)),
                           EXIT_OK);
}

/* What was found goes to the plane, or, where another baseline than the node's own was
 * asked for once, to the output alone. */
static int conclude(struct session *s, struct scan *scan)
{
    int r, code = EXIT_OK;

    if (s->options->as_association)
        code = send_association(s, scan);
    else if (has_override(s) && !is_patch_policy(s))
        printf("%.*s%.*snot reported: with BaselineOverride the node's compliance stays as it is\n",
               STR(print_table(s->arena, scan, PRINT_NON_COMPLIANT)),
               STR(print_summary(s->arena, scan)));
    else
        code = send_report(s, scan);
    if (code != EXIT_OK)
        return code;
    s->state.last = (struct state_last){
        .execution_id = s->options->execution_id,
        .operation = s->options->operation,
        .n_missing = scan->n_state[PATCH_MISSING],
        .n_failed = scan->n_state[PATCH_FAILED],
        .n_pending = scan->n_state[PATCH_INSTALLED_PENDING_REBOOT],
    };
    r = state_save(s->arena, s->local.state_path, &s->state);
    if (r != 0)
        return command_fail(r, S("the state could not be written"), EXIT_FAILED);
    tell_facts(s, scan);
    return EXIT_OK;
}

/* ---- Scan, Install, and what follows a reboot ---- */

static int refresh(struct session *s)
{
    struct str why = S("");
    int r = s->local.provider->refresh(s->arena, &s->local.host, REFRESH_TIMEOUT, &why);

    if (r == 0)
        return EXIT_OK;
    return command_fail(
        r, arena_fmt(s->arena, "the package lists could not be fetched: %.*s", STR(why)),
        EXIT_FAILED);
}

static int run_scan(struct session *s)
{
    const struct scan_options options = scan_options_of(s);
    struct scan scan;
    struct str why = S("");
    int r = install_scan(s->arena, &s->local, &options, &s->state, &scan, &why);

    if (r == 0)
        r = install_recover(s->arena, &s->local, &scan, &s->state);
    return r != 0 ? command_fail(r, why, EXIT_FAILED) : conclude(s, &scan);
}

static int end_install(struct session *s, struct install *install)
{
    int code;

    command_print_install(install);
    if (s->state.run.phase == RUN_REBOOTING) {
        puts("a reboot is asked for; the report follows after it");
        return EXIT_REBOOT;
    }
    code = conclude(s, &install->scan);
    if (code != EXIT_OK)
        return code;
    code = install->n_failed > 0 ? EXIT_FAILED : EXIT_OK;
    return install->n_changes > 0 ? command_health(s->arena, &s->local, &s->state.run, code) : code;
}

static void print_differences(const struct pins *pins)
{
    for (size_t i = 0; i < pins->n_differences; i++) {
        const struct pin_difference *d = &pins->differences[i];

        printf("drift of %.*s: pinned %.*s by %.*s, the mirror has %.*s\n", STR(d->name),
               STR(d->pinned), STR(d->by), STR(d->offered));
    }
}

static int run_install(struct session *s)
{
    const struct scan_options scan = scan_options_of(s);
    struct pins pins = { .plane = &s->plane, .snapshot_id = s->snapshot_id };
    struct gate gate = { 0 };
    const struct install_options options = {
        .scan = &scan,
        .state_path = s->local.state_path,
        .history_dir = s->local.history_dir,
        .log_path = arena_fmt(s->arena, "%s/install.log", s->local.state_dir).p,
        .marks_path = s->local.marks_path,
        .settings = &s->local.settings,
        .gate = &gate,
        .lock_timeout = s->options->lock_timeout,
        .pins = s->options->pin_versions ? &pins : NULL,
        .list = str_is_empty(s->options->install_override_list) ? NULL : &s->list,
        .no_reboot = s->no_reboot,
    };
    struct install install;
    struct str why = S("");
    int r = install_plan(s->arena, &options, &s->state, &install, &why);

    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    print_differences(&pins);
    if (options.list)
        printf("%.*s", STR(override_explain(s->arena, options.list, &install.scan.packages)));
    r = install_recover(s->arena, &s->local, &install.scan, &s->state);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    s->state.run = (struct state_run){
        .execution_id = s->options->execution_id,
        .snapshot_id = s->snapshot_id,
        .reboot_option = s->options->reboot_option,
        .boot_id = s->local.host.boot_id,
        .started_at = s->started_at,
    };
    gate_open(&gate, s->local.settings.time_limit, s->local.settings.script_limit);
    r = install_run(s->arena, &options, &s->state, &install, &why);
    return r != 0 ? command_fail(r, why, EXIT_FAILED) : end_install(s, &install);
}

/* Nothing is installed here, whatever is missing by now: one command, one
 * Install. Where the host did not restart, asking again would go on for ever. */
static int run_after_reboot(struct session *s)
{
    const struct scan_options options = scan_options_of(s);
    struct state_run *run = &s->state.run;
    const struct scan_memory memory = { .state = &s->state,
                                        .changes = run->changes,
                                        .n_changes = run->n_changes };
    struct scan scan;
    struct str why = S("");
    int code, r = 0;

    s->rebooted = !str_eq(run->boot_id, s->local.host.boot_id);
    if (s->rebooted)
        r = health_await_boot(&s->local.host);
    if (r == 0)
        r = scan_run(s->arena, &options, &memory, &scan, &why);
    if (r != 0)
        return command_fail(r, why, EXIT_FAILED);
    puts(s->rebooted ? "the host was rebooted" : "the host was asked to reboot, and did not");
    run->phase = RUN_DONE;
    code = conclude(s, &scan);
    if (code != EXIT_OK)
        return code;
    code = s->rebooted && scan.n_state[PATCH_FAILED] == 0 ? EXIT_OK : EXIT_FAILED;
    return command_health(s->arena, &s->local, run, code);
}

static int run_session(struct session *s)
{
    bool again = is_reentry(s);
    int code;

    if (again) {
        s->started_at = s->state.run.started_at;
        s->snapshot_id = s->state.run.snapshot_id;
    } else if (!str_is_empty(s->options->snapshot_id)) {
        s->snapshot_id = s->options->snapshot_id;
    } else {
        s->snapshot_id = random_uuid(s->arena);
    }
    code = fetch_override(s, again);
    if (code == EXIT_OK)
        code = fetch_tagged(s);
    if (code == EXIT_OK)
        code = fetch_snapshot(s);
    if (code == EXIT_OK && !again)
        code = fetch_list(s);
    if (code == EXIT_OK) /* after a reboot too: the host may have been away for weeks */
        code = refresh(s);
    if (code != EXIT_OK)
        return code;
    if (again)
        return run_after_reboot(s);
    return s->is_install ? run_install(s) : run_scan(s);
}

int run(struct arena *a, const struct run_options *options)
{
    struct session s = {
        .arena = a,
        .options = options,
        .started_at = clock_now(),
        .is_install = str_eq(options->operation, S("Install")),
        .no_reboot = str_eq(options->reboot_option, S("NoReboot")),
    };
    int code = check_overrides(options);

    if (code == EXIT_OK && geteuid() != 0)
        code = command_fail(1, S("this needs root"), EXIT_FAILED);
    if (code == EXIT_OK)
        code = open_session(&s);
    if (code == EXIT_OK)
        code = run_session(&s);
    plane_close(&s.plane);
    return code;
}
