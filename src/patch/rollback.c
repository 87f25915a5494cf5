/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rollback.h"

#include "patch/apply.h"
#include "patch/marks.h"
#include "sys/clock.h"

/* ---- what the run did ---- */

static bool is_meant(const struct history_run *run, struct str id)
{
    if (str_is_set(id))
        return str_eq(run->execution_id, id) || str_eq(run->id, id);
    return run->n_changes > 0;
}

/* A command whose power was cut has a record for each of its attempts: from the version
 * before the first to that after the last. Records come newest first. */
static void add_changes(struct rollback *r, const struct history_run *run)
{
    for (size_t i = 0; i < run->n_changes; i++) {
        const struct change *change = &run->changes[i];
        size_t n = 0;

        while (n < r->n_changes && (!str_eq(r->changes[n].name, change->name) ||
                                    !str_eq(r->changes[n].arch, change->arch)))
            n++;
        if (n < r->n_changes)
            r->changes[n].to = change->from;
        else if (r->n_changes < HISTORY_MAX_CHANGES)
            r->changes[r->n_changes++] = (struct change){
                .name = change->name,
                .arch = change->arch,
                .new_name = change->name,
                .new_arch = change->arch,
                .manager_name = change->manager_name,
                .from = change->to,
                .to = change->from,
            };
    }
}

static int find_run(struct arena *a, const struct install_options *options, struct str id,
                    struct rollback *r, struct str *ret_why)
{
    struct history_run *runs;
    bool found = false;
    size_t count;

    TRY(history_list(a, options->history_dir, &runs, &count));
    r->changes = arena_array(a, struct change, HISTORY_MAX_CHANGES);
    for (size_t i = 0; i < count; i++) {
        if (!str_eq(runs[i].operation, S("Install")) || !is_meant(&runs[i], id))
            continue;
        add_changes(r, &runs[i]);
        found = true;
        r->undoes = str_is_set(id) ? id : runs[i].id;
        if (!str_is_set(id))
            break;
    }
    if (found)
        return 0;
    *ret_why = str_is_set(id) ? arena_fmt(a, "no install of this host is known as %.*s", STR(id))
                              : S("no install that changed anything is known on this host");
    return ROLLBACK_UNKNOWN_RUN;
}

/* ---- what can be done about it ---- */

static const struct package *find(const struct packages *packages, const struct change *like)
{
    for (size_t i = 0; i < packages->count; i++)
        if (str_eq(packages->items[i].facts.name, like->name) &&
            str_eq(packages->items[i].facts.arch, like->arch))
            return &packages->items[i];
    return NULL;
}

/* False where nothing is to be done. */
static bool check(struct arena *a, const struct packages *packages, struct change *change)
{
    const struct package *now = find(packages, change);
    struct str version = now ? now->facts.installed.version : (struct str){ 0 };

    if (!now && change_removes(change))
        return false;
    if (now && !change_removes(change) && str_eq(version, change->to) && !now->facts.broken)
        return false;
    if (!now || !str_is_set(change->from))
        change->failure = S("it is not there any more, and nothing is added");
    else if (!str_eq(version, change->from) &&
             (change_removes(change) || !str_eq(version, change->to)))
        change->failure =
            arena_fmt(a, "it is at %.*s by now: not what that install left", STR(version));
    return true;
}

static void keep_what_is_to_do(struct arena *a, const struct packages *packages, struct rollback *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->n_changes; i++) {
        if (check(a, packages, &r->changes[i]))
            r->changes[kept++] = r->changes[i];
        else
            r->n_already++;
    }
    r->n_changes = kept;
}

static struct change_request request_of(const struct install_options *options, struct rollback *r)
{
    return (struct change_request){
        .host = options->scan->host,
        .changes = r->changes,
        .count = r->n_changes,
        .lock_timeout = options->lock_timeout,
        .is_return = true,
        .gate = options->gate,
        .log = -1,
    };
}

/* ---- what came along goes again ---- */

/* What a run took away it may have put something else in the place of. */
static const struct change *find_taken(const struct rollback *r)
{
    for (size_t i = 0; i < r->n_changes; i++)
        if (!str_is_set(r->changes[i].from))
            return &r->changes[i];
    return NULL;
}

/* Debian's have the release in the name, RPM's are the release. */
static bool is_running_kernel(struct arena *a, struct str release, const struct change *change)
{
    struct str version = change->from, epoch, rest;

    if (str_is_empty(release))
        return false;
    if (str_cut(version, ':', &epoch, &rest))
        version = rest;
    return str_ends(change->name, release) ||
           (str_starts(change->name, S("kernel")) &&
            str_eq(arena_fmt(a, "%.*s.%.*s", STR(version), STR(change->arch)), release));
}

static struct str why_not_removed(struct arena *a, const struct rollback *r,
                                  const struct host *host, const struct change *change)
{
    const struct change *taken = find_taken(r);

    if (!str_is_set(change->mark))
        return S("it was not there before, but is marked as installed by hand");
    if (is_running_kernel(a, host_kernel(a, host), change))
        return S("it was not there before, but is of the kernel that runs");
    if (taken)
        return arena_fmt(a, "it was not there before, but may stand for %.*s, which went",
                         STR(taken->manager_name));
    return (struct str){ 0 };
}

static int check_removals(struct arena *a, const struct provider *provider,
                          struct change_request *request, const struct rollback *r,
                          struct str *ret_why)
{
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        count += change_removes(&request->changes[i]);
    if (count == 0)
        return 0;
    if (provider->find_marks)
        PASS(provider->find_marks(a, request, ret_why));
    for (size_t i = 0; i < request->count; i++) {
        struct change *change = &request->changes[i];

        if (change_removes(change) && !str_is_set(change->failure))
            change->failure = why_not_removed(a, r, request->host, change);
    }
    return 0;
}

static size_t count_failures(const struct rollback *r)
{
    size_t count = 0;

    for (size_t i = 0; i < r->n_changes; i++)
        count += str_is_set(r->changes[i].failure);
    return count;
}

int rollback_plan(struct arena *a, const struct install_options *options, const struct state *state,
                  struct str id, struct rollback *ret, struct str *ret_why)
{
    const struct provider *provider = options->scan->provider;
    struct rollback r = { 0 };
    struct change_request request;

    PASS(scan_run(a, options->scan, &(struct scan_memory){ .state = state }, &r.scan, ret_why));
    TRY(marks_restore(a, provider, options->marks_path));
    TRY(history_recover(a, options->history_dir, &r.scan.packages));
    PASS(find_run(a, options, id, &r, ret_why));
    keep_what_is_to_do(a, &r.scan.packages, &r);
    if (!provider->find_versions) {
        *ret_why =
            arena_fmt(a, "packages cannot be returned to older versions with %s", provider->name);
        return PROVIDER_FAILED;
    }
    request = request_of(options, &r);
    if (r.n_changes > 0) {
        PASS(check_removals(a, provider, &request, &r, ret_why));
        PASS(provider->find_versions(a, &request, ret_why));
        PASS(provider->simulate(a, &request, ret_why));
    }
    r.n_impossible = count_failures(&r);
    *ret = r;
    return 0;
}

/* ---- doing it ---- */

static int change_host(struct arena *a, const struct install_options *options, struct rollback *r,
                       struct str *ret_why)
{
    struct change_request request = request_of(options, r);

    return apply_changes(a, options, &request, &r->limits, ret_why);
}

static void judge(struct rollback *r)
{
    r->n_returned = r->n_failed = 0;
    for (size_t i = 0; i < r->n_changes; i++) {
        struct change *change = &r->changes[i];
        const struct package *now = find(&r->scan.packages, change);

        change->done =
            change_removes(change)
                ? !now
                : now && !now->facts.broken && str_eq(now->facts.installed.version, change->to);
        if (change->done)
            change->failure = (struct str){ 0 };
        else if (!str_is_set(change->failure))
            change->failure = S("the package manager did not return it");
        r->n_returned += change->done;
        r->n_failed += !change->done;
    }
}

int rollback_run(struct arena *a, const struct install_options *options, struct state *state,
                 struct rollback *r, struct str *ret_why)
{
    const struct packages before = r->scan.packages;
    struct history_run run = { .operation = S("Rollback"),
                               .execution_id = S(""),
                               .undoes = r->undoes,
                               .started_at = clock_now() };
    int changed;

    PASS(history_begin(a, options->history_dir, &run, &before, ret_why));
    changed = change_host(a, options, r, ret_why);
    if (changed < 0)
        TRY(changed);
    PASS(scan_run(a, options->scan, &(struct scan_memory){ .state = state }, &r->scan, ret_why));
    judge(r);
    run.ended_at = clock_now();
    run.n_failed = r->n_failed;
    TRY(history_end(a, options->history_dir, &run, &before, &r->scan.packages));
    state_prune(state, &r->scan.packages);
    if (state_save(a, options->state_path, state) != 0) {
        *ret_why = arena_fmt(a, "%s could not be written", options->state_path);
        return PROVIDER_FAILED;
    }
    return changed;
}
