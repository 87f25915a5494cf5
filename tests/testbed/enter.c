/* SPDX-License-Identifier: Apache-2.0 */
/* A command from the machine, run inside a host. */
#include "hosthold.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* The PID namespace is entered by the parent and all others by the child, so that no
 * process outside of the host holds its mounts when the host ends. */
static int open_host(const char *dir, struct why *why)
{
    struct state s, again;
    if (state_read(dir, &s, why) != 0)
        return -1;
    if (strcmp(s.status, "running") != 0)
        return why_set(why, "the host in %s is not running but %s", dir, s.status);

    int init = (int)syscall(SYS_pidfd_open, s.init, 0);
    if (init < 0)
        return why_errno(why, "the host in %s has just ended", dir);
    /* Between the two lines above the number might have become another process's. */
    if (state_read(dir, &again, why) != 0)
        return -1;
    if (again.init != s.init || again.boots != s.boots)
        return why_set(why, "the host in %s has just ended", dir);
    if (setns(init, CLONE_NEWPID) != 0)
        return why_errno(why, "cannot enter the host in %s (as root, with CAP_SYS_ADMIN)", dir);
    return init;
}

static void clean_environment(void)
{
    const char *set = getenv("TERM");
    char term[64];

    snprintf(term, sizeof(term), "%s", set ? set : "dumb");
    clearenv();
    setenv("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", 1);
    setenv("HOME", "/root", 1);
    setenv("LANG", "C.UTF-8", 1);
    setenv("TERM", term, 1);
    setenv("ASAN_OPTIONS", WITHOUT_LEAKS, 1);
}

_Noreturn static void run_inside(int init, char *const *argv)
{
    struct why why;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setns(init, CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP) !=
            0 ||
        chdir("/") != 0 || groups_join_init(&why) != 0 || root_drop_capabilities(&why) != 0) {
        fprintf(stderr, "testbed-host: cannot enter the host: %s\n", strerror(errno));
        _exit(EXIT_NO_HOST);
    }
    clean_environment();
    execvp(argv[0], argv);
    fprintf(stderr, "testbed-host: cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

int enter_exec(const char *dir, char *const *argv)
{
    struct why why;
    int init = open_host(dir, &why);
    if (init < 0) {
        fprintf(stderr, "testbed-host: %s\n", why.text);
        return EXIT_NO_HOST;
    }

    pid_t pid = fork();
    if (pid == 0)
        run_inside(init, argv);
    if (pid < 0) {
        fprintf(stderr, "testbed-host: the host in %s has just ended\n", dir);
        return EXIT_NO_HOST;
    }
    close(init);

    /* Ctrl-C goes to the whole foreground group: the command decides. */
    signal(SIGINT, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
    int status;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
