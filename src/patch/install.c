/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/install.h"

#include "patch/apply.h"
#include "patch/gate.h"
#include "patch/health.h"
#include "patch/history.h"
#include "patch/marks.h"
#include "patch/space.h"
#include "sys/clock.h"

/* zypper's lists name patches too, which a package manager is told as their packages. */
static struct strs rejected_of(struct arena *a, const struct baseline *b,
                               const struct packages *packages)
{
    struct strs all = { arena_array(a, struct str, b->rejected.count + packages->count + 1), 0 };

    for (size_t i = 0; i < b->rejected.count; i++)
        all.items[all.count++] = b->rejected.items[i];
    for (size_t i = 0; i < packages->count; i++) {
        const struct patch_facts *f = &packages->items[i].facts;
        struct str version = f->candidate.version;

        if (!f->has_update || !baseline_rejects(b, f, &f->candidate))
            continue;
        if (str_starts(version, S("0:")))
            version = str_from(version, 2);
        all.items[all.count++] = arena_fmt(a, "%.*s-%.*s.%.*s", STR(packages->items[i].new_name),
                                           STR(version), STR(packages->items[i].new_arch));
    }
    return all;
}

static struct strs blocked_by(struct arena *a, const struct install_options *options,
                              const struct install *install)
{
    const struct baseline *b = options->scan->baseline;

    if (b->rejected_action != REJECTED_BLOCK || options->list)
        return (struct strs){ 0 };
    if (patch_os_info(b->os)->family != PATCH_FAMILY_ZYPPER)
        return b->rejected;
    return rejected_of(a, b, &install->scan.packages);
}

static struct change_request request_of(struct arena *a, const struct install_options *options,
                                        struct install *install)
{
    return (struct change_request){
        .host = options->scan->host,
        .changes = install->changes,
        .count = install->n_changes,
        .along = install->along,
        .n_along = install->n_along,
        .blocked = blocked_by(a, options, install),
        .lock_timeout = options->lock_timeout,
        .gate = options->gate,
        .log = -1,
    };
}

int install_plan(struct arena *a, const struct install_options *options, const struct state *state,
                 struct install *ret, struct str *ret_why)
{
    struct install install = { 0 };
    struct change_request request;

    PASS(scan_run(a, options->scan, &(struct scan_memory){ .state = state }, &install.scan,
                  ret_why));
    install.changes = scan_changes(a, &install.scan, options->list, &install.n_changes);
    if (options->pins)
        PASS(pins_hold(a, options->pins, install.changes, &install.n_changes, ret_why));
    request = request_of(a, options, &install);
    if (options->pins)
        PASS(pins_find(a, options->pins, options->scan->provider, &request, ret_why));
    if (options->simulate || request.blocked.count > 0 ||
        (options->pins && options->pins->n_differences > 0))
        PASS(options->scan->provider->simulate(a, &request, ret_why));
    if (options->pins) {
        PASS(pins_hold_along(a, options->pins, options->scan->provider, &request, ret_why));
        pins_explain(a, options->pins, install.changes, install.n_changes);
        install.along = request.along;
        install.n_along = request.n_along;
    }
    *ret = install;
    return 0;
}

static const struct package *find(const struct packages *packages, const struct package *like)
{
    size_t low = 0, high = packages->count;

    while (low < high) { /* sorted by name, then architecture */
        size_t middle = low + (high - low) / 2;
        const struct patch_facts *f = &packages->items[middle].facts;
        int order = str_cmp(f->name, like->facts.name);

        if (order == 0)
            order = str_cmp(f->arch, like->facts.arch);
        if (order == 0)
            return &packages->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

static void remember(struct arena *a, const struct scan *scan, struct state *state,
                     const struct package *like)
{
    const struct state_run *run = &state->run;
    const struct host then = { .boot_id = run->boot_id };
    const struct package *now = find(&scan->packages, like);

    if (now && !now->facts.broken &&
        str_eq(now->facts.installed.version, like->facts.installed.version))
        state_installed(a, state, &then, &now->facts, run->started_at);
}

/* What changed since a run that was cut off began, by its history: in memory only. */
static int remember_cut_off(struct arena *a, const char *history_dir, const struct scan *scan,
                            struct state *state)
{
    const struct state_run *run = &state->run;
    struct history_run since;

    if (run->phase != RUN_INSTALLING)
        return 0;
    for (size_t i = 0; i < run->n_changes; i++) {
        const struct package like = { .facts = { .name = run->changes[i].new_name,
                                                 .arch = run->changes[i].new_arch,
                                                 .installed.version = run->changes[i].to } };

        if (!str_eq(run->changes[i].from, run->changes[i].to))
            remember(a, scan, state, &like);
    }
    TRY(history_since(a, history_dir, &scan->packages, &since)); /* dependencies too */
    for (size_t i = 0; i < since.n_changes; i++) {
        const struct package like = { .facts = { .name = since.changes[i].name,
                                                 .arch = since.changes[i].arch,
                                                 .installed.version = since.changes[i].to } };

        if (str_is_set(since.changes[i].to))
            remember(a, scan, state, &like);
    }
    return 0;
}

int install_recover(struct arena *a, const struct local *local, const struct scan *scan,
                    struct state *state)
{
    TRY(marks_restore(a, local->provider, local->marks_path));
    if (state->run.phase != RUN_INSTALLING)
        return 0;
    TRY(remember_cut_off(a, local->history_dir, scan, state));
    state->run.phase = RUN_DONE;
    int result = state_save(a, local->state_path, state);
    if (result != 0)
        return result < 0 ? result : 0;
    return history_recover(a, local->history_dir, &scan->packages);
}

int install_scan(struct arena *a, const struct local *local, const struct scan_options *options,
                 struct state *state, struct scan *ret, struct str *ret_why)
{
    const struct scan_memory memory = { .state = state };

    PASS(scan_run(a, options, &memory, ret, ret_why));
    if (state->run.phase == RUN_INSTALLING && local->history_dir) {
        TRY(remember_cut_off(a, local->history_dir, ret, state));
        scan_decide(a, ret, &memory, options->now);
    }
    return 0;
}

/* What changed while we worked was our work: dependencies and repairs too. */
static void note_installed(struct arena *a, const struct packages *before, const struct scan *after,
                           struct state *state, struct install *install)
{
    for (size_t i = 0; i < after->packages.count; i++) {
        const struct package *now = &after->packages.items[i];
        const struct package *then = find(before, now);

        if (now->facts.broken)
            continue;
        if (then && !then->facts.broken &&
            str_eq(then->facts.installed.version, now->facts.installed.version))
            continue;
        state_installed(a, state, after->host, &now->facts, clock_now());
        install->n_installed++;
    }
}

static bool came_in(const struct scan *after, const struct change *change)
{
    const struct package like = { .facts = { .name = change->new_name, .arch = change->new_arch } };
    const struct package *now = find(&after->packages, &like);

    return now && !now->facts.broken && str_eq(now->facts.installed.version, change->to);
}

static bool is_there(const struct scan *scan, const struct change *change)
{
    const struct package before = { .facts = { .name = change->name, .arch = change->arch } };
    const struct package after = { .facts = { .name = change->new_name,
                                              .arch = change->new_arch } };

    return find(&scan->packages, &before) || find(&scan->packages, &after);
}

static void judge(struct install *install)
{
    install->n_failed = 0;
    for (size_t i = 0; i < install->n_changes; i++) {
        struct change *change = &install->changes[i];

        change->done = came_in(&install->scan, change);
        if (change->done)
            change->failure = (struct str){ 0 };
        else if (!str_is_set(change->failure) && str_is_set(install->why))
            change->failure = install->why;
        else if (!str_is_set(change->failure))
            change->failure = is_there(&install->scan, change)
                                  ? S("the package manager did not install it")
                                  : S("it was removed meanwhile");
        install->n_failed += !change->done;
    }
}

static int journal(struct arena *a, const struct install_options *options, struct state *state,
                   const struct install *install, enum run_phase phase, struct str *ret_why)
{
    int result;

    state->run.phase = phase;
    state->run.changes = install->changes;
    state->run.n_changes = install->n_changes;
    state->run.n_installed = install->n_installed;
    result = state_save(a, options->state_path, state);
    if (result > 0) {
        *ret_why = arena_fmt(a, "there is no space left to write %s", options->state_path);
        return PROVIDER_FAILED;
    }
    return result;
}

/* What is not there is said of each package, and nothing is begun. */
static int check_space(struct arena *a, const struct install_options *options,
                       struct install *install)
{
    const struct change_request request = request_of(a, options, install);
    const struct scan_request scan = { .host = options->scan->host,
                                       .cache_dir = options->scan->cache_dir };
    struct provider_space need;

    if (!provider_measure(a, options->scan->provider, &scan, &request, &need))
        return 0;
    return space_check(a, scan.host, &need, &install->why);
}

static int change_host(struct arena *a, const struct install_options *options,
                       struct install *install)
{
    struct change_request request = request_of(a, options, install);
    int result = apply_changes(a, options, &request, &install->limits, &install->why);

    return result > 0 ? 0 : result; /* the outcomes are in install->why, and judged */
}

static int carry_out(struct arena *a, const struct install_options *options,
                     struct install *install, struct history_run *run, struct str *ret_why)
{
    int result;

    if (install->n_changes == 0)
        return 0;
    result = check_space(a, options, install);
    if (result == SPACE_LACKING)
        return 0;
    TRY(result);
    PASS(history_begin(a, options->history_dir, run, &install->scan.packages, ret_why));
    TRY(change_host(a, options, install));
    return 0;
}

/* "(a) this Install installed at least one patch or (b) any patch is in
 * INSTALLED_PENDING_REBOOT" (patch reference, RebootIfNeeded). Who told the run to stop does not
 * want the host to reboot either. */
static bool wants_reboot(const struct install_options *options, const struct install *install)
{
    bool waits =
        install->n_installed > 0 || install->scan.n_state[PATCH_INSTALLED_PENDING_REBOOT] > 0;

    return !options->no_reboot && waits && !(options->gate && gate_is_signalled());
}

int install_run(struct arena *a, const struct install_options *options, struct state *state,
                struct install *install, struct str *ret_why)
{
    const struct packages before = install->scan.packages;
    struct scan_memory memory = { .state = state };
    struct history_run run = { .operation = S("Install"),
                               .execution_id = state->run.execution_id,
                               .boot_id = options->scan->host->boot_id,
                               .started_at = clock_now() };
    struct health health;

    TRY(history_recover(a, options->history_dir, &before));
    TRY(health_read(a, options->scan->host, &health));
    state->run.health = health_json(a, &health);
    PASS(journal(a, options, state, install, RUN_INSTALLING, ret_why));
    PASS(carry_out(a, options, install, &run, ret_why));
    PASS(scan_run(a, options->scan, &memory, &install->scan, ret_why));
    note_installed(a, &before, &install->scan, state, install);
    judge(install);
    if (str_is_set(run.id)) { /* it was begun */
        run.ended_at = clock_now();
        run.n_failed = install->n_failed;
        TRY(history_end(a, options->history_dir, &run, &before, &install->scan.packages));
    }

    memory.changes = install->changes;
    memory.n_changes = install->n_changes;
    scan_decide(a, &install->scan, &memory, options->scan->now);
    state_prune(state, &install->scan.packages);
    if (options->no_reboot && install->n_installed > 0)
        state->last_no_reboot_install_at = clock_now();
    return journal(a, options, state, install,
                   wants_reboot(options, install) ? RUN_REBOOTING : RUN_DONE, ret_why);
}
