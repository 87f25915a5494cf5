/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/hand.h"

#include <time.h>
#include <unistd.h>

#include "patch/gate.h"
#include "sys/clock.h"

#define NOT_HERE          S("the packages of another root cannot be changed from here")
#define STATUS_NO_PROGRAM 127

struct run {
    struct arena *arena;
    const struct rpm_hand *hand;
    struct change_request *request;
    enum hand_act act; /* HAND_BRING or HAND_TRY */
    msec deadline, lock_deadline;
    const char *rpm_lock;
    bool locked;
};

static bool is_repair(const struct change *change)
{
    return str_eq(change->from, change->to);
}

bool hand_is_open(const struct change *change)
{
    return !change->done && !str_is_set(change->failure) && !is_repair(change);
}

/* ---- asking ---- */

int hand_ask(struct arena *a, struct child *child, int log, struct child_result *ret)
{
    static const char *const environment[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "LC_ALL=C.UTF-8",
        "TERM=dumb",
        NULL,
    };

    if (!child->env)
        child->env = environment;
    child->log = log;
    child_arg(a, child, NULL);
    TRY(child_run(a, child, ret));
    return 0;
}

static bool is_locked(const struct rpm_hand *hand, const struct child_result *answer)
{
    return answer->status == hand->locked_status;
}

static struct str reason_of(struct arena *a, const struct rpm_hand *hand,
                            const struct child_result *answer, struct str name)
{
    struct str ended = child_reason(a, answer, name);
    struct str reason = hand->explain(a, answer->output, name);

    if (str_is_set(ended))
        return ended;
    if (answer->timed_out)
        return S("it took too long and was stopped");
    if (is_locked(hand, answer))
        return hand->locked;
    if (answer->status == STATUS_NO_PROGRAM)
        return arena_fmt(a, "there is no %s on this host", hand->name);
    if (str_is_set(reason))
        return reason;
    return arena_fmt(a, "%s ended with status %d and without it", hand->name, answer->status);
}

/* Again and again while another package manager holds a lock. */
static int ask_until(struct arena *a, const struct rpm_hand *hand, const struct child *child,
                     int log, msec deadline, struct child_result *ret)
{
    for (;;) {
        struct child again = *child;

        again.capacity = again.argc; /* grown anew: hand_ask() adds its end */
        TRY(hand_ask(a, &again, log, ret));
        if (!is_locked(hand, ret) || clock_monotonic() >= deadline || gate_is_stopping(child->gate))
            return 0;
        nanosleep(&(struct timespec){ .tv_sec = 1 }, NULL);
    }
}

int hand_refresh(struct arena *a, const struct rpm_hand *hand, const struct host *host,
                 msec timeout, const char *const *args, size_t n_args, struct str *ret_why)
{
    struct child child = { .timeout = timeout };
    struct child_result answer;

    if (!str_eq(host->root, S("/"))) {
        *ret_why = S("the metadata of another root cannot be refreshed from here");
        return PROVIDER_FAILED;
    }
    hand->begin(a, &child, host, true);
    child_args(a, &child, args, n_args);
    TRY(ask_until(a, hand, &child, -1, clock_monotonic() + timeout, &answer));
    if (answer.status == 0)
        return 0;
    *ret_why = reason_of(a, hand, &answer, (struct str){ 0 });
    return is_locked(hand, &answer) ? PROVIDER_LOCKED : PROVIDER_FAILED;
}

static void add_names(struct arena *a, struct child *child, const struct change_request *request)
{
    child_arg(a, child, "--");
    for (size_t i = 0; i < request->count; i++)
        if (!str_is_set(request->changes[i].failure))
            child_arg(a, child, arena_cstr(a, request->changes[i].new_name));
}

int hand_list(struct arena *a, const struct rpm_hand *hand, const struct change_request *request,
              const char *const *args, size_t n_args, int none_status, struct str *ret_output,
              struct str *ret_why)
{
    struct child child = { .timeout = HAND_SHORT_TIMEOUT };
    struct child_result answer;

    hand->begin(a, &child, request->host, true);
    child_args(a, &child, args, n_args);
    add_names(a, &child, request);
    TRY(ask_until(a, hand, &child, -1, clock_monotonic() + request->lock_timeout, &answer));
    *ret_output = answer.output;
    if (answer.status == 0 || answer.status == none_status)
        return 0;
    *ret_why = reason_of(a, hand, &answer, (struct str){ 0 });
    return PROVIDER_FAILED;
}

struct child hand_child(const struct hand_call *call)
{
    const struct change_request *request = call->request;

    if (call->act == HAND_TRY)
        return (struct child){ .timeout = HAND_SHORT_TIMEOUT };
    return (struct child){ .timeout = HAND_INSTALL_TIMEOUT,
                           .memory_limit = request->memory_limit,
                           .group = request->group,
                           .gate = request->gate };
}

void hand_go_gently(struct arena *a, struct child *child)
{
    static const char *const nice[] = { "/usr/bin/nice", "-n", "10" };

    child_args(a, child, nice, ARRAY_LEN(nice));
}

static int call_manager(struct run *run, const struct hand_call *call, struct child_result *ret)
{
    struct child child;
    int script = -1, result;

    TRY(run->hand->command(run->arena, call, &child, &script));
    if (call->act == HAND_BRING) {
        child.lock = run->rpm_lock;
        child.begins = run->hand->begins;
    }
    result = ask_until(run->arena, run->hand, &child,
                       call->act == HAND_TRY ? -1 : run->request->log, run->lock_deadline, ret);
    if (script >= 0)
        close(script);
    TRY(result);
    run->locked = is_locked(run->hand, ret);
    return 0;
}

/* What came along at another version than it is held to has to be named. False: no more. */
static bool name_more(struct run *run, struct str output, bool *named)
{
    struct change_request *request = run->request;
    struct str section = { 0 };
    struct hand_brought in;
    bool more = false;

    while (run->hand->next_brought(run->arena, &output, &section, &in)) {
        struct change *c = change_find(request->along, request->n_along, in.name, in.arch);

        if (!c || str_eq(c->to, in.version) || str_is_set(c->failure))
            continue;
        more |= !named[c - request->along];
        named[c - request->along] = true;
    }
    return more;
}

/* Until all is named that has to be. */
static int try_out(struct run *run, struct hand_call *call, bool *named, struct child_result *ret)
{
    call->act = HAND_TRY;
    do
        TRY(call_manager(run, call, ret));
    while (!run->locked && !run->hand->hides && name_more(run, ret->output, named));
    return 0;
}

static int ask(struct run *run, struct change **changes, size_t count, enum hand_act act,
               struct child_result *ret)
{
    const struct change_request *request = run->request;
    bool *named = arena_array(run->arena, bool, request->n_along + 1);
    struct hand_call call = { request, changes, count, act, named };

    if (act == HAND_TRY || (act == HAND_BRING && request->n_along > 0 && !run->hand->hides))
        TRY(try_out(run, &call, named, ret));
    call.act = act;
    if (act == HAND_TRY) {
        run->hand->judge(run->arena, &call, ret);
        return 0;
    }
    return call_manager(run, &call, ret);
}

/* ---- rpm's database ---- */

/* The file that rpm locks for as long as it changes its database. */
static int find_rpm_lock(struct arena *a, const char **ret)
{
    static const char *const args[] = {
        "/usr/bin/rpm", "--eval", "%{?_rpmlock_path}%{!?_rpmlock_path:%{_dbpath}/.rpm.lock}"
    };
    struct child child = { .timeout = HAND_SHORT_TIMEOUT };
    struct child_result answer;
    struct str path;

    child_args(a, &child, args, ARRAY_LEN(args));
    TRY(hand_ask(a, &child, -1, &answer));
    path = str_trim(answer.output);
    *ret = answer.status == 0 && str_starts(path, S("/")) ? arena_cstr(a, path)
                                                          : "/var/lib/rpm/.rpm.lock";
    return 0;
}

struct str hand_row(struct arena *a, const struct change *c)
{
    return arena_fmt(a, HAND_ROW, STR(c->new_name), STR(change_removes(c) ? c->from : c->to),
                     STR(c->new_arch));
}

size_t hand_count_open(const struct change_request *request)
{
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        count += !str_is_set(request->changes[i].failure);
    return count;
}

/* hand_row()s of what rpm's database has of the packages that a command line names. */
static int list_installed(struct arena *a, const struct child *names, struct str *ret)
{
    static const char *const args[] = {
        "/usr/bin/rpm", "-q", "--qf=<%{NAME} %{EPOCHNUM}:%{VERSION}-%{RELEASE} %{ARCH}>\n"
    };
    struct child child = { .timeout = HAND_SHORT_TIMEOUT };
    struct child_result answer;

    *ret = S("");
    if (names->argc <= 1) /* "--" alone */
        return 0;
    child_args(a, &child, args, ARRAY_LEN(args));
    child_args(a, &child, names->argv, names->argc);
    TRY(hand_ask(a, &child, -1, &answer)); /* its status tells that one is not there */
    *ret = answer.output;
    return 0;
}

/* What the repositories have of a package beside the version wanted. Where they still have the
 * one that is there that does not count: to hide it would keep dnf from replacing it. */
static struct strs other_versions(struct arena *a, struct str rows, struct str installed,
                                  const struct change *c)
{
    struct strs found = { arena_array(a, struct str, rows.len / 8 + 1), 0 }; /* < n v-r a > */
    struct str row, before, name, version, arch;

    while (str_cut(rows, '>', &row, &rows))
        if (str_cut(row, '<', &before, &row) && str_cut(row, ' ', &name, &row) &&
            str_cut(row, ' ', &version, &arch) && str_eq(name, c->new_name) &&
            str_eq(arch, c->new_arch) && !str_eq(version, c->to) &&
            !str_contains(installed, arena_fmt(a, HAND_ROW, STR(name), STR(version), STR(arch))))
            found.items[found.count++] = version;
    return found;
}

int hand_find_versions(struct arena *a, const struct rpm_hand *hand, struct change_request *request,
                       struct str *ret_why)
{
    struct child names = { 0 };
    struct str offered, installed;

    if (hand_count_open(request) == 0)
        return 0;
    PASS(hand->list_offered(a, request, &offered, ret_why));
    add_names(a, &names, request);
    TRY(list_installed(a, &names, &installed));
    for (size_t i = 0; i < request->count; i++) {
        struct change *c = &request->changes[i];

        if (str_is_set(c->failure) || change_removes(c))
            continue;
        c->others = other_versions(a, offered, installed, c);
        if (str_contains(installed, hand_row(a, c)))
            c->failure =
                arena_fmt(a, "version %.*s is still there beside the newer one", STR(c->to));
        else if (!str_contains(offered, hand_row(a, c)))
            c->failure = arena_fmt(a, "version %.*s is in no repository", STR(c->to));
    }
    return 0;
}

/* ---- install ---- */

/* What rpm's database says, of all at once. */
static int look(struct run *run, struct change **changes, size_t count)
{
    struct arena *a = run->arena;
    struct child names = { 0 };
    struct str installed;

    add_names(a, &names, run->request);
    TRY(list_installed(a, &names, &installed));
    for (size_t i = 0; i < count; i++)
        changes[i]->done =
            str_contains(installed, hand_row(a, changes[i])) != change_removes(changes[i]);
    return 0;
}

static int bring(struct run *run, struct change **changes, size_t count, struct child_result *ret)
{
    TRY(ask(run, changes, count, run->act, ret));
    return run->act == HAND_BRING ? look(run, changes, count) : 0;
}

/* Those that are not there yet go to the front; returns how many. */
static size_t keep_open(struct change **changes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++)
        if (!changes[i]->done && !str_is_set(changes[i]->failure))
            changes[kept++] = changes[i];
    return kept;
}

/* Those that the manager says nothing of go to the front; returns how many. */
static size_t split(const struct run *run, struct change **changes, size_t count,
                    const struct child_result *answer)
{
    size_t front = 0;

    for (size_t i = 0; i < count; i++) {
        struct change *change = changes[i];

        if (str_is_set(run->hand->blames(answer->output, change->new_name)))
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
        changes[i]->failure = reason_of(run->arena, run->hand, answer, changes[i]->new_name);
}

/* What a transaction left out and gave a reason for has failed. Where dependencies, a
 * download, a signature or the disk fail nothing at all may be brought in: then those that
 * are not complained of are tried first, or else halves, so that one bad package does not
 * keep the others out. */
static int install_set(struct run *run, struct change **changes, size_t count)
{
    struct child_result answer;
    size_t left, front;

    if (count == 0)
        return 0;
    if (run->act == HAND_BRING && gate_is_stopping(run->request->gate)) {
        for (size_t i = 0; i < count; i++)
            changes[i]->failure = gate_reason(run->arena, run->request->gate);
        return 0;
    }
    TRY(bring(run, changes, count, &answer));
    left = keep_open(changes, count);
    if (left == 0 || run->locked)
        return 0;
    if (answer.status == 0 || str_is_set(answer.stopped) || answer.timed_out || left == 1 ||
        clock_monotonic() >= run->deadline) {
        fail_all(run, changes, left, &answer);
        return 0;
    }
    front = split(run, changes, left, &answer);
    if (left < count) {
        fail_all(run, changes + front, left - front, &answer);
        return install_set(run, changes, front);
    }
    if (front == 0 || front == left)
        front = left / 2;
    TRY(install_set(run, changes, front));
    return run->locked ? 0 : install_set(run, changes + front, left - front);
}

static bool has_any(struct arena *a, struct str installed, const struct change *c)
{
    struct str line, start = arena_fmt(a, "<%.*s ", STR(c->name));
    struct str end = arena_fmt(a, " %.*s>", STR(c->arch));

    while (str_next(&installed, '\n', &line))
        if (str_starts(line, start) && str_ends(line, end))
            return true;
    return false;
}

/* What was removed while we waited does not come back: to zypper an update is an install. */
static int drop_removed(struct run *run)
{
    struct change_request *request = run->request;
    struct child names = { 0 };
    struct str installed;

    child_arg(run->arena, &names, "--");
    for (size_t i = 0; i < request->count; i++)
        if (hand_is_open(&request->changes[i]))
            child_arg(run->arena, &names, arena_cstr(run->arena, request->changes[i].name));
    TRY(list_installed(run->arena, &names, &installed));
    for (size_t i = 0; i < request->count; i++)
        if (hand_is_open(&request->changes[i]) &&
            !has_any(run->arena, installed, &request->changes[i]))
            request->changes[i].failure = S("it was removed meanwhile");
    return 0;
}

/* All of them or none: one transaction, and no second try. */
static int return_set(struct run *run, struct change **changes, size_t count)
{
    struct child_result answer;

    if (count == 0)
        return 0;
    TRY(bring(run, changes, count, &answer));
    if (!run->locked)
        fail_all(run, changes, keep_open(changes, count), &answer);
    return 0;
}

/* Two versions of a package in the database: a transaction was cut off between the
 * new one and the removal of the old. */
static int repair(struct run *run)
{
    struct change_request *request = run->request;
    struct change **changes = arena_array(run->arena, struct change *, request->count + 1);
    struct child_result answer;
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        if (is_repair(&request->changes[i]))
            changes[count++] = &request->changes[i];
    if (count == 0)
        return 0;
    TRY(ask(run, changes, count, HAND_REPAIR, &answer));
    for (size_t i = 0; i < count && answer.status != 0; i++)
        changes[i]->failure = reason_of(run->arena, run->hand, &answer, changes[i]->name);
    return 0;
}

static struct run run_of(struct arena *a, const struct rpm_hand *hand,
                         struct change_request *request, enum hand_act act)
{
    msec now = clock_monotonic();

    return (struct run){
        .arena = a,
        .hand = hand,
        .request = request,
        .act = act,
        .deadline = now + (act == HAND_TRY ? HAND_SHORT_TIMEOUT : HAND_INSTALL_TIMEOUT),
        .lock_deadline = now + request->lock_timeout,
    };
}

static size_t choose_open(struct change_request *request, struct change **changes)
{
    size_t count = 0;

    for (size_t i = 0; i < request->count; i++)
        if (hand_is_open(&request->changes[i]))
            changes[count++] = &request->changes[i];
    return count;
}

int hand_install(struct arena *a, const struct rpm_hand *hand, struct change_request *request,
                 struct str *ret_why)
{
    struct run run = run_of(a, hand, request, HAND_BRING);
    struct change **changes = arena_array(a, struct change *, request->count + 1);
    size_t count;

    if (!str_eq(request->host->root, S("/"))) {
        *ret_why = NOT_HERE;
        return PROVIDER_FAILED;
    }
    TRY(find_rpm_lock(a, &run.rpm_lock));
    /* rpm would wait for ever for another rpm. */
    run.locked = !child_wait_for_locks(&run.rpm_lock, 1, run.lock_deadline, request->gate);
    if (!run.locked)
        TRY(repair(&run));
    if (!run.locked && !request->is_return)
        TRY(drop_removed(&run));
    count = choose_open(request, changes);
    if (!run.locked && request->is_return)
        TRY(return_set(&run, changes, count));
    else if (!run.locked)
        TRY(install_set(&run, changes, count));
    if (!run.locked)
        return 0;
    *ret_why = hand->locked;
    return PROVIDER_LOCKED;
}

static void collect(struct run *run, struct str output, struct changes *found)
{
    const struct change_request *request = run->request;
    struct str section = { 0 };
    struct hand_brought in;

    while (run->hand->next_brought(run->arena, &output, &section, &in))
        if (!change_find(request->changes, request->count, in.name, in.arch) &&
            !change_find(found->items, found->count, in.name, in.arch))
            changes_add(run->arena, found,
                        &(struct change){ .manager_name = in.name,
                                          .name = in.name,
                                          .arch = in.arch,
                                          .to = in.version,
                                          .new_name = in.name,
                                          .new_arch = in.arch,
                                          .mark = in.is_new ? in.name : (struct str){ 0 } });
}

/* Of all together, or of each that can come in by itself. */
int hand_find_along(struct arena *a, const struct rpm_hand *hand,
                    const struct change_request *request, struct changes *ret, struct str *ret_why)
{
    struct change_request trial = *request;
    struct run run = run_of(a, hand, &trial, HAND_TRY);
    struct change **changes = arena_array(a, struct change *, request->count + 1);
    struct child_result answer;
    struct changes found = { 0 };
    size_t count;

    trial.changes = arena_array(a, struct change, request->count + 1); /* they are judged */
    for (size_t i = 0; i < request->count; i++)
        trial.changes[i] = request->changes[i];
    count = choose_open(&trial, changes);
    if (count > 0) {
        TRY(ask(&run, changes, count, HAND_TRY, &answer));
        collect(&run, answer.output, &found);
    }
    for (size_t i = 0; count > 1 && !run.locked && i < count; i++)
        if (!changes[i]->done) { /* alone, then */
            TRY(ask(&run, changes + i, 1, HAND_TRY, &answer));
            collect(&run, answer.output, &found);
        }
    *ret = found;
    if (!run.locked)
        return 0;
    *ret_why = hand->locked;
    return PROVIDER_FAILED;
}

int hand_simulate(struct arena *a, const struct rpm_hand *hand, struct change_request *request,
                  struct str *ret_why)
{
    struct run run = run_of(a, hand, request, HAND_TRY);
    struct change **changes = arena_array(a, struct change *, request->count + 1);
    size_t count = choose_open(request, changes);

    if (request->is_return || hand->leaves_out)
        TRY(return_set(&run, changes, count));
    else
        TRY(install_set(&run, changes, count));
    for (size_t i = 0; i < request->count; i++)
        request->changes[i].done = false; /* it was a try */
    if (!run.locked)
        return 0;
    *ret_why = hand->locked;
    return PROVIDER_FAILED;
}
