/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "patch/gate.h"
#include "patch/settings.h"
#include "sys/clock.h"
#include "sys/process.h"

#define GRACE (30 * MSEC_SECOND)
#define TIDY  (5 * MSEC_SECOND)
#define LOOK  (MSEC_SECOND / 5) /* how often the gate and locks are looked at */

void child_arg(struct arena *a, struct child *child, const char *arg)
{
    child->argv = ARENA_GROW(a, child->argv, child->argc, &child->capacity);
    child->argv[child->argc++] = arg;
}

void child_args(struct arena *a, struct child *child, const char *const *args, size_t count)
{
    for (size_t i = 0; i < count; i++)
        child_arg(a, child, args[i]);
}

/* What was added since `start`; of too much the end, where the errors are. */
static int read_output(struct arena *a, int fd, off_t start, struct str *ret)
{
    off_t end = lseek(fd, 0, SEEK_END);
    char *text;
    ssize_t n;

    if (end < 0)
        return FAULT(errno);
    if (end - start > (off_t)CHILD_MAX_OUTPUT)
        start = end - (off_t)CHILD_MAX_OUTPUT;
    text = arena_alloc(a, (size_t)(end - start) + 1);
    n = pread(fd, text, (size_t)(end - start), start);
    if (n < 0)
        return FAULT(errno);
    *ret = (struct str){ text, (size_t)n };
    return 0;
}

/* The lock that keeps it from what it has not begun; -1: it has, or is about to. It holds
 * the lock only while it changes the host, so after that its words tell. */
static int keep_from(const struct child *child, int output, off_t start)
{
    int fd = open(child->lock, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    struct arena a = { 0 };
    struct str said;
    bool is_kept = fd >= 0 && fcntl(fd, F_SETLK, &lock) == 0 &&
                   read_output(&a, output, start, &said) == 0 && !str_contains(said, child->begins);

    arena_done(&a);
    if (!is_kept && fd >= 0)
        close(fd);
    return is_kept ? fd : -1;
}

/* One that tidies up at a SIGINT gets a moment for it. */
static int end(const struct child *child, struct process *process, struct process_status *status)
{
    int result = PROCESS_RUNNING;

    if (child->lock && kill(-process->pid, SIGINT) == 0)
        result = process_wait(process, clock_monotonic() + TIDY, status);
    return result == PROCESS_RUNNING ? process_end(process, GRACE, status) : result;
}

/* A program that changes the host is let go on until it is done, unless it is stopped
 * before it began. */
static int wait_at_gate(struct arena *a, const struct child *child, int output, off_t start,
                        struct process *process, struct process_status *status,
                        struct child_result *ret)
{
    int lock = -1, result = process_wait(process, clock_monotonic() + LOOK, status);
    bool is_kept = false;

    while (result == PROCESS_RUNNING && !is_kept) {
        if (gate_is_stopping(child->gate) && child->runs_hook) {
            is_kept = gate_close();
        } else if (gate_is_stopping(child->gate) && child->lock) {
            lock = keep_from(child, output, start);
            is_kept = lock >= 0;
        }
        if (!is_kept && gate_is_over(child->gate))
            scripts_look(&ret->scripts, process->pid);
        if (!is_kept)
            result = process_wait(process, clock_monotonic() + LOOK, status);
    }
    if (!is_kept)
        return result;
    ret->stopped = gate_reason(a, child->gate);
    result = end(child, process, status);
    if (lock >= 0)
        close(lock);
    return result;
}

/* Its own process group and no death with us: a package manager is never cut off
 * because the one who started it was. */
static int run_into(struct arena *a, const struct child *child, int output, off_t start,
                    struct child_result *ret)
{
    /* Private memory that can be written, not address space: libapt and compressors map
     * much more than they use. */
    const struct process_limit memory = { RLIMIT_DATA, (rlim_t)child->memory_limit };
    const struct process_config config = {
        .argv = child->argv,
        .env = child->env,
        .cwd = "/",
        .out = output,
        .err = output,
        .limits = &memory,
        .n_limits = child->memory_limit > 0,
        .group = child->group ? child->group->procs : 0,
        .outlives_us = true,
    };
    struct process process;
    struct process_status status;
    struct str why = S("");
    int64_t kills = memory_group_kills(child->group);
    int result = child->gate && child->runs_hook ? gate_reset() : 0;

    TRY(result);
    result = process_start(&config, a, &process, &why);

    if (result == PROCESS_NOT_STARTED) {
        *ret = (struct child_result){ .status = 127, .output = why };
        return 0;
    }
    TRY(result);
    if (child->gate) {
        ret->scripts.limit = child->gate->script_limit;
        result = wait_at_gate(a, child, output, start, &process, &status, ret);
    } else {
        result = process_wait(&process, clock_monotonic() + child->timeout, &status);
        ret->timed_out = result == PROCESS_RUNNING;
        if (ret->timed_out)
            result = process_end(&process, GRACE, &status);
    }
    TRY(result);
    if (memory_group_kills(child->group) > kills)
        ret->out_of_memory = memory_group_reason(a, child->group);
    ret->status = status.is_exited ? status.code : 128 + status.signal;
    return 0;
}

/* stdout and stderr share the file: both have to append. */
static int open_output(int *ret)
{
    int fd = memfd_create("output", MFD_CLOEXEC);

    if (fd < 0)
        return FAULT(errno);
    if (fcntl(fd, F_SETFL, O_APPEND) < 0) {
        int saved = errno;

        close(fd);
        return FAULT(saved);
    }
    *ret = fd;
    return 0;
}

int child_run(struct arena *a, const struct child *child, struct child_result *ret)
{
    struct child_result done = { .output = S("") };
    int output = child->log;
    off_t start;
    int result;

    if (child->log < 0)
        TRY(open_output(&output));
    start = lseek(output, 0, SEEK_END);
    result = run_into(a, child, output, start, &done);
    if (result == 0 && done.output.len == 0)
        result = read_output(a, output, start, &done.output);
    if (child->log < 0)
        close(output);
    TRY(result);
    *ret = done;
    return 0;
}

static bool is_locked(const char *path)
{
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    bool held = fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;

    if (fd >= 0)
        close(fd);
    return held;
}

struct str child_reason(struct arena *a, const struct child_result *result, struct str package)
{
    if (str_is_set(result->stopped))
        return result->stopped;
    if (scripts_ended(&result->scripts, package))
        return arena_fmt(a,
                         "out of time: the time limit was over, and its script ran for %.*s after "
                         "that (script-limit) and was ended",
                         STR(settings_time(a, result->scripts.limit)));
    return result->out_of_memory;
}

bool child_wait_for_locks(const char *const *paths, size_t count, msec deadline,
                          const struct gate *gate)
{
    for (size_t i = 0; i < count; i++)
        while (is_locked(paths[i])) {
            if (clock_monotonic() >= deadline || gate_is_stopping(gate))
                return false;
            nanosleep(&(struct timespec){ .tv_nsec = LOOK * 1000000 }, NULL);
        }
    return true;
}
