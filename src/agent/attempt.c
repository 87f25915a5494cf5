/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/attempt.h"

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "sys/file.h"

#define RESULT_LIMIT ((size_t)1024 * 1024)

static const char *path_in(struct arena *a, const char *folder, const char *name)
{
    return arena_fmt(a, "%s/%s", folder, name).p;
}

int attempt_launch(struct arena *a, struct attempt *at, const struct document_step *step,
                   const char *const *env)
{
    const char *cwd =
        str_is_empty(step->working_directory) ? at->folder : arena_cstr(a, step->working_directory);
    const char *const argv[] = { "/proc/self/exe",
                                 "keep-step",
                                 at->folder,
                                 arena_fmt(a, "%" PRId64, step->timeout).p,
                                 cwd,
                                 NULL };
    const struct process_config config = { .argv = argv, .env = env, .outlives_us = true };
    struct str why;

    TRY(file_make_dirs(at->folder, 0700));
    TRY(file_write(path_in(a, at->folder, "script.sh"), step->script, 0700));
    int started = process_start(&config, a, &at->keeper, &why);
    if (started == PROCESS_NOT_STARTED)
        return err_fault(ENOEXEC, "cannot start the keeper of a step: %.*s", STR(why));
    TRY(started);
    at->is_child = true;
    return 0;
}

/* Under a name of its own first, locked and complete: whoever sees the claim sees it held. */
int attempt_claim(struct arena *a, const char *folder, int *ret_lock)
{
    const char *claim = path_in(a, folder, "claim");
    const char *own = arena_fmt(a, "%s/claim.%d", folder, (int)getpid()).p;
    struct str pid = arena_fmt(a, "%d\n", (int)getpid());

    int fd = open(own, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_fault(errno, "cannot create %s", own);
    bool is_ours = flock(fd, LOCK_EX | LOCK_NB) == 0 &&
                   write(fd, pid.p, pid.len) == (ssize_t)pid.len && fsync(fd) == 0 &&
                   link(own, claim) == 0;
    int error = errno;
    unlink(own);
    if (!is_ours) {
        close(fd);
        return error == EEXIST ? ATTEMPT_RUNNING : err_fault(error, "cannot claim %s", folder);
    }
    TRY(file_sync_dir(folder));
    *ret_lock = fd;
    return 0;
}

int attempt_write_result(struct arena *a, const char *folder, const struct step_result *r)
{
    struct value *v = value_map(a);

    value_set_int(a, v, S("code"), r->code);
    value_set_bool(a, v, S("timed_out"), r->timed_out);
    value_set_bool(a, v, S("killed"), r->killed);
    if (str_is_set(r->problem))
        value_set_str(a, v, S("problem"), r->problem);
    value_set_str(a, v, S("out"), r->out);
    value_set_str(a, v, S("err"), r->err);
    value_set_bool(a, v, S("out_cut"), r->out_cut);
    value_set_bool(a, v, S("err_cut"), r->err_cut);
    PASS(file_write(path_in(a, folder, "result.json"), json_format(a, v), 0600));
    return 0;
}

/* True if there is one; one that cannot be read is no result. */
static bool read_result(struct arena *a, const char *folder, struct step_result *ret)
{
    struct str text;
    struct value *v;

    if (file_read(a, path_in(a, folder, "result.json"), RESULT_LIMIT, &text) != 0 ||
        json_parse(a, text, &v, NULL) != 0)
        return false;
    *ret = (struct step_result){
        .code = value_get_int(v, S("code"), 1),
        .timed_out = value_get_bool(v, S("timed_out"), false),
        .killed = value_get_bool(v, S("killed"), false),
        .problem = value_get_str(v, S("problem")),
        .out = value_get_str(v, S("out")),
        .err = value_get_str(v, S("err")),
        .out_cut = value_get_bool(v, S("out_cut"), false),
        .err_cut = value_get_bool(v, S("err_cut"), false),
    };
    return true;
}

/* A claim's lock is held by its keeper and by nobody else for longer than a moment. */
static bool is_held(int claim)
{
    if (flock(claim, LOCK_SH | LOCK_NB) != 0)
        return true;
    flock(claim, LOCK_UN);
    return false;
}

static pid_t read_pid(int claim)
{
    char text[16] = "";
    int64_t pid;
    ssize_t len = pread(claim, text, sizeof(text) - 1, 0);

    if (len <= 0 || !str_to_int(str_trim((struct str){ text, (size_t)len }), &pid))
        return 0;
    return pid > 0 && pid < INT32_MAX ? (pid_t)pid : 0;
}

void attempt_done(struct attempt *at)
{
    struct process_status status;

    if (at->keeper.pid == 0)
        return;
    if (!at->is_child || process_wait(&at->keeper, 0, &status) != 0)
        close(at->keeper.pidfd);
    at->keeper = (struct process){ 0 };
}

/* The claim may be of a keeper that an agent before us launched: its pid is sure while the lock
 * is held. */
static void adopt(struct attempt *at, int claim)
{
    pid_t pid = read_pid(claim);

    if (pid == 0 || pid == at->keeper.pid)
        return;
    attempt_done(at);
    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0)
        return;
    at->keeper = (struct process){ .pid = pid, .pidfd = pidfd };
    at->is_child = false;
    if (!is_held(claim))
        attempt_done(at);
}

/* A keeper of our own that has ended without a claim. */
static bool has_keeper_ended(struct attempt *at)
{
    struct process_status status;

    if (!at->is_child || process_wait(&at->keeper, 0, &status) != 0)
        return false;
    at->keeper = (struct process){ 0 };
    return true;
}

static int lost(struct step_result *ret, struct str why)
{
    *ret = (struct step_result){ .problem = why, .out = S(""), .err = S("") };
    return 0;
}

int attempt_look(struct arena *a, struct attempt *at, struct step_result *ret)
{
    int claim = open(path_in(a, at->folder, "claim"), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

    if (claim < 0) {
        if (at->keeper.pid == 0)
            return ATTEMPT_ABSENT;
        if (!has_keeper_ended(at))
            return ATTEMPT_RUNNING;
        return lost(ret, S("The step could not be started on this node"));
    }
    if (is_held(claim)) {
        adopt(at, claim);
        close(claim);
        return ATTEMPT_RUNNING;
    }
    close(claim);
    if (read_result(a, at->folder, ret))
        return 0;
    return lost(ret, S("The step was interrupted: the node went down or the step's keeper was "
                       "killed while it ran. How far it came is not known"));
}

void attempt_cancel(struct attempt *at)
{
    if (at->keeper.pid != 0)
        (void)pidfd_send_signal(at->keeper.pidfd, SIGTERM, NULL, 0);
}
