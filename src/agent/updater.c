/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/updater.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <unistd.h>

#include "agent/presence.h"
#include "base/crypto.h"
#include "base/json.h"
#include "base/log.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

#define JOURNAL_LIMIT   ((size_t)1024 * 1024)
#define PACKAGE_BYTES   ((size_t)256 * 1024 * 1024)
#define INSTALL_TIMEOUT (15 * MSEC_MINUTE)
#define INSTALL_OUTPUT  ((size_t)16 * 1024)
#define LOCK_PATIENCE   (10 * MSEC_MINUTE) /* for another dpkg */
#define STOP_PATIENCE   (20 * MSEC_SECOND)
#define SYSTEMCTL_TIME  (2 * MSEC_MINUTE)
#define LOOK_PAUSE      200
#define MAX_UPDATERS    10 /* that may be killed while the command waits */
#define SYSTEM_PATH     "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

const char *updater_path(struct arena *a, const char *state, const char *name)
{
    return arena_fmt(a, "%s/update/%s", state, name).p;
}

static const char *package_path(struct arena *a, const char *state, struct str file)
{
    return arena_fmt(a, "%s/packages/%.*s", state, STR(file)).p;
}

struct str updater_sum(struct arena *a, const char *path)
{
    struct arena scratch = { 0 };
    struct str bytes, sum = { 0 };

    if (file_read(&scratch, path, PACKAGE_BYTES, &bytes) == 0)
        sum = sha256_hex(a, bytes);
    arena_done(&scratch);
    return sum;
}

static int load(struct arena *a, const char *state, struct update *ret, bool *ret_is_there)
{
    struct value *v;
    struct str text;

    int read = file_read(a, updater_path(a, state, "journal.json"), JOURNAL_LIMIT, &text);
    *ret_is_there = read == 0;
    if (read == FILE_ABSENT)
        return 0;
    TRY(read);
    if (json_parse(a, text, &v, NULL) != 0 || !update_from_value(a, v, ret))
        return err_fault(EINVAL, "%s cannot be understood", updater_path(a, state, "journal.json"));
    return 0;
}

int updater_save(const char *state, const struct update *u)
{
    struct arena a = { 0 };

    int written = file_write(updater_path(&a, state, "journal.json"),
                             json_format(&a, update_to_value(&a, u)), 0600);
    arena_done(&a);
    TRY(written);
    return 0;
}

/* --- the ports ------------------------------------------------------------------- */

static int save(void *context, const struct update *u)
{
    TRY(updater_save(context, u));
    return 0;
}

static int fail(struct arena *a, struct str *ret_why, struct str why)
{
    *ret_why = arena_dup(a, why);
    return UPDATE_FAILED;
}

static struct str last_lines(struct str text)
{
    text = str_trim(text);
    return text.len > 400 ? str_from(text, text.len - 400) : text;
}

/* dpkg, unlike rpm, does not wait for another one to end. */
static bool is_locked_out(const struct update *u, const struct process_output *o)
{
    return str_eq(u->family, S("deb")) && o->status.is_exited && o->status.code == 2 &&
           str_contains(o->err, S("lock"));
}

static int install(void *context, const struct update *u, const struct update_side *side,
                   struct arena *a, struct str *ret_why)
{
    const char *file = package_path(a, context, side->file);
    const char *const deb[] = { "dpkg", "--force-confdef", "--force-confold", "--install", file,
                                NULL };
    const char *const rpm[] = { "rpm", "-U", "--oldpackage", "--replacepkgs", "--nosignature",
                                file,  NULL };
    const char *const env[] = { SYSTEM_PATH, "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C.UTF-8",
                                "HOME=/root", NULL };
    const struct process_config config = { .argv = str_eq(u->family, S("deb")) ? deb : rpm,
                                           .env = env,
                                           .outlives_us = true };
    msec deadline = clock_monotonic() + LOCK_PATIENCE;
    struct process_output output;

    /* It has lain on a disk since it was verified. */
    if (!str_eq(updater_sum(a, file), side->sum))
        return fail(a, ret_why, arena_fmt(a, "%s is not what was verified", file));
    log_notice("installing %.*s", STR(side->file));
    for (;;) {
        int ran = process_run(&config, INSTALL_TIMEOUT, INSTALL_OUTPUT, a, &output, ret_why);
        if (ran == PROCESS_NOT_STARTED)
            return UPDATE_FAILED;
        TRY(ran);
        if (!is_locked_out(u, &output) || clock_monotonic() > deadline)
            break;
        poll(NULL, 0, 1000);
    }
    if (output.status.is_exited && output.status.code == 0)
        return 0;
    return fail(a, ret_why,
                arena_fmt(a, "%s failed on %.*s: %.*s", config.argv[0], STR(side->file),
                          STR(last_lines(output.err))));
}

static void stop_agent(pid_t pid)
{
    int fd = pidfd_open(pid, 0);
    struct pollfd ended = { .fd = fd, .events = POLLIN };

    if (fd < 0)
        return;
    (void)pidfd_send_signal(fd, SIGTERM, NULL, 0);
    if (poll(&ended, 1, (int)STOP_PATIENCE) == 0)
        (void)pidfd_send_signal(fd, SIGKILL, NULL, 0);
    close(fd);
}

static const char *const *c_strings(struct arena *a, struct strs list)
{
    const char **strings = arena_array(a, const char *, list.count + 1);

    for (size_t i = 0; i < list.count; i++)
        strings[i] = arena_cstr(a, list.items[i]);
    return strings;
}

/* Where the old agent's words go, else a file. */
static int open_log(struct arena *a, const char *state, pid_t old)
{
    int fd = -1;

    if (old > 0)
        fd = open(arena_fmt(a, "/proc/%d/fd/2", (int)old).p, O_WRONLY | O_APPEND | O_CLOEXEC);
    if (fd < 0)
        fd = open(updater_path(a, state, "agent.log"), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC,
                  0600);
    return fd;
}

static int start_by_hand(const char *state, const struct update *u, pid_t old, struct arena *a,
                         struct str *ret_why)
{
    const char **argv = arena_array(a, const char *, u->argv.count + 2);
    struct process agent;
    int log = open_log(a, state, old);

    memcpy(argv, c_strings(a, u->argv), u->argv.count * sizeof(*argv));
    argv[0] = PRESENCE_PROGRAM;
    const struct process_config config = {
        .argv = argv,
        .env = c_strings(a, u->env),
        .cwd = "/",
        .out = log,
        .err = log,
        .outlives_us = true,
    };
    if (old > 0)
        stop_agent(old);
    int started = process_start(&config, a, &agent, ret_why);
    if (log >= 0)
        close(log);
    if (started == PROCESS_NOT_STARTED)
        return UPDATE_FAILED;
    TRY(started);
    close(agent.pidfd);
    return 0;
}

static int start(void *context, const struct update *u, struct arena *a, struct str *ret_why)
{
    const char *const argv[] = { "systemctl", "--no-block", "restart", "patchbay-agent.service",
                                 NULL };
    const struct process_config config = { .argv = argv };
    struct process_output output;
    struct presence p;

    presence_read(a, context, &p);
    if (p.is_installed)
        return 0;
    if (!u->has_systemd)
        return start_by_hand(context, u, p.is_running ? p.pid : 0, a, ret_why);
    int ran = process_run(&config, SYSTEMCTL_TIME, INSTALL_OUTPUT, a, &output, ret_why);
    if (ran == PROCESS_NOT_STARTED)
        return UPDATE_FAILED;
    TRY(ran);
    if (output.status.is_exited && output.status.code == 0)
        return 0;
    return fail(a, ret_why, arena_fmt(a, "systemctl: %.*s", STR(last_lines(output.err))));
}

static bool is_heard(void *context, struct str version)
{
    struct arena a = { 0 };
    struct presence p;

    presence_read(&a, context, &p);
    bool is_it = p.is_installed && p.is_heard && str_eq(p.version, version);
    arena_done(&a);
    return is_it;
}

/* --- the updater's process --------------------------------------------------------- */

/* What is installed now is the way back of the next update; nothing else is kept. */
static void keep_installed(struct arena *a, const char *state, const struct update *u)
{
    struct str gone = u->end == UPDATE_DONE ? u->old.file : u->new.file;

    if (u->end != UPDATE_STUCK && file_remove(package_path(a, state, gone)) != 0)
        log_warning("%s", err_trace());
}

static int carry_out(struct arena *a, const char *state)
{
    const struct update_ports ports = { .context = (void *)(uintptr_t)state,
                                        .save = save,
                                        .install = install,
                                        .start = start,
                                        .is_heard = is_heard };
    struct update u;
    bool is_there;

    TRY(load(a, state, &u, &is_there));
    if (!is_there || u.phase == UPDATE_OVER)
        return 0;
    update_resume(&u, clock_monotonic());
    int result;
    while ((result = update_advance(a, &u, &ports, clock_monotonic())) > 0)
        if (result == UPDATE_WAITS)
            poll(NULL, 0, LOOK_PAUSE);
    TRY(result);
    keep_installed(a, state, &u);
    log_notice("%.*s", STR(update_tell(a, &u)));
    return 0;
}

int updater_run(struct arena *a, const char *state)
{
    int lock;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    int locked = file_lock(updater_path(a, state, "lock"), &lock);
    if (locked == FILE_LOCKED)
        return UPDATER_BUSY;
    TRY(locked);
    int result = carry_out(a, state);
    file_unlock(lock);
    TRY(result);
    return 0;
}

/* In a process group of its own, with its words where ours go. */
static int start_updater(struct arena *a, const char *state, struct process *ret)
{
    const char *const argv[] = {
        updater_path(a, state, "updater"), "update", "--resume", "--state", state, NULL
    };
    const struct process_config config = {
        .argv = argv, .out = STDERR_FILENO, .err = STDERR_FILENO, .outlives_us = true
    };
    struct str why;

    int started = process_start(&config, a, ret, &why);
    if (started == PROCESS_NOT_STARTED)
        return err_fault(ENOEXEC, "cannot start the updater: %.*s", STR(why));
    TRY(started);
    return 0;
}

/* --- the command ---------------------------------------------------------------------- */

static int take_lock(struct arena *a, const char *state, int *ret_lock)
{
    TRY(file_make_dirs(updater_path(a, state, ""), 0700));
    int locked = file_lock(updater_path(a, state, "lock"), ret_lock);
    if (locked == FILE_LOCKED)
        return UPDATER_BUSY;
    TRY(locked);
    return 0;
}

/* Until whoever is at work ends; true at once if nobody is. */
static void wait_for_another(struct arena *a, const char *state)
{
    int lock, result;

    while ((result = take_lock(a, state, &lock)) == UPDATER_BUSY)
        poll(NULL, 0, LOOK_PAUSE);
    if (result == 0)
        file_unlock(lock);
}

/* An updater that is killed is started again: what it has begun must come to an end. */
static int follow(struct arena *a, const char *state, struct update *ret)
{
    struct process_status status;
    struct process updater;
    bool is_there;

    for (int i = 0; i < MAX_UPDATERS; i++) {
        TRY(start_updater(a, state, &updater));
        TRY(process_wait(&updater, -1, &status));
        wait_for_another(a, state);
        TRY(load(a, state, ret, &is_there));
        if (!is_there || ret->phase == UPDATE_OVER)
            return is_there ? 0 : err_fault(ENOENT, "the record of the update is gone");
    }
    return err_fault(EINTR, "the updater ends again and again; the agent's next start goes on");
}

static int judge(struct arena *a, const struct update *u, struct str *ret)
{
    *ret = update_tell(a, u);
    return u->end == UPDATE_DONE ? 0 : UPDATER_FAILED;
}

int updater_update(struct arena *a, const struct update_order *order, struct str *ret)
{
    struct update u;
    bool is_nothing = false, is_there = false;
    int lock;

    int locked = take_lock(a, order->state, &lock);
    if (locked == UPDATER_BUSY) {
        *ret = S("another update is under way");
        return UPDATER_BUSY;
    }
    TRY(locked);
    /* One that nobody is at work on comes first; this one may be for another version. */
    int prepared = load(a, order->state, &u, &is_there);
    bool is_left_over = prepared == 0 && is_there && u.phase != UPDATE_OVER;
    if (prepared == 0 && !is_left_over)
        prepared = updater_prepare(a, order, &u, &is_nothing, ret);
    file_unlock(lock);
    PASS(prepared);
    if (is_nothing)
        return 0;
    TRY(follow(a, order->state, &u));
    if (is_left_over) {
        *ret = arena_fmt(a, "an earlier update was brought to its end first (%.*s): ask again",
                         STR(update_tell(a, &u)));
        return UPDATER_REFUSED;
    }
    return judge(a, &u, ret);
}

void updater_look_in(const char *state)
{
    struct arena a = { 0 };
    struct process updater;
    struct update u;
    bool is_there;
    int lock;

    if (load(&a, state, &u, &is_there) != 0) {
        log_error("%s", err_trace());
    } else if (is_there && u.phase != UPDATE_OVER && take_lock(&a, state, &lock) == 0) {
        file_unlock(lock);
        log_notice("an update of the agent was interrupted: going on");
        if (start_updater(&a, state, &updater) != 0)
            log_error("%s", err_trace());
        else
            close(updater.pidfd);
    }
    arena_done(&a);
}
