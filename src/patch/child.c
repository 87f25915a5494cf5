/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patch/disk.h"

#define GRACE (30 * MSEC_SECOND)

#define IOPRIO_BEST_EFFORT_LOWEST ((2 << 13) | 7)

/* Nothing of the caller's environment gets through: a proxy or a locale in it
 * must not change what a package manager does. */
static const char *const fixed_env[] = {
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    "HOME=/root",
    "LC_ALL=C.UTF-8",
    "TERM=dumb",
};

void child_arg(struct arena *a, struct child *child, const char *arg)
{
    assert(child->argc + 1 < CHILD_MAX_ARGS);
    if (!child->argv)
        child->argv = arena_array(a, const char *, CHILD_MAX_ARGS);
    child->argv[child->argc++] = arg;
    child->argv[child->argc] = NULL;
}

static void lower_priority(void)
{
    if (nice(10) < 0)
        errno = 0;
    syscall(SYS_ioprio_set, 1, 0, IOPRIO_BEST_EFFORT_LOWEST);
}

/* Runs between fork and exec of a program with one thread. */
static void become(const struct child *child)
{
    const char *env[32];
    size_t n = 0;
    int null = open("/dev/null", O_RDONLY);
    sigset_t none;

    for (size_t i = 0; i < ARRAY_LEN(fixed_env); i++)
        env[n++] = fixed_env[i];
    for (size_t i = 0; child->env && child->env[i] && n + 1 < ARRAY_LEN(env); i++)
        env[n++] = child->env[i];
    env[n] = NULL;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (child->gentle)
        lower_priority();
    if (null < 0 || dup2(null, 0) < 0 || dup2(child->output, 1) < 0 ||
        dup2(child->output, 2) < 0 || setenv("PATH", fixed_env[0] + 5, 1) < 0)
        _exit(127);
    execvpe(child->argv[0], (char *const *)child->argv, (char *const *)env);
    _exit(127);
}

/* True if it ended within the time. */
static bool ends_within(int pidfd, msec time)
{
    struct pollfd p = { .fd = pidfd, .events = POLLIN };
    int n;

    do
        n = poll(&p, 1, time > 0 ? (int)time : -1);
    while (n < 0 && errno == EINTR);
    return n > 0;
}

static void stop(pid_t pid, int pidfd)
{
    kill(pid, SIGTERM);
    if (!ends_within(pidfd, GRACE))
        kill(pid, SIGKILL);
}

int child_run(const struct child *child, struct child_result *ret)
{
    struct child_result result = { 0 };
    CLEANUP(disk_closep) int pidfd = -1;
    int status;
    pid_t pid = fork();

    if (pid < 0)
        return FAULT(errno);
    if (pid == 0)
        become(child);
    pidfd = pidfd_open(pid, 0);
    if (pidfd >= 0 && child->timeout > 0 && !ends_within(pidfd, child->timeout)) {
        result.timed_out = true;
        stop(pid, pidfd);
    }
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return FAULT(errno);
    result.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    *ret = result;
    return 0;
}

int child_output(int *ret_fd)
{
    int fd = memfd_create("output", MFD_CLOEXEC);

    if (fd < 0)
        return FAULT(errno);
    /* Two writers, stdout and stderr, share the offset; append keeps it simple. */
    if (fcntl(fd, F_SETFL, O_APPEND) < 0) {
        int saved = errno;

        close(fd);
        return FAULT(saved);
    }
    *ret_fd = fd;
    return 0;
}

int child_output_read(struct arena *a, int fd, size_t max, struct str *ret)
{
    struct stat st;
    size_t size, done = 0;
    char *text;
    off_t from;

    if (fstat(fd, &st) < 0)
        return FAULT(errno);
    size = (size_t)st.st_size < max ? (size_t)st.st_size : max;
    from = st.st_size - (off_t)size;
    text = arena_alloc(a, size + 1);
    while (done < size) {
        ssize_t n = pread(fd, text + done, size - done, from + (off_t)done);

        if (n <= 0)
            break;
        done += (size_t)n;
    }
    *ret = (struct str){ text, done };
    return 0;
}
