/* SPDX-License-Identifier: Apache-2.0 */
/* The supervisor: a host's power supply. */
#include "hosthold.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum next {
    NEXT_BOOT, /* the same disk again */
    NEXT_OFF,
    NEXT_FAILED,
};

struct supervisor {
    struct host *host;
    struct state state;
    int lock, signals, parent, console;
    bool fresh_disk;
    bool stay_off; /* the next end of the host is its last */

    /* of this boot */
    int child, control;
};

static int pidfd_of(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

static void tell(struct supervisor *s)
{
    struct why why;

    if (state_write(s->host->dir, &s->state, &why) != 0)
        fprintf(stderr, "testbed-host: %s\n", why.text);
}

static void set_status(struct supervisor *s, const char *status)
{
    text_copy(s->state.status, sizeof(s->state.status), status);
    tell(s);
}

static int fail(struct supervisor *s, const char *text)
{
    text_copy(s->state.error, sizeof(s->state.error), text);
    s->state.init = 0;
    set_status(s, "failed");
    fprintf(stderr, "testbed-host: %s: %s\n", s->host->name, text);
    return EXIT_FAILURE;
}

/* --- setting up --- */

static int make_disk(struct supervisor *s, struct why *why)
{
    static const char *const parts[] = { "upper", "root" };
    char path[4096];

    for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
        snprintf(path, sizeof(path), "%s/%s", s->host->dir, parts[i]);
        if (mkdir(path, 0755) == 0)
            s->fresh_disk |= i == 0;
        else if (errno != EEXIST)
            return why_errno(why, "cannot create %s", path);
    }
    return 0;
}

static int block_signals(struct supervisor *s, struct why *why)
{
    static const int wanted[] = { SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2 };
    sigset_t set;

    sigemptyset(&set);
    for (size_t i = 0; i < ARRAY_LEN(wanted); i++)
        sigaddset(&set, wanted[i]);
    sigprocmask(SIG_BLOCK, &set, NULL);
    s->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return s->signals < 0 ? why_errno(why, "cannot watch signals") : 0;
}

static int open_all(struct supervisor *s, struct why *why)
{
    char path[4096];

    /* A pidfd rather than PR_SET_PDEATHSIG, which fires already when the thread
     * that started us ends; but a parent in an outer PID namespace has no number here. */
    pid_t parent = getppid();
    s->parent = parent ? pidfd_of(parent) : -1;
    if (parent && s->parent < 0)
        return why_errno(why, "cannot watch the parent process");
    if (!parent)
        prctl(PR_SET_PDEATHSIG, SIGTERM);
    s->lock = state_lock(s->host->dir, why);
    if (s->lock < 0 || block_signals(s, why) != 0)
        return -1;

    snprintf(path, sizeof(path), "%s/console.log", s->host->dir);
    s->console = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    return s->console < 0 ? why_errno(why, "cannot create %s", path) : 0;
}

/* --- one boot --- */

_Noreturn static void become_init(struct supervisor *s, int control)
{
    struct pollfd supervisor_gone = { .fd = control };

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (poll(&supervisor_gone, 1, 0) > 0) /* before the line above took effect */
        _exit(EXIT_FAILURE);

    /* Its own session: Ctrl-C is for the supervisor. The lock stays open, so it is free only
     * when init is gone as well. */
    setsid();
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    dup2(null, STDIN_FILENO);
    dup2(s->console, STDOUT_FILENO);
    dup2(s->console, STDERR_FILENO);
    close(s->signals);
    close(s->parent);
    init_main(s->host, control, s->fresh_disk);
}

static int start_init(struct supervisor *s, struct why *why)
{
    int pair[2], child = -1;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return why_errno(why, "cannot make a socket pair");

    struct clone_args args = {
        .flags = CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&child,
        .exit_signal = SIGCHLD,
    };
    long pid = syscall(SYS_clone3, &args, sizeof(args));
    if (pid < 0) {
        why_errno(why, "this machine does not let us make namespaces (mount, PID, UTS, IPC), "
                       "which a test host needs; run as root with CAP_SYS_ADMIN");
        close(pair[0]);
        close(pair[1]);
        return -1;
    }
    if (pid == 0) {
        close(pair[0]);
        become_init(s, pair[1]);
    }
    close(pair[1]);
    s->control = pair[0];
    s->child = child;
    s->state.init = (pid_t)pid;
    return 0;
}

static void power_cut(struct supervisor *s)
{
    syscall(SYS_pidfd_send_signal, s->child, SIGKILL, NULL, 0);
}

static void on_message(struct supervisor *s, char *message)
{
    struct state *state = &s->state;
    unsigned index;
    int at = 0;

    if (strncmp(message, "ready ", 6) == 0) {
        text_copy(state->boot_id, sizeof(state->boot_id), message + 6);
        s->fresh_disk = false;
        set_status(s, "running");
        printf("%s is up: boot %u, boot ID %s\n", s->host->name, state->boots, state->boot_id);
        fflush(stdout);
    } else if (strcmp(message, "ending") == 0) {
        set_status(s, "ending");
    } else if (strncmp(message, "failed ", 7) == 0) {
        text_copy(state->error, sizeof(state->error), message + 7);
    } else if (sscanf(message, "service %u %n", &index, &at) == 1 && at > 0 &&
               index < state->n_services) {
        text_copy(state->services[index], sizeof(state->services[0]), message + at);
        tell(s);
    }
}

static void read_messages(struct supervisor *s)
{
    char message[700];
    ssize_t n;

    while ((n = recv(s->control, message, sizeof(message) - 1, MSG_DONTWAIT)) > 0) {
        message[n] = '\0';
        on_message(s, message);
    }
}

static void read_signals(struct supervisor *s)
{
    struct signalfd_siginfo info;

    while (read(s->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        /* SIGUSR1 is a power failure; all others also keep the power off. */
        if (info.ssi_signo != SIGUSR1)
            s->stay_off = true;
        power_cut(s);
    }
}

static enum next how_it_ended(struct supervisor *s, int status)
{
    const char *ended;

    /* reboot(2) in a PID namespace kills its init: SIGHUP to restart, SIGINT to power off. */
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGHUP)
        ended = "restart";
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGINT)
        ended = "poweroff";
    else if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        ended = "powerfail";
    else
        return NEXT_FAILED;

    text_copy(s->state.ended, sizeof(s->state.ended), ended);
    return s->stay_off || strcmp(ended, "poweroff") == 0 ? NEXT_OFF : NEXT_BOOT;
}

/* Waits for the end of this boot; returns the wait status of its init. */
static int wait_end(struct supervisor *s)
{
    enum { SIGNALS, CONTROL, CHILD, PARENT };
    struct pollfd fds[] = {
        [SIGNALS] = { .fd = s->signals, .events = POLLIN },
        [CONTROL] = { .fd = s->control, .events = POLLIN },
        [CHILD] = { .fd = s->child, .events = POLLIN },
        [PARENT] = { .fd = s->parent, .events = POLLIN },
    };
    int status = 0;

    while (!fds[CHILD].revents) {
        if (poll(fds, ARRAY_LEN(fds), -1) < 0)
            continue;
        if (fds[SIGNALS].revents)
            read_signals(s);
        if (fds[CONTROL].revents & POLLIN)
            read_messages(s);
        if (fds[CONTROL].revents & POLLHUP)
            fds[CONTROL].fd = -1;
        if (fds[PARENT].revents) {
            s->stay_off = true;
            fds[PARENT].fd = -1;
            power_cut(s);
        }
    }
    read_messages(s);
    while (waitpid(s->state.init, &status, 0) < 0 && errno == EINTR)
        continue;
    close(s->child);
    close(s->control);
    return status;
}

static int boot_once(struct supervisor *s, enum next *ret_next, struct why *why)
{
    s->state.boots++;
    s->state.boot_id[0] = '\0';
    for (size_t i = 0; i < s->state.n_services; i++)
        text_copy(s->state.services[i], sizeof(s->state.services[0]), "waiting");
    dprintf(s->console, "--- boot %u of %s ---\n", s->state.boots, s->host->name);

    if (s->host->systemd && groups_open(&s->host->groups, s->state.boots, why) != 0) {
        groups_close(&s->host->groups);
        return -1;
    }
    if (start_init(s, why) != 0) {
        groups_close(&s->host->groups);
        return -1;
    }
    set_status(s, "booting");
    *ret_next = how_it_ended(s, wait_end(s));
    s->state.init = 0;
    groups_close(&s->host->groups);
    if (*ret_next == NEXT_FAILED)
        return why_set(why, "%s", s->state.error[0] ? s->state.error : "init ended unexpectedly");
    return 0;
}

int supervise(struct host *h)
{
    struct supervisor s = { .host = h };
    struct why why;
    struct state before;

    if (file_make_dirs(h->dir, &why) != 0 || open_all(&s, &why) != 0 ||
        state_read(h->dir, &before, &why) != 0) {
        fprintf(stderr, "testbed-host: %s: %s\n", h->name, why.text);
        return EXIT_FAILURE;
    }
    s.state.boots = before.boots;
    memcpy(s.state.ended, before.ended, sizeof(before.ended));
    s.state.supervisor = getpid();
    s.state.n_services = h->n_services;
    if (make_disk(&s, &why) != 0)
        return fail(&s, why.text);

    enum next next = NEXT_BOOT;
    while (next == NEXT_BOOT)
        if (boot_once(&s, &next, &why) != 0)
            return fail(&s, why.text);
    set_status(&s, "off");
    return EXIT_SUCCESS;
}
