/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patchbay-function-host: the first process in a function's sandbox. The
 * sandbox has no network; this listens on its loopback interface and relays
 * each connection to the Unix socket of patchbayd that is mounted into it. It
 * starts the runtime with its environment and limits, reaps what that leaves
 * behind, and ends, and with it the whole sandbox, when the runtime ends.
 *
 *     patchbay-function-host SOCKET MEMORY_MB PROGRAM [ARGUMENT...]
 *
 * Descriptor 3 holds the environment, "NAME=value" with a NUL after each, so
 * that no secret is in a command line and nothing that a user set reaches a
 * program outside. One byte on descriptor 4 tells that the sandbox stands.
 *
 * It is linked statically and uses the C library alone: what is mounted at
 * /usr does not matter to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORT           9001
#define MAX_RELAYS     128
#define LANE_SIZE      16384
#define ENVIRONMENT_FD 3
#define READY_FD       4

#define MAX_PROCESSES 1024 /* Lambda quotas: execution processes/threads, file descriptors */
#define MAX_FILES     1024
#define MAX_FILE_SIZE (512ULL << 20)
/* Address ranges that are reserved and never used (thread stacks, arenas) count
 * here too: patchbayd watches what is used, this only stops a sudden burst. */
#define DATA_SLACK (512ULL << 20)

/* Bytes on their way in one direction. */
struct lane {
    size_t start, end;
    bool is_ended; /* no more will come */
    bool is_shut;  /* and the other side knows */
    char bytes[LANE_SIZE];
};

struct relay {
    int client, plane;
    struct lane up, down; /* client to plane, plane to client */
};

struct host {
    const char *socket;
    int listener, signals;
    pid_t child;
    struct relay *relays[MAX_RELAYS];
    size_t n_relays;
};

_Noreturn static void fail(const char *what)
{
    fprintf(stderr, "function host: %s: %s\n", what, strerror(errno));
    exit(125);
}

/* --- relays --------------------------------------------------------------- */

static int connect_plane(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
        return fd;
    memcpy(address.sun_path, path, strlen(path) + 1);
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static void accept_one(struct host *h)
{
    int client = accept4(h->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (client < 0)
        return;
    int plane = connect_plane(h->socket);
    struct relay *r = plane < 0 ? NULL : calloc(1, sizeof(*r));
    if (!r) {
        close(client);
        if (plane >= 0)
            close(plane);
        return;
    }
    r->client = client;
    r->plane = plane;
    h->relays[h->n_relays++] = r;
}

static bool is_empty(const struct lane *l)
{
    return l->start == l->end;
}

static bool is_blocked(ssize_t n)
{
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Takes what is there, once the last piece is gone. False: the connection broke. */
static bool fill(struct lane *l, int from)
{
    if (!is_empty(l) || l->is_ended)
        return true;
    ssize_t n = read(from, l->bytes, sizeof(l->bytes));
    if (n > 0) {
        l->start = 0;
        l->end = (size_t)n;
    } else if (n == 0) {
        l->is_ended = true;
    } else if (!is_blocked(n)) {
        return false;
    }
    return true;
}

static bool drain(struct lane *l, int to)
{
    while (!is_empty(l)) {
        ssize_t n = send(to, l->bytes + l->start, l->end - l->start, MSG_NOSIGNAL);
        if (is_blocked(n))
            return true;
        if (n < 0)
            return false;
        l->start += (size_t)n;
    }
    if (l->is_ended && !l->is_shut) {
        l->is_shut = true;
        shutdown(to, SHUT_WR);
    }
    return true;
}

/* False: it is over. */
static bool move(struct relay *r)
{
    return fill(&r->up, r->client) && drain(&r->up, r->plane) && fill(&r->down, r->plane) &&
           drain(&r->down, r->client) && !r->down.is_shut;
}

static short interest(const struct lane *in, const struct lane *out)
{
    short events = 0;
    if (is_empty(in) && !in->is_ended)
        events |= POLLIN;
    if (!is_empty(out))
        events |= POLLOUT;
    return events;
}

/* A side of which nothing is wanted is not watched: its hang-up would wake us for ever. */
static void watch(struct pollfd *fd, int side, short events)
{
    *fd = (struct pollfd){ .fd = events ? side : -1, .events = events };
}

static void serve_relays(struct host *h, const struct pollfd *fds, size_t n_polled)
{
    for (size_t i = n_polled; i-- > 0;) {
        struct relay *r = h->relays[i];
        if (!fds[2 * i].revents && !fds[2 * i + 1].revents)
            continue;
        if (move(r))
            continue;
        close(r->client);
        close(r->plane);
        free(r);
        h->relays[i] = h->relays[--h->n_relays];
    }
}

/* --- the runtime ---------------------------------------------------------- */

static char **read_environment(void)
{
    struct stat info;
    size_t n = 0, count = 0;

    if (fstat(ENVIRONMENT_FD, &info) != 0)
        fail("no environment");
    size_t size = (size_t)info.st_size;
    char *text = malloc(size + 1);
    if (!text)
        fail("environment");
    while (n < size) {
        ssize_t got = pread(ENVIRONMENT_FD, text + n, size - n, (off_t)n);
        if (got <= 0)
            fail("environment");
        n += (size_t)got;
    }
    text[size] = '\0';
    close(ENVIRONMENT_FD);
    for (size_t i = 0; i < size; i++)
        count += text[i] == '\0';
    char **environment = calloc(count + 1, sizeof(*environment));
    if (!environment)
        fail("environment");
    for (size_t i = 0; i < count; i++) {
        environment[i] = text;
        text += strlen(text) + 1;
    }
    return environment;
}

static void limit(int resource, rlim_t value)
{
    struct rlimit now;

    if (getrlimit((__rlimit_resource_t)resource, &now) != 0)
        fail("limits");
    if (now.rlim_max != RLIM_INFINITY && now.rlim_max < value)
        value = now.rlim_max;
    now = (struct rlimit){ value, value };
    if (setrlimit((__rlimit_resource_t)resource, &now) != 0)
        fail("limits");
}

static pid_t start_runtime(char **argv, char **environment, rlim_t memory_mb)
{
    sigset_t none;

    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        fail("fork");
    if (pid > 0)
        return pid;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_NPROC, MAX_PROCESSES);
    limit(RLIMIT_NOFILE, MAX_FILES);
    limit(RLIMIT_FSIZE, MAX_FILE_SIZE);
    limit(RLIMIT_DATA, (memory_mb << 20) + DATA_SLACK);
    execve(argv[0], argv, environment);
    fail(argv[0]);
}

static void reap(const struct host *h)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        if (pid == h->child)
            exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

/* --- all ------------------------------------------------------------------ */

static int listen_on_loopback(void)
{
    const struct sockaddr_in address = { .sin_family = AF_INET,
                                         .sin_port = htons(PORT),
                                         .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(fd, MAX_RELAYS) != 0)
        fail("the sandbox has no loopback interface");
    return fd;
}

static void serve_once(struct host *h)
{
    struct pollfd fds[2 + 2 * MAX_RELAYS];
    size_t n = h->n_relays;

    watch(&fds[0], h->signals, POLLIN);
    watch(&fds[1], h->listener, n < MAX_RELAYS ? POLLIN : 0);
    for (size_t i = 0; i < n; i++) {
        const struct relay *r = h->relays[i];
        watch(&fds[2 + 2 * i], r->client, interest(&r->up, &r->down));
        watch(&fds[3 + 2 * i], r->plane, interest(&r->down, &r->up));
    }
    if (poll(fds, 2 + 2 * n, -1) < 0 && errno != EINTR)
        fail("poll");
    serve_relays(h, fds + 2, n);
    if (fds[1].revents)
        accept_one(h);
    if (fds[0].revents) {
        struct signalfd_siginfo info;
        if (read(h->signals, &info, sizeof(info)) > 0)
            reap(h);
    }
}

int main(int argc, char **argv)
{
    struct host h = { 0 };
    sigset_t children;

    if (argc < 4) {
        fputs("usage: patchbay-function-host SOCKET MEMORY_MB PROGRAM [ARGUMENT...]\n", stderr);
        return 2;
    }
    h.socket = argv[1];
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    sigprocmask(SIG_BLOCK, &children, NULL);
    h.signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
    if (h.signals < 0)
        fail("signalfd");
    h.listener = listen_on_loopback();
    char **environment = read_environment();
    fcntl(READY_FD, F_SETFD, FD_CLOEXEC);
    h.child = start_runtime(argv + 3, environment, strtoul(argv[2], NULL, 10));
    if (write(READY_FD, "r", 1) != 1)
        fail("patchbayd");
    close(READY_FD);
    for (;;)
        serve_once(&h);
}
