/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/process.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"

#define MAX_KEEP   16
#define HIGH_FD    100 /* above every descriptor that a child is given */
#define KILL_GRACE (5 * MSEC_SECOND)

extern char **environ;

/* --- in the child --------------------------------------------------------- */
/* Between fork() and execve() of a process with threads: system calls only. */

struct child {
    const struct process_config *config;
    const char *path; /* of the program */
    pid_t parent;
    int tell; /* errno goes here if it does not start */
};

/* The sources may be among the targets: move them out of the way first. */
static bool place_descriptors(const struct process_config *c)
{
    int source[3 + MAX_KEEP], given[3] = { c->in, c->out, c->err };
    int n = 3 + (int)c->n_keep;

    for (int i = 0; i < n; i++) {
        int fd = i < 3 ? given[i] : c->keep[i - 3];
        if (i < 3 && fd <= 0) {
            int null = open("/dev/null", i == 0 ? O_RDONLY : O_WRONLY);
            source[i] = null < 0 ? -1 : fcntl(null, F_DUPFD, HIGH_FD);
        } else {
            source[i] = fcntl(fd, F_DUPFD, HIGH_FD);
        }
        if (source[i] < 0)
            return false;
    }
    for (int i = 0; i < n; i++)
        if (dup2(source[i], i) < 0)
            return false;
    return close_range((unsigned)n, UINT_MAX, CLOSE_RANGE_CLOEXEC) == 0;
}

static void reset_signals(void)
{
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        (void)signal(i, SIG_DFL); /* some cannot be set */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool set_limits(const struct process_config *c)
{
    for (size_t i = 0; i < c->n_limits; i++) {
        const struct rlimit limit = { c->limits[i].value, c->limits[i].value };
        if (setrlimit((__rlimit_resource_t)c->limits[i].resource, &limit) != 0)
            return false;
    }
    return true;
}

static bool join_group(const struct process_config *c)
{
    return c->group <= 0 || write(c->group, "0", 1) == 1;
}

static bool die_with_parent(const struct child *child)
{
    if (child->config->outlives_us)
        return true;
    return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == child->parent;
}

_Noreturn static void become(const struct child *child)
{
    const struct process_config *c = child->config;
    int tell = fcntl(child->tell, F_DUPFD_CLOEXEC, HIGH_FD + 3 + MAX_KEEP);

    reset_signals();
    if (setpgid(0, 0) == 0 && die_with_parent(child) && join_group(c) && place_descriptors(c) &&
        (!c->cwd || chdir(c->cwd) == 0) && set_limits(c))
        execve(child->path, (char *const *)(uintptr_t)c->argv,
               c->env ? (char *const *)(uintptr_t)c->env : environ);
    int error = errno;
    if (write(tell, &error, sizeof(error)) < 0)
        _exit(126);
    _exit(127);
}

/* --- starting ------------------------------------------------------------- */

static const char *find_program(struct arena *a, const char *name)
{
    const char *path = getenv("PATH");
    struct str rest = str_of(path ? path : "/usr/sbin:/usr/bin:/sbin:/bin"), folder;

    if (strchr(name, '/'))
        return name;
    while (str_next(&rest, ':', &folder)) {
        const char *candidate = arena_fmt(a, "%.*s/%s", STR(folder), name).p;
        if (access(candidate, X_OK) == 0)
            return candidate;
    }
    return name; /* execve() says ENOENT */
}

/* Not a signal handler may run in the child before it has reset them. */
static pid_t fork_quietly(const struct child *child)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    pid_t pid = fork();
    if (pid == 0)
        become(child);
    int error = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = error;
    return pid;
}

static int reap(pid_t pid, int *ret_status)
{
    pid_t got;
    while ((got = waitpid(pid, ret_status, 0)) < 0 && errno == EINTR)
        ;
    return got == pid ? 0 : FAULT(errno);
}

/* The pipe closes by itself when the program runs. */
static int await_start(pid_t pid, int told, const char *name, struct arena *a, struct str *ret_why)
{
    int error = 0, status;
    ssize_t n;

    while ((n = read(told, &error, sizeof(error))) < 0 && errno == EINTR)
        ;
    if (n <= 0)
        return 0;
    TRY(reap(pid, &status));
    if (ret_why)
        *ret_why = arena_fmt(a, "cannot run %s: %s", name, strerror(error));
    return PROCESS_NOT_STARTED;
}

int process_start(const struct process_config *config, struct arena *a, struct process *ret,
                  struct str *ret_why)
{
    int ends[2];

    assert(config->argv && config->argv[0] && config->n_keep <= MAX_KEEP);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAULT(errno);
    const struct child child = { config, find_program(a, config->argv[0]), getpid(), ends[1] };
    pid_t pid = fork_quietly(&child);
    int error = pid < 0 ? errno : 0;
    close(ends[1]);
    int result = error ? FAULT(error) : await_start(pid, ends[0], config->argv[0], a, ret_why);
    close(ends[0]);
    PASS(result);

    int pidfd = pidfd_open(pid, 0);
    if (pidfd < 0) {
        int status;
        error = errno;
        kill(-pid, SIGKILL);
        TRY(reap(pid, &status));
        return FAULT(error);
    }
    *ret = (struct process){ pid, pidfd };
    return 0;
}

/* --- waiting -------------------------------------------------------------- */

static int remaining(msec deadline)
{
    if (deadline < 0)
        return -1;
    msec left = deadline ? deadline - clock_monotonic() : 0;
    return left < 0 ? 0 : left > INT_MAX ? INT_MAX : (int)left;
}

static int await_end(const struct process *p, msec deadline)
{
    struct pollfd fd = { .fd = p->pidfd, .events = POLLIN };
    int n;

    do {
        n = poll(&fd, 1, remaining(deadline));
    } while ((n < 0 && errno == EINTR) || (n == 0 && remaining(deadline) != 0));
    if (n < 0)
        return FAULT(errno);
    return n == 0 ? PROCESS_RUNNING : 0;
}

static int collect(struct process *p, struct process_status *ret)
{
    int status;

    TRY(reap(p->pid, &status));
    close(p->pidfd);
    *p = (struct process){ 0 };
    *ret = (struct process_status){
        .is_exited = WIFEXITED(status),
        .code = WIFEXITED(status) ? WEXITSTATUS(status) : 0,
        .signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0,
    };
    return 0;
}

int process_wait(struct process *p, msec deadline, struct process_status *ret)
{
    assert(p->pid > 0);
    PASS(await_end(p, deadline));
    TRY(collect(p, ret));
    return 0;
}

/* The group cannot be another's as long as its leader is not reaped. */
int process_end(struct process *p, msec grace, struct process_status *ret)
{
    assert(p->pid > 0);
    kill(-p->pid, SIGTERM);
    kill(-p->pid, SIGCONT);
    int result = await_end(p, clock_monotonic() + grace);
    kill(-p->pid, SIGKILL);
    if (result < 0)
        return err_forward(result, __func__, __FILE__, __LINE__);
    TRY(await_end(p, -1));
    TRY(collect(p, ret));
    return 0;
}

/* --- running to the end --------------------------------------------------- */

struct catch
{
    int fd; /* -1: at its end */
    struct buf text;
    bool is_cut;
};

/* Takes what is there; a full pipe is read even when nobody wants more of it. */
static void take(struct catch *c, size_t limit)
{
    char bytes[16384];
    ssize_t n;

    while (c->fd >= 0 && (n = read(c->fd, bytes, sizeof(bytes))) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return;
        size_t wanted = limit - c->text.len < (size_t)n ? limit - c->text.len : (size_t)n;
        buf_add(&c->text, (struct str){ bytes, wanted });
        c->is_cut |= wanted < (size_t)n;
    }
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
}

/* Until the leader is over: 0; or the deadline: PROCESS_RUNNING. */
static int listen_to(const struct process *p, struct catch catches[2], msec deadline, size_t limit)
{
    for (;;) {
        struct pollfd fds[3] = { { .fd = p->pidfd, .events = POLLIN },
                                 { .fd = catches[0].fd, .events = POLLIN },
                                 { .fd = catches[1].fd, .events = POLLIN } };
        int n = poll(fds, 3, remaining(deadline));
        if (n < 0 && errno != EINTR)
            return FAULT(errno);
        take(&catches[0], limit);
        take(&catches[1], limit);
        if (n > 0 && fds[0].revents) {
            take(&catches[0], limit); /* said between the two */
            take(&catches[1], limit);
            return 0;
        }
        if (remaining(deadline) == 0)
            return PROCESS_RUNNING;
    }
}

static int attend(struct process *p, struct catch catches[2], msec timeout, size_t limit,
                  struct process_output *ret)
{
    int result = listen_to(p, catches, clock_monotonic() + timeout, limit);

    if (result == 0) {
        TRY(collect(p, &ret->status));
        return 0;
    }
    ret->is_timed_out = result == PROCESS_RUNNING;
    TRY(process_end(p, KILL_GRACE, &ret->status));
    take(&catches[0], limit);
    take(&catches[1], limit);
    if (result < 0)
        return err_forward(result, __func__, __FILE__, __LINE__);
    return 0;
}

/* The reading end does not block. The writing end is the child's, and does. */
static int open_catch(struct arena *a, struct catch *c, int *ret_write)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return FAULT(errno);
    *c = (struct catch){ .fd = ends[0], .text = buf_in(a) };
    *ret_write = ends[1];
    if (fcntl(ends[0], F_SETFL, O_NONBLOCK) != 0)
        return FAULT(errno);
    return 0;
}

static int run(const struct process_config *config, struct catch catches[2], msec timeout,
               size_t limit, struct arena *a, struct process_output *ret, struct str *ret_why)
{
    struct process_config c = *config;
    struct process p;
    int out = -1, err = -1;

    int result = open_catch(a, &catches[0], &out);
    if (result == 0)
        result = open_catch(a, &catches[1], &err);
    c.out = out;
    c.err = err;
    if (result == 0)
        result = process_start(&c, a, &p, ret_why);
    if (out >= 0)
        close(out);
    if (err >= 0)
        close(err);
    PASS(result);
    TRY(attend(&p, catches, timeout, limit, ret));
    return 0;
}

int process_run(const struct process_config *config, msec timeout, size_t limit, struct arena *a,
                struct process_output *ret, struct str *ret_why)
{
    struct catch catches[2] = { { .fd = -1 }, { .fd = -1 } };
    struct process_output output = { 0 };
    int result = run(config, catches, timeout, limit, a, &output, ret_why);

    for (int i = 0; i < 2; i++)
        if (catches[i].fd >= 0)
            close(catches[i].fd);
    PASS(result);
    output.out = buf_str(&catches[0].text);
    output.err = buf_str(&catches[1].text);
    output.is_out_cut = catches[0].is_cut;
    output.is_err_cut = catches[1].is_cut;
    *ret = output;
    return 0;
}
