/* SPDX-License-Identifier: Apache-2.0 */
#include "hosthold.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

static int path_in(const char *dir, const char *name, char *ret, size_t size, struct why *why)
{
    if (snprintf(ret, size, "%s/%s", dir, name) >= (int)size)
        return why_set(why, "path too long: %s/%s", dir, name);
    return 0;
}

void state_print(FILE *f, const struct state *s)
{
    fprintf(f, "status=%s\nboots=%u\nboot_id=%s\nended=%s\n", s->status, s->boots, s->boot_id,
            s->ended);
    fprintf(f, "supervisor=%d\ninit=%d\nerror=%s\n", s->supervisor, s->init, s->error);
    for (size_t i = 0; i < s->n_services; i++)
        fprintf(f, "service.%zu=%s\n", i, s->services[i]);
}

int state_write(const char *dir, const struct state *s, struct why *why)
{
    char path[4096], draft[4096];
    if (path_in(dir, "state", path, sizeof(path), why) != 0 ||
        path_in(dir, "state.new", draft, sizeof(draft), why) != 0)
        return -1;

    FILE *f = fopen(draft, "we");
    if (!f)
        return why_errno(why, "cannot create %s", draft);
    state_print(f, s);
    bool wrote = !ferror(f);
    if (fclose(f) != 0 || !wrote || rename(draft, path) != 0)
        return why_errno(why, "cannot write %s", path);
    return 0;
}

static void read_line(struct state *s, const char *key, const char *value)
{
    if (strcmp(key, "status") == 0)
        text_copy(s->status, sizeof(s->status), value);
    else if (strcmp(key, "boots") == 0)
        s->boots = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(key, "boot_id") == 0)
        text_copy(s->boot_id, sizeof(s->boot_id), value);
    else if (strcmp(key, "ended") == 0)
        text_copy(s->ended, sizeof(s->ended), value);
    else if (strcmp(key, "supervisor") == 0)
        s->supervisor = (pid_t)strtol(value, NULL, 10);
    else if (strcmp(key, "init") == 0)
        s->init = (pid_t)strtol(value, NULL, 10);
    else if (strcmp(key, "error") == 0)
        text_copy(s->error, sizeof(s->error), value);
    else if (strncmp(key, "service.", 8) == 0 && s->n_services < SERVICES_MAX)
        text_copy(s->services[s->n_services++], sizeof(s->services[0]), value);
}

static bool is_held(const char *dir)
{
    char path[4096];
    struct why ignored;
    if (path_in(dir, "lock", path, sizeof(path), &ignored) != 0)
        return false;

    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0)
        return false;
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int asked = fcntl(fd, F_OFD_GETLK, &lock);
    close(fd);
    return asked == 0 && lock.l_type != F_UNLCK;
}

int state_read(const char *dir, struct state *ret, struct why *why)
{
    char path[4096], text[4096];
    struct state s = { 0 };
    struct why no_state;

    if (path_in(dir, "state", path, sizeof(path), why) != 0)
        return -1;
    bool held = is_held(dir); /* before reading: a holder writes first, then lets go */
    if (access(path, F_OK) == 0 && file_read(path, text, sizeof(text), &no_state) == 0) {
        char *rest = text;
        for (char *line; (line = strsep(&rest, "\n"));) {
            char *value = strchr(line, '=');
            if (!value)
                continue;
            *value++ = '\0';
            read_line(&s, line, value);
        }
    }
    if (!held) {
        if (strcmp(s.status, "failed") != 0)
            text_copy(s.status, sizeof(s.status), "off");
        s.supervisor = s.init = 0;
    }
    *ret = s;
    return 0;
}

int state_lock(const char *dir, struct why *why)
{
    char path[4096];
    if (path_in(dir, "lock", path, sizeof(path), why) != 0)
        return -1;

    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0)
        return why_errno(why, "cannot create %s", path);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    if (fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return fd;
    close(fd);
    if (errno == EAGAIN || errno == EACCES)
        return why_set(why, "the host in %s is already running", dir);
    return why_errno(why, "cannot lock %s", path);
}

static double now_s(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Waits for the next change in `dir`, but not past `deadline`. The directory
 * may not be there yet, and an end leaves no event behind, so a wait is never
 * longer than a moment. */
static void wait_change(const char *dir, int watch, double deadline)
{
    char events[4096];
    struct pollfd poll_watch = { .fd = watch, .events = POLLIN };
    double left = deadline - now_s();
    int moment = left < 0.05 ? (int)(left * 1000) + 1 : 50;

    inotify_add_watch(watch, dir, IN_MOVED_TO);
    if (poll(&poll_watch, 1, moment) > 0)
        (void)!read(watch, events, sizeof(events));
}

int state_wait(const char *dir, const char *status, unsigned boots, double timeout, struct why *why)
{
    struct state s = { 0 };
    double deadline = now_s() + timeout;
    int watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    if (watch < 0)
        return why_errno(why, "cannot watch %s", dir);

    int result;
    for (;;) {
        result = state_read(dir, &s, why);
        if (result != 0 || ((!status || strcmp(s.status, status) == 0) && s.boots >= boots))
            break;
        /* The failure may be an old one, if the supervisor is just being started. */
        bool failed = strcmp(s.status, "failed") == 0;
        if (failed && ((boots > 0 && s.boots >= boots) || now_s() >= deadline - timeout + 1)) {
            result = why_set(why, "%s", s.error);
            break;
        }
        if (now_s() >= deadline) {
            result = why_set(why, "gave up after %g s: the host in %s is %s in boot %u%s%s",
                             timeout, dir, s.status, s.boots, s.error[0] ? ": " : "", s.error);
            break;
        }
        wait_change(dir, watch, deadline);
    }
    close(watch);
    return result;
}
