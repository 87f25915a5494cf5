/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PID 1 of a host. It starts the given commands once in each boot, reaps what
 * ends, restarts nothing, and shuts down in order when told so. It is blocked
 * for every signal and takes them one by one, so it needs no handler.
 */
#include "hosthold.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WHEN_POLL_MS 20
#define END_POLL_MS  10
#define END_GRACE_MS 10000

struct init {
    const struct host *host;
    int control;
    sigset_t signals;
    pid_t pids[SERVICES_MAX]; /* 0: not started, -1: ended */
};

PRINTF(2, 3) static void say(const struct init *self, const char *fmt, ...)
{
    char message[680];
    va_list args;

    va_start(args, fmt);
    vsnprintf(message, sizeof(message), fmt, args);
    va_end(args);
    send(self->control, message, strlen(message), MSG_NOSIGNAL);
}

_Noreturn static void run_service(const struct init *self, const struct service *service)
{
    static const char *const env[] = {
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "HOME=/root",
        "LANG=C.UTF-8",
        "TERM=dumb",
        "ASAN_OPTIONS=" WITHOUT_LEAKS,
        NULL,
    };
    char shell[] = "/bin/sh", option[] = "-c";
    char *const line[] = { shell, option, (char *)service->shell, NULL };
    char *const *argv = service->argv ? service->argv : line;

    sigprocmask(SIG_UNBLOCK, &self->signals, NULL);
    setsid();
    execvpe(argv[0], argv, (char *const *)env);
    fprintf(stderr, "cannot run %s: %s\n", argv[0], strerror(errno));
    _exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_RUNNABLE);
}

static bool is_ready(const struct service *service)
{
    if (service->when && access(service->when, F_OK) != 0)
        return false;
    bool named = service->argv && service->argv[0][0] == '/';
    return !named || access(service->argv[0], F_OK) == 0;
}

/* Returns whether some service still waits for its file. */
static bool start_services(struct init *self)
{
    bool waiting = false;

    for (size_t i = 0; i < self->host->n_services; i++) {
        const struct service *service = &self->host->services[i];
        if (self->pids[i] != 0)
            continue;
        if (!is_ready(service)) {
            waiting = true;
            continue;
        }
        pid_t pid = fork();
        if (pid == 0)
            run_service(self, service);
        self->pids[i] = pid;
        if (pid > 0)
            say(self, "service %zu running %d", i, pid);
        else
            say(self, "service %zu exited %d", i, EXIT_NOT_RUNNABLE);
    }
    return waiting;
}

static void reap(struct init *self)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (size_t i = 0; i < self->host->n_services; i++) {
            if (self->pids[i] != pid)
                continue;
            self->pids[i] = -1;
            if (WIFEXITED(status))
                say(self, "service %zu exited %d", i, WEXITSTATUS(status));
            else
                say(self, "service %zu killed %d", i, WTERMSIG(status));
        }
}

static int next_signal(const struct init *self, long timeout_ms)
{
    struct timespec t = { .tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000 };

    return timeout_ms < 0 ? sigwaitinfo(&self->signals, NULL)
                          : sigtimedwait(&self->signals, NULL, &t);
}

/* SIGTERM to all, some time to end, SIGKILL to the rest; then the power. What
 * `exec` brought in is no child of ours, so the count is the kernel's. */
_Noreturn static void end(struct init *self, int command)
{
    say(self, "ending");
    kill(-1, SIGTERM);
    kill(-1, SIGCONT);
    for (int waited = 0; kill(-1, 0) == 0; waited += END_POLL_MS) {
        if (waited >= END_GRACE_MS)
            kill(-1, SIGKILL);
        next_signal(self, END_POLL_MS);
        reap(self);
    }
    /* This is PID 1 of a child PID namespace: made so by clone(), never run otherwise. */
    reboot(command);
    _exit(EXIT_FAILURE);
}

_Noreturn static void serve(struct init *self)
{
    for (;;) {
        bool waiting = start_services(self);
        int signal = next_signal(self, waiting ? WHEN_POLL_MS : -1);
        if (signal == SIGNAL_RESTART)
            end(self, RB_AUTOBOOT);
        if (signal == SIGNAL_POWEROFF)
            end(self, RB_POWER_OFF);
        reap(self);
    }
}

/* --- with systemd --- */

/* A process of its own, since systemd becomes the first one: hears from it that the boot is
 * over, as a container's manager does, and says so. */
_Noreturn static void hear_systemd(const struct init *self, int socket, const char *boot_id)
{
    char text[4096];
    ssize_t n;

    do {
        n = recv(socket, text, sizeof(text) - 1, 0);
        text[n > 0 ? n : 0] = '\0';
    } while (n > 0 && !strstr(text, "READY=1"));
    if (n > 0)
        say(self, "ready %s", boot_id);
    _exit(EXIT_SUCCESS);
}

_Noreturn static void become_systemd(struct init *self, const char *boot_id)
{
    static const char program[] = "/lib/systemd/systemd";
    static const char *const argv[] = { program, NULL };
    static const char *const env[] = {
        "container=patchbay-testbed",
        "NOTIFY_SOCKET=" OUR_SYSTEMD,
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LANG=C.UTF-8",
        NULL,
    };
    struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = OUR_SYSTEMD };
    int told = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (told < 0 || bind(told, (struct sockaddr *)&address, sizeof(address)) != 0) {
        say(self, "failed cannot make the socket %s: %s", OUR_SYSTEMD, strerror(errno));
        _exit(EXIT_FAILURE);
    }
    pid_t pid = fork();
    if (pid == 0)
        hear_systemd(self, told, boot_id);
    close(told);
    sigprocmask(SIG_UNBLOCK, &self->signals, NULL);
    if (pid > 0)
        execve(program, (char *const *)argv, (char *const *)env);
    say(self, "failed cannot run %s: %s", program, strerror(errno));
    _exit(EXIT_FAILURE);
}

void init_main(struct host *h, int control, bool fresh_disk)
{
    struct init self = { .host = h, .control = control };
    char boot_id[UUID_LEN + 1];
    struct why why;

    sigfillset(&self.signals);
    sigprocmask(SIG_BLOCK, &self.signals, NULL);
    if (getpid() != 1 || root_enter(h, fresh_disk, boot_id, &why) != 0 ||
        root_drop_capabilities(&why) != 0) {
        say(&self, "failed %s", why.text);
        _exit(EXIT_FAILURE);
    }
    if (h->systemd)
        become_systemd(&self, boot_id);
    say(&self, "ready %s", boot_id);
    serve(&self);
}
