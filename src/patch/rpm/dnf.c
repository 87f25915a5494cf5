/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf.h"

#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "patch/child.h"
#include "sys/clock.h"

#define INSTALL_TIMEOUT   (110 * MSEC_MINUTE) /* below the 7200 s of the document's step */
#define SHORT_TIMEOUT     (5 * MSEC_MINUTE)
#define NOT_HERE          S("the packages of another root cannot be changed from here")
#define STATUS_NO_PROGRAM 127
#define STATUS_LOCKED     200 /* "a problem with acquiring or releasing of locks" */
#define LOCKED            S("another package manager holds dnf's or rpm's lock")
#define TOO_LONG          S("it took too long and was stopped")

/* The whole environment: nothing asks, nothing is translated, and no variable of the
 * caller changes what dnf does. */
static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "TERM=dumb",
    NULL,
};

/* A program that changes nothing can wait for the host's own work. */
static const char *const gently[] = { "/usr/bin/nice", "-n", "10" };

/* It gives up on a lock, so that the waiting is ours and has an end. What some plugins
 * do after a transaction is nobody's wish here: "local" makes a repository of it. */
static const char *const common[] = {
    "/usr/bin/dnf", "-y", "--setopt=exit_on_lock=1", "--color=never", "--disableplugin=local",
};

static int ask(struct arena *a, struct child *child, int log, struct child_result *ret)
{
    child->env = environment;
    child->log = log;
    child_arg(a, child, NULL);
    TRY(child_run(a, child, ret));
    return 0;
}

static bool is_locked(const struct child_result *answer)
{
    return answer->status == STATUS_LOCKED;
}

static struct str reason_of(struct arena *a, const struct child_result *answer, struct str name)
{
    struct str reason = dnf_output_reason(a, answer->output, name);

    if (answer->timed_out)
        return TOO_LONG;
    if (is_locked(answer))
        return LOCKED;
    if (answer->status == STATUS_NO_PROGRAM)
        return S("there is no dnf on this host");
    if (str_is_set(reason))
        return reason;
    return arena_fmt(a, "dnf ended with status %d and without it", answer->status);
}

/* Again and again while another package manager holds a lock. */
static int ask_until(struct arena *a, const struct child *child, int log, msec deadline,
                     struct child_result *ret)
{
    for (;;) {
        struct child again = *child;

        again.capacity = again.argc; /* grown anew: ask() adds its end */
        TRY(ask(a, &again, log, ret));
        if (!is_locked(ret) || clock_monotonic() >= deadline)
            return 0;
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
}

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
    child_args(a, &child, gently, ARRAY_LEN(gently));
    child_args(a, &child, common, ARRAY_LEN(common));
    child_args(a, &child, args, ARRAY_LEN(args));
    TRY(ask_until(a, &child, -1, clock_monotonic() + timeout, &answer));
    if (answer.status == 0)
        return 0;
    *ret_why = reason_of(a, &answer, (struct str){ 0 });
    return is_locked(&answer) ? PROVIDER_LOCKED : PROVIDER_FAILED;
}

/* ---- the command line of an install ---- */

/* "A package of another architecture takes its place" is an upgrade only to one who
 * names none. */
static struct str spec_of(struct arena *a, const struct change *c)
{
    if (str_eq(c->new_name, c->name) && !str_eq(c->new_arch, c->arch))
        return arena_fmt(a, "%.*s-%.*s", STR(c->new_name), STR(c->to));
    return arena_fmt(a, "%.*s-%.*s.%.*s", STR(c->new_name), STR(c->to), STR(c->new_arch));
}

/* The metadata is that of the scan, so the plan's versions are there. What cannot go
 * in is left out, and the rest goes in together. */
static struct child upgrade_command(struct arena *a, const struct change_request *request,
                                    bool simulate)
{
    static const char *const args[] = { "--setopt=*.metadata_expire=-1", "--setopt=best=0" };
    struct child child = { .timeout = simulate ? SHORT_TIMEOUT : INSTALL_TIMEOUT };

    if (simulate)
        child_args(a, &child, gently, ARRAY_LEN(gently));
    child_args(a, &child, common, ARRAY_LEN(common));
    child_args(a, &child, args, ARRAY_LEN(args));
    if (simulate)
        child_arg(a, &child, "--assumeno");
    for (size_t i = 0; i < request->blocked.count; i++)
        child_arg(a, &child, arena_fmt(a, "--exclude=%.*s", STR(request->blocked.items[i])).p);
    child_arg(a, &child, "upgrade");
    child_arg(a, &child, "--");
    return child;
}

static bool is_repair(const struct change *change)
{
    return str_eq(change->from, change->to);
}

static bool is_open(const struct change *change)
{
    return !change->done && !str_is_set(change->failure) && !is_repair(change);
}

/* ---- simulate ---- */

int dnf_simulate(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct child child = upgrade_command(a, request, true);
    struct child_result answer;
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i])) {
            child_arg(a, &child, spec_of(a, &request->changes[i]).p);
            count++;
        }
    if (count == 0)
        return 0;
    TRY(ask_until(a, &child, -1, clock_monotonic() + request->lock_timeout, &answer));
    if (answer.timed_out || is_locked(&answer)) {
        *ret_why = reason_of(a, &answer, (struct str){ 0 });
        return PROVIDER_FAILED;
    }
    for (size_t i = 0; i < request->count; i++) {
        struct change *change = &request->changes[i];

        if (is_open(change) && !dnf_output_brings(answer.output, change->new_name, change->to))
            change->failure = reason_of(a, &answer, change->new_name);
    }
    return 0;
}

/* ---- install ---- */

struct run {
    struct arena *arena;
    struct change_request *request;
    msec deadline, lock_deadline;
    bool locked;
};

/* rpm would wait for ever for another rpm. */
static bool wait_for_rpm(msec deadline)
{
    static const char *const locks[] = { "/var/lib/rpm/.rpm.lock",
                                         "/usr/lib/sysimage/rpm/.rpm.lock" };

    for (size_t i = 0; i < ARRAY_LEN(locks); i++)
        while (child_is_locked(locks[i])) {
            if (clock_monotonic() >= deadline)
                return false;
            nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
        }
    return true;
}

/* What rpm's database says, of all at once: it speaks of those that are not there too. */
static int look(struct run *run, struct change **changes, size_t count)
{
    struct arena *a = run->arena;
    struct child child = { .timeout = SHORT_TIMEOUT };
    struct child_result answer;

    child_arg(a, &child, "/usr/bin/rpm");
    child_arg(a, &child, "-q");
    child_arg(a, &child, "--qf=<%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}>\n");
    child_arg(a, &child, "--");
    for (size_t i = 0; i < count; i++)
        child_arg(a, &child, arena_cstr(a, changes[i]->new_name));
    TRY(ask(a, &child, -1, &answer));
    for (size_t i = 0; i < count; i++)
        changes[i]->done =
            str_contains(answer.output, arena_fmt(a, "<%.*s %.*s %.*s>", STR(changes[i]->new_name),
                                                  STR(changes[i]->to), STR(changes[i]->new_arch)));
    return 0;
}

static int upgrade(struct run *run, struct change **changes, size_t count, struct child_result *ret)
{
    struct child child = upgrade_command(run->arena, run->request, false);

    for (size_t i = 0; i < count; i++)
        child_arg(run->arena, &child, spec_of(run->arena, changes[i]).p);
    TRY(ask_until(run->arena, &child, run->request->log, run->lock_deadline, ret));
    run->locked = is_locked(ret);
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
        changes[i]->failure = reason_of(run->arena, answer, changes[i]->new_name);
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
    TRY(upgrade(run, changes, count, &answer));
    left = keep_open(changes, count);
    if (left == 0 || run->locked)
        return 0;
    if (answer.status == 0 || answer.timed_out || left == 1 || clock_monotonic() >= run->deadline) {
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

/* Two versions of a package in the database: a transaction was cut off between the
 * new one and the removal of the old. */
static int repair(struct run *run)
{
    struct child child = { .timeout = INSTALL_TIMEOUT };
    struct child_result answer;
    bool needed = false;

    for (size_t i = 0; i < run->request->count; i++)
        needed = needed || is_repair(&run->request->changes[i]);
    if (!needed)
        return 0;
    child_args(run->arena, &child, common, ARRAY_LEN(common));
    child_arg(run->arena, &child, "remove");
    child_arg(run->arena, &child, "--duplicates");
    TRY(ask_until(run->arena, &child, run->request->log, run->lock_deadline, &answer));
    run->locked = is_locked(&answer);
    for (size_t i = 0; i < run->request->count && answer.status != 0; i++)
        if (is_repair(&run->request->changes[i]))
            run->request->changes[i].failure =
                reason_of(run->arena, &answer, run->request->changes[i].name);
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
    size_t count = 0;

    if (!str_eq(request->host->root, S("/"))) {
        *ret_why = NOT_HERE;
        return PROVIDER_FAILED;
    }
    run.locked = !wait_for_rpm(run.lock_deadline);
    if (!run.locked)
        TRY(repair(&run));
    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i]))
            changes[count++] = &request->changes[i];
    if (!run.locked)
        TRY(install_set(&run, changes, count));
    if (!run.locked)
        return 0;
    *ret_why = LOCKED;
    return PROVIDER_LOCKED;
}
