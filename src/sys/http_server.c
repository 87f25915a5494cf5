/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/http_server.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/http_private.h"

#define DEFAULT_THREADS 2
#define MAX_CONNECTIONS 100000
#define MAX_PEM         ((size_t)1024 * 1024)
#define FLUSH_TIME      (5 * MSEC_SECOND)
#define TLS_PRIORITIES  "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

/* --- limits --------------------------------------------------------------- */

/* As many as there are descriptors for, less what the rest of the process needs. */
static unsigned connection_limit(unsigned configured)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return configured ? configured : 512;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        (void)getrlimit(RLIMIT_NOFILE, &limit);

    rlim_t reserve = limit.rlim_cur >= 2048 ? 256 : limit.rlim_cur / 4;
    rlim_t allowed = limit.rlim_cur - reserve;
    if (allowed > MAX_CONNECTIONS)
        allowed = MAX_CONNECTIONS;
    return configured && configured < allowed ? configured : (unsigned)allowed;
}

/* --- the listening socket ------------------------------------------------- */

static int resolve(const struct http_server_config *c, struct addrinfo **ret)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    struct arena a = { 0 };
    struct str port = arena_fmt(&a, "%u", c->port);
    int error = getaddrinfo(c->address, port.p, &hints, ret);

    arena_done(&a);
    if (error)
        return err_fault(EINVAL, "cannot listen on %s: %s", c->address, gai_strerror(error));
    return 0;
}

static int bind_and_listen(int fd, const struct addrinfo *address)
{
    int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(fd, HTTP_SERVER_BACKLOG) != 0)
        return -errno;
    return 0;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address = { .ss_family = AF_UNSPEC };
    socklen_t size = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    if (address.ss_family == AF_INET6)
        return ntohs(((struct sockaddr_in6 *)&address)->sin6_port);
    /* All of it was set above. NOLINTNEXTLINE(clang-analyzer-core.CallAndMessage) */
    return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

static int open_listener(struct http_server *s)
{
    const struct http_server_config *c = &s->config;
    struct addrinfo *address = NULL;

    TRY(resolve(c, &address));
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int result = fd < 0 ? -errno : bind_and_listen(fd, address);
    freeaddrinfo(address);
    if (result != 0) {
        if (fd >= 0)
            close(fd);
        return err_fault(-result, "cannot listen on %s port %u: %s", c->address, c->port,
                         strerror(-result));
    }
    s->listen_fd = fd;
    s->port = port_of(fd);
    return 0;
}

/* --- daemons -------------------------------------------------------------- */

/* The options that every daemon has, then `more`. Threads that libmicrohttpd
 * makes must not be the ones that take the process's signals. */
static struct MHD_Daemon *start_daemon(struct http_server *s, unsigned flags,
                                       const struct MHD_OptionItem *more)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | flags, 0, NULL, NULL,
        http_exchange_step, s, MHD_OPTION_URI_LOG_CALLBACK, http_exchange_begin, s,
        MHD_OPTION_NOTIFY_COMPLETED, http_exchange_end, s, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)HTTP_SERVER_IDLE_TIMEOUT, MHD_OPTION_CONNECTION_LIMIT, s->max_connections,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_SERVER_MAX_HEAD, MHD_OPTION_ARRAY, more,
        MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

static int read_pem(struct arena *a, const char *path, struct str *ret)
{
    int result = file_read(a, path, MAX_PEM, ret);
    if (result > 0)
        return err_fault(ENOENT, "cannot read %s", path);
    TRY(result);
    return 0;
}

static int start_tcp(struct http_server *s, struct arena *a)
{
    const struct http_server_config *c = &s->config;
    struct MHD_OptionItem options[6] = { { MHD_OPTION_LISTEN_SOCKET, s->listen_fd, NULL } };
    size_t n = 1;
    struct str cert, key;

    if (c->threads > 1)
        options[n++] =
            (struct MHD_OptionItem){ MHD_OPTION_THREAD_POOL_SIZE, (intptr_t)c->threads, NULL };
    if (c->tls_cert) {
        TRY(read_pem(a, c->tls_cert, &cert));
        TRY(read_pem(a, c->tls_key, &key));
        options[n++] =
            (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)cert.p };
        options[n++] =
            (struct MHD_OptionItem){ MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)key.p };
        options[n++] = (struct MHD_OptionItem){ MHD_OPTION_HTTPS_PRIORITIES, 0,
                                                (void *)(uintptr_t)TLS_PRIORITIES };
    }
    options[n] = (struct MHD_OptionItem){ MHD_OPTION_END, 0, NULL };
    s->daemon = start_daemon(s, c->tls_cert ? MHD_USE_TLS : 0, options);
    s->listen_fd = -1; /* the daemon's, also where it did not start */
    if (!s->daemon)
        return err_fault(EINVAL, "cannot start the HTTP server%s%s",
                         c->tls_cert ? ": is this a certificate and its key? " : "",
                         c->tls_cert ? c->tls_cert : "");
    return 0;
}

/* --- Unix sockets --------------------------------------------------------- */

/* On the watch's thread: hand the connection over, with the listener's number
 * where a peer's path would be. */
static void connected(void *closure, uint32_t listener, int fd)
{
    struct http_server *s = closure;
    struct sockaddr_un from = { .sun_family = AF_UNIX };

    memcpy(from.sun_path, &listener, sizeof(listener));
    pthread_mutex_lock(&s->lock);
    struct MHD_Daemon *daemon = s->local_daemon;
    pthread_mutex_unlock(&s->lock);
    /* It closes the socket where it fails. */
    (void)MHD_add_connection(daemon, fd, (struct sockaddr *)&from, sizeof(from));
}

struct str http_server_tag(struct http_server *s, uint32_t listener, struct arena *a)
{
    struct str tag = { 0 };

    pthread_mutex_lock(&s->lock);
    for (struct http_listener *l = s->listeners; l; l = l->next)
        if (l->id == listener)
            tag = arena_dup(a, l->tag);
    pthread_mutex_unlock(&s->lock);
    return tag;
}

/* An address has 108 bytes, a path more: a long one is named by its folder's descriptor. */
static int bind_unix(int fd, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *slash = strrchr(path, '/');
    int folder = -1;

    if (strlen(path) < sizeof(address.sun_path)) {
        strcpy(address.sun_path, path);
    } else {
        char *parent = slash ? strndup(path, (size_t)(slash - path)) : NULL;
        folder = parent ? open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
        free(parent);
        int n = snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d%s", folder,
                         slash ? slash : "");
        if (folder < 0 || n < 0 || (size_t)n >= sizeof(address.sun_path)) {
            if (folder >= 0)
                close(folder);
            return err_fault(ENAMETOOLONG, "cannot name the socket %s", path);
        }
    }
    int error = bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? 0 : errno;
    if (folder >= 0)
        close(folder);
    return error ? err_fault(error, "cannot listen on %s: %s", path, strerror(error)) : 0;
}

static int open_unix(const char *path, int *ret_fd)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return FAULT(errno);
    unlink(path);
    int result = bind_unix(fd, path);
    if (result == 0 && listen(fd, HTTP_SERVER_BACKLOG) != 0)
        result = FAULT(errno);
    if (result != 0)
        close(fd);
    TRY(result);
    *ret_fd = fd;
    return 0;
}

static void free_listener(struct http_listener *l)
{
    if (l->fd >= 0)
        close(l->fd);
    free((void *)(uintptr_t)l->tag.p);
    free(l->path);
    free(l);
}

static struct http_listener *new_listener(const char *path, int fd, struct str tag)
{
    struct http_listener *l = calloc(1, sizeof(*l));
    char *copy = strndup(str_is_set(tag) ? tag.p : "", tag.len);

    if (!l || !copy)
        abort();
    l->fd = fd;
    l->tag = str_of(copy);
    l->path = strdup(path);
    if (!l->path)
        abort();
    return l;
}

/* Makes the daemon of the Unix sockets with the first of them. */
static int enlist(struct http_server *s, struct http_listener *l)
{
    static const struct MHD_OptionItem nothing[] = { { MHD_OPTION_END, 0, NULL } };

    pthread_mutex_lock(&s->lock);
    if (!s->local_daemon)
        s->local_daemon = start_daemon(s, MHD_USE_NO_LISTEN_SOCKET, nothing);
    bool is_started = s->local_daemon != NULL;
    l->id = s->n_listener_ids++;
    l->next = s->listeners;
    s->listeners = l;
    pthread_mutex_unlock(&s->lock);
    if (!is_started)
        return err_fault(EAGAIN, "cannot start the HTTP server of the Unix sockets");
    TRY(http_watch_listen(s->watch, l->fd, l->id));
    return 0;
}

int http_server_add_unix(struct http_server *s, const char *path, struct str tag)
{
    int fd = -1;

    TRY(open_unix(path, &fd));
    int result = enlist(s, new_listener(path, fd, tag));
    if (result != 0)
        http_server_remove_unix(s, path);
    TRY(result);
    return 0;
}

void http_server_remove_unix(struct http_server *s, const char *path)
{
    struct http_listener **at, *found = NULL;

    pthread_mutex_lock(&s->lock);
    for (at = &s->listeners; *at; at = &(*at)->next) {
        if (strcmp((*at)->path, path) == 0) {
            found = *at;
            *at = found->next;
            break;
        }
    }
    pthread_mutex_unlock(&s->lock);
    if (!found)
        return;
    http_watch_unlisten(s->watch, found->fd);
    unlink(path);
    free_listener(found);
}

/* --- start and stop ------------------------------------------------------- */

static int start_watch(struct http_server *s)
{
    const struct http_watch_calls calls = {
        .hold = http_exchange_hold,
        .gone = http_exchange_gone,
        .release = http_exchange_release,
        .connected = connected,
        .context = s,
    };
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    int result = http_watch_start(&calls, &s->watch);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return result;
}

static void release(struct http_server *s)
{
    http_watch_stop(s->watch);
    if (s->local_daemon)
        MHD_stop_daemon(s->local_daemon);
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    if (s->listen_fd >= 0)
        close(s->listen_fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static int start(struct http_server *s)
{
    struct arena a = { 0 };

    TRY(open_listener(s));
    TRY(start_watch(s));
    int result = start_tcp(s, &a);
    arena_done(&a);
    TRY(result);
    return 0;
}

int http_server_start(const struct http_server_config *config, struct http_server **ret)
{
    struct http_server *s = calloc(1, sizeof(*s));

    if (!s)
        abort();
    assert(config->body_limit && config->handle);
    s->config = *config;
    s->listen_fd = -1;
    if (s->config.threads == 0)
        s->config.threads = DEFAULT_THREADS;
    s->max_connections = connection_limit(config->max_connections);
    pthread_mutex_init(&s->lock, NULL);
    signal(SIGPIPE, SIG_IGN);
    int result = start(s);
    if (result != 0) {
        release(s);
        return err_forward(result, __func__, __FILE__, __LINE__);
    }
    *ret = s;
    return 0;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

unsigned http_server_max_connections(const struct http_server *s)
{
    return s->max_connections;
}

/* Every answer is given (the owner's duty), and sent unless a client stalls. */
static void wait_for_exchanges(struct http_server *s)
{
    while (atomic_load(&s->n_unanswered) > 0)
        usleep(2000);
    msec deadline = clock_monotonic() + FLUSH_TIME;
    while (atomic_load(&s->n_handed) > 0 && clock_monotonic() < deadline)
        usleep(2000);
}

void http_server_stop(struct http_server *s)
{
    if (!s)
        return;
    s->listen_fd = MHD_quiesce_daemon(s->daemon); /* ours again */
    while (s->listeners) {
        char *path = strdup(s->listeners->path);
        if (!path)
            abort();
        http_server_remove_unix(s, path);
        free(path);
    }
    atomic_store(&s->is_stopping, true);
    wait_for_exchanges(s);
    release(s);
}
