/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/service.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/memory.h"
#include "agent/notify.h"
#include "base/log.h"
#include "base/retry.h"
#include "sys/clock.h"

enum wish {
    WISH_NOTHING,
    WISH_RELOAD,
    WISH_STOP,
};

/* What the settings may change and the next reading must find as it was. */
static const char *const variables[] = { "http_proxy", "https_proxy", "no_proxy" };

struct service {
    const struct service_settings *settings;
    const char *original[ARRAY_LEN(variables)];
    struct arena arena; /* of config */
    struct config config;
    int signal_fd;
};

/* --- settings ------------------------------------------------------------- */

static int restore_environment(const struct service *s)
{
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *value = s->original[i];
        if ((value ? setenv(variables[i], value, 1) : unsetenv(variables[i])) != 0)
            return FAULT(errno);
    }
    return 0;
}

/* Between sessions: there is one thread. Outcome SERVICE_MISCONFIGURED: all is as it was. */
static int read_settings(struct service *s, struct arena *a, struct str *ret_why)
{
    struct arena arena = { 0 };
    struct config config;
    struct str why;

    if (!s->settings->read(s->settings->context, &arena, &config, &why)) {
        *ret_why = arena_dup(a, why);
        arena_done(&arena);
        return SERVICE_MISCONFIGURED;
    }
    arena_done(&s->arena);
    s->arena = arena;
    s->config = config;
    TRY(restore_environment(s));
    TRY(config_export(&s->config));
    return 0;
}

static int reload(struct service *s)
{
    struct arena a = { 0 };
    struct str why;

    notify_service_manager(
        arena_fmt(&a, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic() * 1000).p);
    int read = read_settings(s, &a, &why);
    if (read == SERVICE_MISCONFIGURED)
        log_error("the new settings are bad, the old ones stay: %.*s", STR(why));
    else if (read == 0)
        log_notice("the settings were read again");
    arena_done(&a);
    TRY(read < 0 ? read : 0);
    return 0;
}

/* --- signals -------------------------------------------------------------- */

static int open_signals(int *ret)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0)
        return FAULT(errno);
    signal(SIGPIPE, SIG_IGN);
    *ret = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return *ret < 0 ? FAULT(errno) : 0;
}

/* All that have come: an end is not outdone by a reload. */
static enum wish read_signals(const struct service *s)
{
    struct signalfd_siginfo info;
    enum wish wish = WISH_NOTHING;

    while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        enum wish this = info.ssi_signo == SIGHUP ? WISH_RELOAD : WISH_STOP;
        wish = this > wish ? this : wish;
    }
    return wish;
}

/* --- a node that is none -------------------------------------------------- */

/* Registration writes the identity and then lets go of the state's lock. */
static bool is_identity_written(int inotify_fd)
{
    _Alignas(struct inotify_event) char bytes[4096];
    bool found = false;
    ssize_t n;

    while ((n = read(inotify_fd, bytes, sizeof(bytes))) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e =
                (const struct inotify_event *)(const void *)(bytes + at);
            found = found || (e->len > 0 && strcmp(e->name, "identity.json") == 0);
            at += (ssize_t)(sizeof(*e) + e->len);
        }
    }
    return found;
}

static bool is_another(struct service *s, const char *instance_id)
{
    struct arena a = { 0 };
    struct identity id;

    bool is = identity_read(&a, s->config.state, &id) == 0 &&
              !str_eq(id.instance_id, str_of(instance_id));
    arena_done(&a);
    return is;
}

/* Up to a sixth earlier than it might be: refused nodes do not come in step. */
static msec outcast_pause(const struct service *s)
{
    uint32_t random;

    random_bytes(&random, sizeof(random));
    return s->config.outcast_pause -
           (msec)((uint64_t)random * (uint64_t)(s->config.outcast_pause / 6) >> 32);
}

static enum wish wait_as_outcast(struct service *s, const char *instance_id, msec pause)
{
    int inotify_fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    msec end = clock_monotonic() + pause;
    bool is_over = false;

    if (inotify_fd >= 0 && inotify_add_watch(inotify_fd, s->config.state, IN_MOVED_TO) < 0)
        log_warning("%s cannot be watched: a new registration is noticed when the pause is over",
                    s->config.state);
    is_over = is_another(s, instance_id); /* before the watch began */
    while (!is_over) {
        struct pollfd fds[] = { { .fd = s->signal_fd, .events = POLLIN },
                                { .fd = inotify_fd, .events = POLLIN } };
        msec left = end - clock_monotonic();
        is_over = notify_poll(fds, ARRAY_LEN(fds), left > 0 ? left : 0) <= 0 || fds[0].revents ||
                  is_identity_written(inotify_fd);
    }
    if (inotify_fd >= 0)
        close(inotify_fd);
    return read_signals(s);
}

static enum wish rest_after(struct service *s, const struct session_end *end)
{
    msec pause = outcast_pause(s);

    if (!end->is_outcast)
        return read_signals(s);
    log_error(
        "the plane refuses this node, %s: %s; it is asked again in %lld s, or as soon as this "
        "host is registered anew: patchbay-agent register --force",
        end->instance_id, end->why, (long long)(pause / MSEC_SECOND));
    notify_service_manager("STATUS=refused by the plane; see the log");
    return wait_as_outcast(s, end->instance_id, pause);
}

/* --- one session after another -------------------------------------------- */

static int run_sessions(struct service *s)
{
    for (;;) {
        struct session_end end = { 0 };

        PASS(session_run(&s->config, s->signal_fd, &end));
        enum wish wish = rest_after(s, &end);
        if (wish == WISH_STOP) {
            notify_service_manager("STOPPING=1");
            log_notice("stopped; steps that still run go on and are taken up by the next start");
            /* A thread in the middle of a call: all that matters is on disk, and nothing may be
             * freed under it. */
            if (end.is_stuck)
                _exit(0);
            return 0;
        }
        if (end.is_stuck)
            return SERVICE_STUCK;
        if (wish == WISH_RELOAD)
            TRY(reload(s));
    }
}

int service_run(struct arena *a, const struct service_settings *settings, struct str *ret_why)
{
    struct service s = { .settings = settings };

    memory_configure();
    for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
        const char *value = getenv(variables[i]);
        s.original[i] = value ? arena_dup(a, str_of(value)).p : NULL;
    }
    PASS(read_settings(&s, a, ret_why));
    TRY(open_signals(&s.signal_fd));
    int result = run_sessions(&s);
    close(s.signal_fd);
    arena_done(&s.arena);
    return result;
}
