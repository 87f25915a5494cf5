/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf.h"

#include <unistd.h>

#include "patch/gate.h"
#include "patch/rpm/dnf_run.h"
#include "sys/clock.h"

#define NOT_HERE S("the packages of another root cannot be changed from here")

/* ---- refresh ---- */

int dnf_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why)
{
    /* A repository that cannot be reached is an error, whatever its configuration
     * says: metadata that is silently old makes a host look compliant. */
    static const char *const args[] = { "--refresh", "--setopt=*.skip_if_unavailable=0",
                                        "--setopt=retries=2", "makecache" };
    struct child child = { .timeout = timeout };
    struct child_result answer;

    if (!str_eq(host->root, S("/"))) {
        *ret_why = S("the metadata of another root cannot be refreshed from here");
        return PROVIDER_FAILED;
    }
    dnf_begin(a, &child, host, true);
    child_args(a, &child, args, ARRAY_LEN(args));
    TRY(dnf_ask_until(a, &child, -1, clock_monotonic() + timeout, &answer));
    if (answer.status == 0)
        return 0;
    *ret_why = dnf_reason(a, &answer, (struct str){ 0 });
    return dnf_is_locked(&answer) ? PROVIDER_LOCKED : PROVIDER_FAILED;
}

/* ---- what is to be done ---- */

static bool is_repair(const struct change *change)
{
    return str_eq(change->from, change->to);
}

static bool is_open(const struct change *change)
{
    return !change->done && !str_is_set(change->failure) && !is_repair(change);
}

/* ---- simulate ---- */

static size_t list_open(struct change_request *request, struct change **ret)
{
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i]))
            ret[count++] = &request->changes[i];
    return count;
}

static struct strs names_that_go(struct arena *a, struct change *const *changes, size_t count)
{
    struct strs names = { .items = arena_array(a, struct str, count + 1) };

    for (size_t i = 0; i < count; i++)
        if (change_removes(changes[i]))
            names.items[names.count++] = changes[i]->name;
    return names;
}

static int try_out(struct arena *a, const struct change_request *request,
                   struct change *const *changes, size_t count, struct child_result *ret)
{
    struct child child;
    int script, result;

    TRY(dnf_command(a, request, changes, count, true, &child, &script));
    result = dnf_ask_until(a, &child, -1, clock_monotonic() + request->lock_timeout, ret);
    if (script >= 0)
        close(script);
    return result;
}

int dnf_simulate(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct change **changes = arena_array(a, struct change *, request->count + 1);
    size_t count = list_open(request, changes);
    struct child_result answer;
    struct str stranger;

    if (count == 0)
        return 0;
    TRY(try_out(a, request, changes, count, &answer));
    stranger = dnf_output_stranger(answer.output, names_that_go(a, changes, count));
    if (answer.timed_out || dnf_is_locked(&answer)) {
        *ret_why = dnf_reason(a, &answer, (struct str){ 0 });
        return PROVIDER_FAILED;
    }
    for (size_t i = 0; i < count; i++) {
        struct change *change = changes[i];

        if (change_removes(change)
                ? !dnf_output_removes(answer.output, change->name)
                : !dnf_output_brings(answer.output, change->new_name, change->to))
            change->failure = dnf_reason(a, &answer, change->new_name);
        else if (request->is_return && str_is_set(stranger)) /* it touches nothing else */
            change->failure = arena_fmt(a, "it would change %.*s too", STR(stranger));
    }
    return 0;
}

/* ---- install ---- */

struct run {
    struct arena *arena;
    struct change_request *request;
    msec deadline, lock_deadline;
    const char *rpm_lock;
    bool locked;
};

/* What rpm's database says, of all at once. */
static int look(struct run *run, struct change **changes, size_t count)
{
    struct arena *a = run->arena;
    struct str installed;

    TRY(dnf_list_installed(a, run->request, &installed));
    for (size_t i = 0; i < count; i++)
        changes[i]->done =
            str_contains(installed, dnf_row(a, changes[i])) != change_removes(changes[i]);
    return 0;
}

static int upgrade(struct run *run, struct change **changes, size_t count, struct child_result *ret)
{
    struct child child;
    int script, result;

    TRY(dnf_command(run->arena, run->request, changes, count, false, &child, &script));
    child.lock = run->rpm_lock;
    child.begins = S("\nRunning transaction\n");
    result = dnf_ask_until(run->arena, &child, run->request->log, run->lock_deadline, ret);
    if (script >= 0)
        close(script);
    TRY(result);
    run->locked = dnf_is_locked(ret);
    return look(run, changes, count);
}

/* Those that are not there yet go to the front; returns how many. */
static size_t keep_open(struct change **changes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!changes[i]->done)
            changes[kept++] = changes[i];
    return kept;
}

/* Those that dnf says nothing of go to the front; returns how many. */
static size_t split(struct change **changes, size_t count, const struct child_result *answer)
{
    size_t front = 0;

    for (size_t i = 0; i < count; i++) {
        struct change *change = changes[i];

        if (str_is_set(dnf_output_blames(answer->output, change->new_name)))
            continue;
        changes[i] = changes[front];
        changes[front++] = change;
    }
    return front;
}

static void fail_all(struct run *run, struct change **changes, size_t count,
                     const struct child_result *answer)
{
    for (size_t i = 0; i < count; i++)
        changes[i]->failure = dnf_reason(run->arena, answer, changes[i]->new_name);
}

/* What a transaction left out and gave a reason for has failed. Where a download, a
 * signature or the disk fails dnf brings in nothing at all: then those it does not
 * complain of are tried first, or else halves, so that one bad package does not keep
 * the others out. */
static int install_set(struct run *run, struct change **changes, size_t count)
{
    struct child_result answer;
    size_t left, front;

    if (count == 0)
        return 0;
    if (gate_is_stopping(run->request->gate)) {
        for (size_t i = 0; i < count; i++)
            changes[i]->failure = gate_reason(run->arena, run->request->gate);
        return 0;
    }
    TRY(upgrade(run, changes, count, &answer));
    left = keep_open(changes, count);
    if (left == 0 || run->locked)
        return 0;
    if (answer.status == 0 || str_is_set(answer.stopped) || answer.timed_out || left == 1 ||
        clock_monotonic() >= run->deadline) {
        fail_all(run, changes, left, &answer);
        return 0;
    }
    front = split(changes, left, &answer);
    if (left < count) {
        fail_all(run, changes + front, left - front, &answer);
        return install_set(run, changes, front);
    }
    if (front == 0 || front == left)
        front = left / 2;
    TRY(install_set(run, changes, front));
    return run->locked ? 0 : install_set(run, changes + front, left - front);
}

/* All of them or none: one transaction, and no second try. */
static int return_set(struct run *run, struct change **changes, size_t count)
{
    struct child_result answer;

    if (count == 0)
        return 0;
    TRY(upgrade(run, changes, count, &answer));
    if (!run->locked)
        fail_all(run, changes, keep_open(changes, count), &answer);
    return 0;
}

/* Two versions of a package in the database: a transaction was cut off between the
 * new one and the removal of the old. */
static int repair(struct run *run)
{
    struct child child = { .timeout = INSTALL_TIMEOUT, .gate = run->request->gate };
    struct child_result answer;
    bool needed = false;

    for (size_t i = 0; i < run->request->count; i++)
        needed = needed || is_repair(&run->request->changes[i]);
    if (!needed)
        return 0;
    dnf_begin(run->arena, &child, run->request->host, false);
    child_arg(run->arena, &child, "remove");
    child_arg(run->arena, &child, "--duplicates");
    TRY(dnf_ask_until(run->arena, &child, run->request->log, run->lock_deadline, &answer));
    run->locked = dnf_is_locked(&answer);
    for (size_t i = 0; i < run->request->count && answer.status != 0; i++)
        if (is_repair(&run->request->changes[i]))
            run->request->changes[i].failure =
                dnf_reason(run->arena, &answer, run->request->changes[i].name);
    return 0;
}

int dnf_install(struct arena *a, struct change_request *request, struct str *ret_why)
{
    msec now = clock_monotonic();
    struct run run = {
        .arena = a,
        .request = request,
        .deadline = now + INSTALL_TIMEOUT,
        .lock_deadline = now + request->lock_timeout,
    };
    struct change **changes = arena_array(a, struct change *, request->count + 1);
    size_t count;

    if (!str_eq(request->host->root, S("/"))) {
        *ret_why = NOT_HERE;
        return PROVIDER_FAILED;
    }
    TRY(dnf_find_rpm_lock(a, &run.rpm_lock));
    /* rpm would wait for ever for another rpm. */
    run.locked = !child_wait_for_locks(&run.rpm_lock, 1, run.lock_deadline, request->gate);
    if (!run.locked)
        TRY(repair(&run));
    count = list_open(request, changes);
    if (!run.locked && request->is_return)
        TRY(return_set(&run, changes, count));
    else if (!run.locked)
        TRY(install_set(&run, changes, count));
    if (!run.locked)
        return 0;
    *ret_why = DNF_LOCKED;
    return PROVIDER_LOCKED;
}
