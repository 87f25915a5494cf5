/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watching an environment. Its memory is what its processes have resident,
 * looked at from outside every few hundredths of a second: no limit of a
 * single process says that, and cgroups would need privileges.
 */
#include <dirent.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

#include "daemon/sandbox_private.h"
#include "sys/clock.h"
#include "sys/file.h"

#define TICK      (50 * (msec)1)
#define PROC_FILE ((size_t)64 * 1024)

/* --- memory --------------------------------------------------------------- */

struct memory {
    int64_t used_kb, peak_kb;
    size_t n_processes;
};

/* "VmRSS:      1234 kB" */
static int64_t status_field(struct str status, struct str name)
{
    struct str line;
    int64_t kb = 0;

    while (str_next(&status, '\n', &line)) {
        if (!str_starts(line, name))
            continue;
        struct str number = str_trim(str_from(line, name.len));
        (void)str_cut(number, ' ', &number, &line);
        return str_to_int(number, &kb) ? kb : 0;
    }
    return 0;
}

/* A process that is gone by now counts nothing. */
static struct str read_proc(struct arena *a, const char *path)
{
    struct str text;
    return file_read(a, path, PROC_FILE, &text) == 0 ? text : S("");
}

/* Those started by any of its threads. */
static void list_children(struct arena *a, const char *pid, struct strs *pids, size_t *capacity)
{
    DIR *tasks = opendir(arena_fmt(a, "/proc/%s/task", pid).p);
    struct dirent *entry;

    while (tasks && (entry = readdir(tasks))) {
        if (entry->d_name[0] == '.')
            continue;
        struct str rest =
            str_trim(read_proc(a, arena_fmt(a, "/proc/%s/task/%s/children", pid, entry->d_name).p));
        struct str child;
        while (rest.len > 0 && str_next(&rest, ' ', &child)) {
            pids->items = ARENA_GROW(a, pids->items, pids->count, capacity);
            pids->items[pids->count++] = child;
        }
    }
    if (tasks)
        closedir(tasks);
}

/* Of all that bubblewrap started, itself left out. */
static struct memory measure(const struct environment *e)
{
    struct arena a = { 0 };
    struct memory m = { 0 };
    struct strs pids = { 0 };
    size_t capacity = 0;

    list_children(&a, arena_fmt(&a, "%d", (int)e->process.pid).p, &pids, &capacity);
    for (size_t i = 0; i < pids.count && i <= SANDBOX_PROCESSES; i++) {
        const char *pid = arena_cstr(&a, pids.items[i]);
        struct str status = read_proc(&a, arena_fmt(&a, "/proc/%s/status", pid).p);
        m.used_kb += status_field(status, S("VmRSS:"));
        m.peak_kb += status_field(status, S("VmHWM:"));
        m.n_processes++;
        list_children(&a, pid, &pids, &capacity);
    }
    arena_done(&a);
    return m;
}

static bool is_too_large(struct watch *w)
{
    struct memory m = measure(w->environment);

    if (m.peak_kb > w->peak_kb)
        w->peak_kb = m.peak_kb;
    return m.used_kb > w->limit_kb || m.n_processes > SANDBOX_PROCESSES;
}

/* --- output --------------------------------------------------------------- */

/* What is over the bound is read, or its writer would wait, and dropped. One that never
 * stops does not keep us from looking at the time. */
static void read_output(struct watch *w)
{
    struct environment *e = w->environment;
    char bytes[16384];

    for (int i = 0; i < 64 && e->output >= 0; i++) {
        ssize_t n = read(e->output, bytes, sizeof(bytes));
        if (n < 0)
            return;
        if (n == 0) {
            close(e->output);
            e->output = -1;
            return;
        }
        size_t room = SANDBOX_LOG - w->log.len;
        buf_add(&w->log, (struct str){ bytes, (size_t)n < room ? (size_t)n : room });
    }
}

/* --- waiting -----------------------------------------------------------------------------------
 */

static bool look(struct watch *w, bool (*met)(const struct environment *e), enum watch_end *ret)
{
    struct sandbox *s = w->environment->sandbox;

    pthread_mutex_lock(&s->lock);
    bool is_met = met(w->environment);
    bool is_stopping = s->stopping;
    pthread_mutex_unlock(&s->lock);
    *ret = is_met ? WATCH_MET : WATCH_STOPPING;
    return is_met || is_stopping;
}

/* True: the process is over. */
static int sleep_some(struct watch *w, msec until, bool *ret_is_over)
{
    struct environment *e = w->environment;
    msec pause = until - clock_monotonic();
    struct pollfd fds[3] = { { .fd = e->process.pidfd, .events = POLLIN },
                             { .fd = e->wake, .events = POLLIN },
                             { .fd = e->output, .events = POLLIN } };
    uint64_t count;

    if (poll(fds, 3, pause < 0 ? 0 : pause > INT_MAX ? INT_MAX : (int)pause) < 0 && errno != EINTR)
        return FAULT(errno);
    if (fds[1].revents && read(e->wake, &count, sizeof(count)) < 0 && errno != EAGAIN)
        return FAULT(errno);
    *ret_is_over = fds[0].revents != 0;
    return 0;
}

static int exited(struct watch *w, bool (*met)(const struct environment *e), enum watch_end *ret)
{
    read_output(w);
    TRY(process_wait(&w->environment->process, -1, &w->status));
    if (!look(w, met, ret) || *ret != WATCH_MET) /* it may have said so as its last word */
        *ret = WATCH_EXITED;
    return 0;
}

int watch_until(struct watch *w, bool (*met)(const struct environment *e), msec deadline,
                enum watch_end *ret)
{
    msec tick = clock_monotonic() + TICK;
    bool is_over = false;

    while (!look(w, met, ret)) {
        msec now = clock_monotonic();
        *ret = WATCH_TIMED_OUT;
        if (now >= deadline)
            break;
        *ret = WATCH_OUT_OF_MEMORY;
        if (now >= tick && is_too_large(w))
            break;
        if (now >= tick)
            tick = now + TICK;
        TRY(sleep_some(w, tick < deadline ? tick : deadline, &is_over));
        read_output(w);
        if (is_over) {
            TRY(exited(w, met, ret));
            return 0;
        }
    }
    if (*ret == WATCH_MET)
        (void)is_too_large(w); /* a short one's only look */
    read_output(w);
    return 0;
}
