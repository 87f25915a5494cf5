/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/apt/apt_get.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "patch/child.h"
#include "patch/gate.h"
#include "sys/clock.h"

#define INSTALL_TIMEOUT (110 * MSEC_MINUTE) /* below the 7200 s of the document's step */
#define SHORT_TIMEOUT   (5 * MSEC_MINUTE)
#define LOCKED          S("another package manager holds dpkg's or apt's lock")
#define STATUS_REFUSED  100 /* apt-get's, for whatever it cannot do */

/* The whole environment: nothing asks, nothing restarts services behind our back,
 * nothing is translated, and no variable of the caller changes what apt does. */
static const char *const environment[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "TERM=dumb",
    "DEBIAN_FRONTEND=noninteractive",
    "DEBIAN_PRIORITY=critical",
    "DEBCONF_NONINTERACTIVE_SEEN=true",
    "APT_LISTCHANGES_FRONTEND=none",
    "APT_LISTBUGS_FRONTEND=none",
    "NEEDRESTART_MODE=l",
    "NEEDRESTART_SUSPEND=1",
    "UCF_FORCE_CONFFOLD=1",
    NULL,
};

/* A program that changes nothing can wait for the host's own work. */
static const char *const gently[] = { "/usr/bin/nice", "-n", "10" };

static int ask(struct arena *a, struct child *child, int log, struct child_result *ret)
{
    child->env = environment;
    child->log = log;
    child_arg(a, child, NULL);
    TRY(child_run(a, child, ret));
    return 0;
}

static struct str reason_of(struct arena *a, const struct child_result *answer, struct str name)
{
    struct str ended = child_reason(a, answer, name);
    struct str reason = apt_output_reason(a, answer->output, name);

    if (str_is_set(ended))
        return ended;
    if (answer->timed_out)
        return S("it took too long and was stopped");
    if (str_is_set(reason))
        return reason;
    return arena_fmt(a, "the package manager ended with status %d", answer->status);
}

/* ---- refresh ---- */

/* A source that cannot be reached is an error, not a warning: lists that are
 * silently old make a host look compliant. */
static int update_once(struct arena *a, const struct host *host, msec timeout,
                       struct child_result *ret)
{
    static const char *const args[] = {
        "/usr/bin/apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "-o", "Acquire::Retries=2",
    };
    struct child child = { .timeout = timeout };

    child_args(a, &child, gently, ARRAY_LEN(gently));
    child_args(a, &child, args, ARRAY_LEN(args));
    apt_get_add_sources(a, &child, host);
    child_arg(a, &child, "update");
    return ask(a, &child, -1, ret);
}

int apt_get_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why)
{
    msec deadline = clock_monotonic() + timeout;
    struct child_result answer;

    if (!str_eq(host->root, S("/"))) {
        *ret_why = S("the package lists of another root cannot be refreshed from here");
        return PROVIDER_FAILED;
    }
    for (;;) {
        msec left = deadline - clock_monotonic();

        TRY(update_once(a, host, left > MSEC_SECOND ? left : MSEC_SECOND, &answer));
        if (answer.status == 0)
            return 0;
        if (!apt_output_is_locked(answer.output) || left <= MSEC_SECOND)
            break;
        /* apt-get waits for dpkg's locks, not for that of the lists. */
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
    *ret_why = reason_of(a, &answer, (struct str){ 0 });
    return apt_output_is_locked(answer.output) ? PROVIDER_LOCKED : PROVIDER_FAILED;
}

/* ---- the command line of an install ---- */

/* A return that removes packages was tried out, so that none but those go. */
static struct child install_command(struct arena *a, const struct change_request *request,
                                    bool simulate, bool removes)
{
    static const char *const args[] = {
        "/usr/bin/apt-get",
        "-q",
        "-y",
        "-o",
        "Dpkg::Options::=--force-confdef",
        "-o",
        "Dpkg::Options::=--force-confold",
        "-o",
        "Dpkg::Use-Pty=0",
        "-o",
        "APT::Get::AutomaticRemove=false",
    };
    struct child child = { .timeout = simulate ? SHORT_TIMEOUT : INSTALL_TIMEOUT };

    if (simulate)
        child_args(a, &child, gently, ARRAY_LEN(gently));
    child_args(a, &child, args, ARRAY_LEN(args));
    if (!simulate) {
        child.memory_limit = request->memory_limit;
        child.group = request->group;
    }
    if (!simulate && request->gate) {
        child.gate = request->gate;
        child.runs_hook = true;
        child_arg(a, &child, "-o");
        child_arg(a, &child, "DPkg::Pre-Invoke::=" GATE_HOOK);
    }
    child_arg(a, &child, "-o");
    child_arg(
        a, &child,
        arena_fmt(a, "DPkg::Lock::Timeout=%lld", (long long)(request->lock_timeout / MSEC_SECOND))
            .p);
    apt_get_add_sources(a, &child, request->host);
    if (simulate)
        child_arg(a, &child, "-s");
    if (request->is_return)
        child_arg(a, &child, "--allow-downgrades");
    if (!removes)
        child_arg(a, &child, "--no-remove");
    return child;
}

static void add_change(struct arena *a, struct child *child, const struct change *change)
{
    if (change_removes(change)) {
        child_arg(a, child, arena_fmt(a, "%.*s-", STR(change->manager_name)).p);
        return;
    }
    child_arg(a, child,
              change->archive
                  ? change->archive
                  : arena_fmt(a, "%.*s=%.*s", STR(change->manager_name), STR(change->to)).p);
}

static bool is_open(const struct change *change)
{
    return !str_is_set(change->failure) && !change->done;
}

/* Some changes, and what of `along` has to be named for them. */
struct set {
    const struct change **changes;
    size_t count;
    bool removes;
};

static int install_named(struct arena *a, const struct change_request *request,
                         const struct set *set, const bool *named, bool simulate,
                         struct child_result *ret)
{
    struct child child = install_command(a, request, simulate, set->removes);
    bool names_new = request->is_return;

    for (size_t i = 0; i < request->n_along; i++)
        names_new |= named[i] && !str_is_set(request->along[i].from);
    if (!names_new) /* what was removed while we waited does not come back */
        child_arg(a, &child, "--only-upgrade");
    child_arg(a, &child, "install");
    child_arg(a, &child, "--");
    for (size_t i = 0; i < set->count; i++)
        add_change(a, &child, set->changes[i]);
    for (size_t i = 0; i < request->n_along; i++)
        if (named[i])
            add_change(a, &child, &request->along[i]);
    return ask(a, &child, simulate ? -1 : request->log, ret);
}

/* What came along at another version than it is held to has to be named. False: no more. */
static bool name_more(struct arena *a, const struct change_request *request, bool *named,
                      struct child_result *answer)
{
    struct str output = answer->output;
    struct apt_install in;
    bool more = false;

    while (answer->status == 0 && apt_output_next(&output, &in)) {
        struct change *c = change_find(request->along, request->n_along, in.name, in.arch);

        if (!c || str_eq(c->to, in.to))
            continue;
        if (str_is_set(c->failure)) {
            answer->status = STATUS_REFUSED;
            answer->output = arena_fmt(a, "E: %.*s\n", STR(change_needs_held(a, c)));
            return false;
        }
        more |= !named[c - request->along];
        named[c - request->along] = true;
    }
    return more;
}

static int install_set(struct arena *a, const struct change_request *request, const struct set *set,
                       bool simulate, struct child_result *ret)
{
    bool *named = arena_array(a, bool, request->n_along + 1);

    if (set->count == 0) {
        *ret = (struct child_result){ .output = S("") };
        return 0;
    }
    if (request->n_along == 0)
        return install_named(a, request, set, named, simulate, ret);
    do
        TRY(install_named(a, request, set, named, true, ret));
    while (name_more(a, request, named, ret));
    return simulate || ret->status != 0 ? 0 : install_named(a, request, set, named, false, ret);
}

static int install_all(struct arena *a, const struct change_request *request, bool simulate,
                       struct child_result *ret)
{
    struct set set = { .changes = arena_array(a, const struct change *, request->count + 1) };

    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i])) {
            set.changes[set.count++] = &request->changes[i];
            set.removes |= change_removes(&request->changes[i]);
        }
    return install_set(a, request, &set, simulate, ret);
}

static int install_one(struct arena *a, const struct change_request *request,
                       const struct change *change, bool simulate, struct child_result *ret)
{
    return install_set(a, request, &(struct set){ &change, 1, false }, simulate, ret);
}

/* ---- simulate ---- */

static struct str find_blocked(struct arena *a, const struct change_request *request,
                               const struct child_result *answer)
{
    struct strs names = apt_output_installs(a, answer->output);

    for (size_t i = 0; i < names.count; i++)
        for (size_t n = 0; n < request->blocked.count; n++)
            if (str_glob(request->blocked.items[n], names.items[i]))
                return names.items[i];
    return (struct str){ 0 };
}

/* The first of the names that is none of the changes that stay, or of those that go. */
static struct str not_of(struct strs names, const struct change_request *request, bool removes)
{
    for (size_t i = 0; i < names.count; i++) {
        bool is_ours = false;

        for (size_t n = 0; n < request->count && !is_ours; n++)
            is_ours = change_removes(&request->changes[n]) == removes &&
                      str_eq(request->changes[n].name, names.items[i]);
        if (!is_ours)
            return names.items[i];
    }
    return (struct str){ 0 };
}

/* A return touches nothing but what it returns. */
static struct str find_stranger(struct arena *a, const struct change_request *request,
                                const struct child_result *answer)
{
    struct str stranger = { 0 };

    if (request->is_return)
        stranger = not_of(apt_output_installs(a, answer->output), request, false);
    if (request->is_return && !str_is_set(stranger))
        stranger = not_of(apt_output_removes(a, answer->output), request, true);
    return stranger;
}

static int simulate_one(struct arena *a, const struct change_request *request,
                        struct change *change)
{
    struct child_result answer;
    struct str blocked, stranger;

    TRY(install_one(a, request, change, true, &answer));
    blocked = find_blocked(a, request, &answer);
    stranger = find_stranger(a, request, &answer);
    if (answer.status != 0)
        change->failure = reason_of(a, &answer, change->name);
    else if (str_is_set(blocked))
        change->failure = arena_fmt(a, "it needs the rejected package %.*s", STR(blocked));
    else if (str_is_set(stranger))
        change->failure = arena_fmt(a, "it would change %.*s too", STR(stranger));
    return 0;
}

static bool is_possible(struct arena *a, const struct change_request *request,
                        const struct child_result *answer)
{
    return answer->status == 0 && !str_is_set(find_blocked(a, request, answer)) &&
           !str_is_set(find_stranger(a, request, answer));
}

/* What goes may be needed by what else goes back, so that is tried with it. */
static int simulate_removal(struct arena *a, const struct change_request *request,
                            struct change *change)
{
    struct child child = install_command(a, request, true, true);
    struct child_result answer;
    struct str stranger;

    child_arg(a, &child, "install");
    child_arg(a, &child, "--");
    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i]) &&
            (&request->changes[i] == change || !change_removes(&request->changes[i])))
            add_change(a, &child, &request->changes[i]);
    TRY(ask(a, &child, -1, &answer));
    stranger = find_stranger(a, request, &answer);
    if (answer.status != 0)
        change->failure = reason_of(a, &answer, change->name);
    else if (str_is_set(stranger))
        change->failure = arena_fmt(a, "it would take %.*s along", STR(stranger));
    return 0;
}

/* What goes back depends on each other at one version, so it is tried together first and
 * last; one by one only to find who is in the way. */
static int simulate_return(struct arena *a, struct change_request *request)
{
    struct child_result answer;

    TRY(install_all(a, request, true, &answer));
    if (is_possible(a, request, &answer))
        return 0;
    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i]) && !change_removes(&request->changes[i]))
            TRY(simulate_one(a, request, &request->changes[i]));
    for (size_t i = 0; i < request->count; i++)
        if (is_open(&request->changes[i]) && change_removes(&request->changes[i]))
            TRY(simulate_removal(a, request, &request->changes[i]));
    TRY(install_all(a, request, true, &answer));
    if (is_possible(a, request, &answer))
        return 0;
    for (size_t i = 0; i < request->count; i++)
        if (!str_is_set(request->changes[i].failure))
            request->changes[i].failure = reason_of(a, &answer, request->changes[i].name);
    return 0;
}

int apt_get_simulate(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct child_result answer;

    if (request->is_return)
        return simulate_return(a, request);
    TRY(install_all(a, request, true, &answer));
    if (answer.timed_out) {
        *ret_why = reason_of(a, &answer, (struct str){ 0 });
        return PROVIDER_FAILED;
    }
    if (answer.status == 0 && !str_is_set(find_blocked(a, request, &answer)))
        return 0;
    for (size_t i = 0; i < request->count; i++)
        TRY(simulate_one(a, request, &request->changes[i]));
    return 0;
}

/* ---- what comes along ---- */

static void collect(struct arena *a, const struct change_request *request, struct str output,
                    struct changes *found)
{
    struct apt_install in;

    while (apt_output_next(&output, &in))
        if (!change_find(request->changes, request->count, in.name, in.arch) &&
            !change_find(found->items, found->count, in.name, in.arch))
            changes_add(a, found,
                        &(struct change){ .manager_name = in.manager_name,
                                          .name = in.name,
                                          .arch = in.arch,
                                          .from = in.from,
                                          .to = in.to,
                                          .new_name = in.name,
                                          .new_arch = in.arch,
                                          .mark = str_is_set(in.from) ? (struct str){ 0 }
                                                                      : in.manager_name });
}

/* Of all together, or of each that can come in by itself. */
int apt_get_find_along(struct arena *a, const struct change_request *request, struct changes *ret,
                       struct str *ret_why)
{
    struct changes found = { 0 };
    struct child_result answer;

    (void)ret_why;
    TRY(install_all(a, request, true, &answer));
    if (answer.status == 0)
        collect(a, request, answer.output, &found);
    for (size_t i = 0; i < request->count && answer.status != 0; i++) {
        struct child_result one = { .status = STATUS_REFUSED };

        if (is_open(&request->changes[i]))
            TRY(install_one(a, request, &request->changes[i], true, &one));
        if (one.status == 0)
            collect(a, request, one.output, &found);
    }
    *ret = found;
    return 0;
}

/* ---- install ---- */

/* dpkg itself does not wait, and apt-get's message hides who holds the lock. */
static bool wait_for_locks(msec timeout, const struct gate *gate)
{
    static const char *const locks[] = { "/var/lib/dpkg/lock-frontend", "/var/lib/dpkg/lock",
                                         "/var/cache/apt/archives/lock" };

    return child_wait_for_locks(locks, ARRAY_LEN(locks), clock_monotonic() + timeout, gate);
}

/* Files here mean that dpkg was interrupted; nothing installs until it goes on. */
static bool is_interrupted(void)
{
    DIR *dir = opendir("/var/lib/dpkg/updates");
    bool found = false;
    struct dirent *entry;

    while (dir && !found && (entry = readdir(dir)))
        found = str_is_digits(str_of(entry->d_name));
    if (dir)
        closedir(dir);
    return found;
}

/* Its status says little: what it could not configure shows up as not done. */
static int configure_all(struct arena *a, const struct change_request *request)
{
    static const char *const args[] = { "/usr/bin/dpkg", "--force-confdef", "--force-confold",
                                        "--configure", "-a" };
    struct child child = { .timeout = INSTALL_TIMEOUT,
                           .memory_limit = request->memory_limit,
                           .group = request->group,
                           .gate = request->gate };
    struct child_result answer;

    child_args(a, &child, args, ARRAY_LEN(args));
    return ask(a, &child, request->log, &answer);
}

static int repair(struct arena *a, const struct change_request *request)
{
    bool needed = is_interrupted();

    for (size_t i = 0; i < request->count && !needed; i++)
        needed = str_eq(request->changes[i].from, request->changes[i].to);
    return needed ? configure_all(a, request) : 0;
}

static int look(struct arena *a, struct change *change)
{
    struct child child = { .timeout = SHORT_TIMEOUT };
    struct child_result answer;
    struct str want = arena_fmt(a, "%.*s installed", STR(change->to));

    child_arg(a, &child, "/usr/bin/dpkg-query");
    child_arg(a, &child, "-W");
    child_arg(a, &child, "-f=${Version} ${db:Status-Status}");
    child_arg(a, &child, "--");
    child_arg(a, &child, arena_cstr(a, change->manager_name));
    TRY(ask(a, &child, -1, &answer));
    change->done = answer.status == 0 && str_eq(answer.output, want);
    return 0;
}

/* The joint transaction failed. dpkg may have done most of it; what is left is
 * tried alone, so that one bad package does not keep the others out. */
static int install_rest(struct arena *a, struct change_request *request,
                        const struct child_result *joint)
{
    for (size_t i = 0; i < request->count; i++) {
        struct change *change = &request->changes[i];
        struct child_result answer = *joint;

        if (str_is_set(change->failure))
            continue;
        TRY(look(a, change));
        if (change->done)
            continue;
        if (gate_is_stopping(request->gate)) {
            change->failure = child_reason(a, joint, change->name);
            if (!str_is_set(change->failure))
                change->failure = gate_reason(a, request->gate);
            continue;
        }
        if (!joint->timed_out)
            TRY(install_one(a, request, change, false, &answer));
        TRY(look(a, change));
        if (!change->done)
            change->failure = reason_of(a, &answer, change->name);
    }
    return 0;
}

/* Where apt-get found no solution for all together dpkg never ran: leave out
 * what cannot come in, and the others still go in one transaction. */
static int install_possible(struct arena *a, struct change_request *request,
                            struct child_result *ret)
{
    TRY(install_all(a, request, false, ret));
    if (ret->status == 0 || ret->timed_out || gate_is_stopping(request->gate) ||
        apt_output_is_locked(ret->output) || str_contains(ret->output, S("dpkg: error")))
        return 0;
    for (size_t i = 0; i < request->count; i++)
        if (!str_is_set(request->changes[i].failure))
            TRY(simulate_one(a, request, &request->changes[i]));
    return install_all(a, request, false, ret);
}

/* All together or not at all: that it goes was tried out. */
static int return_changes(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct child_result answer;

    TRY(install_all(a, request, false, &answer));
    if (answer.status == 0)
        return 0;
    for (size_t i = 0; i < request->count; i++)
        if (!str_is_set(request->changes[i].failure))
            request->changes[i].failure = reason_of(a, &answer, request->changes[i].name);
    *ret_why = reason_of(a, &answer, (struct str){ 0 });
    return apt_output_is_locked(answer.output) ? PROVIDER_LOCKED : 0;
}

static int install_changes(struct arena *a, struct change_request *request, struct str *ret_why)
{
    struct child_result answer;

    TRY(repair(a, request));
    if (request->is_return)
        return return_changes(a, request, ret_why);
    TRY(install_possible(a, request, &answer));
    if (answer.status == 0)
        return 0;
    if (apt_output_is_locked(answer.output)) {
        *ret_why = reason_of(a, &answer, (struct str){ 0 });
        return PROVIDER_LOCKED;
    }
    /* Nothing more is begun, and what was begun is not left half done. */
    if (gate_is_stopping(request->gate) && !str_is_set(answer.stopped))
        TRY(configure_all(a, request));
    return install_rest(a, request, &answer);
}

int apt_get_install(struct arena *a, struct change_request *request, struct str *ret_why)
{
    if (!str_eq(request->host->root, S("/"))) {
        *ret_why = S("packages of another root cannot be changed from here");
        return PROVIDER_FAILED;
    }
    if (!wait_for_locks(request->lock_timeout, request->gate)) {
        *ret_why = LOCKED;
        return PROVIDER_LOCKED;
    }
    return install_changes(a, request, ret_why);
}

/* apt-get marks at the beginning of what it does, so a killed run has lost them while another
 * apt-get may still be at work. */
int apt_get_restore_marks(struct arena *a, struct strs names, struct str *ret_why)
{
    if (wait_for_locks(0, NULL))
        return provider_restore_marks(a, &provider_apt, names, ret_why);
    *ret_why = LOCKED;
    return PROVIDER_LOCKED;
}
