/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/memory_group.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/clock.h"
#include "sys/file.h"

#define TOP           "/sys/fs/cgroup"
#define NAME          "patchbay-install"
#define SMALL         ((size_t)64 * 1024)
#define SCOPE_TIMEOUT (20 * MSEC_SECOND)
#define SCOPE_GRACE   (5 * MSEC_SECOND)
#define LEAVE_TRIES   50 /* a process may fork while it is moved */

/* ---- pure ---- */

bool memory_group_path(struct str cgroup, struct str *ret_path, bool *ret_is_v2)
{
    bool found = false;
    struct str line, number, rest, keys, path, key;

    while (str_next(&cgroup, '\n', &line)) {
        if (!str_cut(line, ':', &number, &rest) || !str_cut(rest, ':', &keys, &path) ||
            !str_starts(path, S("/")) || str_contains(path, S("/..")))
            continue;
        if (str_is_empty(keys) && !found) {
            *ret_path = path;
            *ret_is_v2 = found = true;
        }
        while (str_next(&keys, ',', &key))
            if (str_eq(key, S("memory"))) {
                *ret_path = path;
                *ret_is_v2 = false;
                return true;
            }
    }
    return found;
}

int64_t memory_group_parse_kills(struct str text)
{
    const struct str key = S("oom_kill ");
    struct str line;
    int64_t n;

    while (str_next(&text, '\n', &line))
        if (str_starts(line, key) && str_to_int(str_from(line, key.len), &n) && n > 0)
            return n;
    return 0;
}

/* ---- files ---- */

static bool put(const char *dir, const char *name, const char *text)
{
    struct arena a = { 0 };
    int fd = open(arena_fmt(&a, "%s/%s", dir, name).p, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, text, strlen(text)) >= 0;

    if (fd >= 0)
        close(fd);
    arena_done(&a);
    return done;
}

static bool put_number(const char *dir, const char *name, int64_t n)
{
    char text[24];

    snprintf(text, sizeof(text), "%lld", (long long)n);
    return put(dir, name, text);
}

/* The folder of the group that a process is in, where hierarchies are mounted as everywhere. */
static const char *folder_of(struct arena *a, pid_t pid, bool *ret_is_v2)
{
    const char *file = arena_fmt(a, "/proc/%d/cgroup", pid).p, *top;
    struct str text, path;

    if (file_read(a, file, SMALL, &text) != 0 || !memory_group_path(text, &path, ret_is_v2))
        return NULL;
    if (!*ret_is_v2)
        top = TOP "/memory";
    else
        top = file_exists(TOP "/cgroup.controllers") ? TOP : TOP "/unified";
    return file_exists(arena_fmt(a, "%s/cgroup.procs", top).p)
               ? arena_fmt(a, "%s%.*s", top, STR(path)).p
               : NULL;
}

static bool set_limit(const char *dir, bool is_v2, int64_t limit)
{
    if (is_v2) {
        (void)put(dir, "memory.swap.max", "0"); /* none without swap */
        return put_number(dir, "memory.max", limit);
    }
    if (!put_number(dir, "memory.limit_in_bytes", limit))
        return false;
    (void)put_number(dir, "memory.memsw.limit_in_bytes", limit); /* none without swap accounting */
    return true;
}

/* ---- leaving ---- */

/* True once nobody is in it. */
static bool move_all(struct arena *a, const char *from, const char *to)
{
    for (int i = 0; i < LEAVE_TRIES; i++) {
        struct str text, line;
        int64_t pid;

        if (file_read(a, arena_fmt(a, "%s/cgroup.procs", from).p, SMALL, &text) != 0 ||
            str_is_empty(text))
            return true;
        while (str_next(&text, '\n', &line))
            if (str_to_int(line, &pid))
                (void)put_number(to, "cgroup.procs", pid);
    }
    return false;
}

/* The limit first: what cannot be moved at least does not keep it. */
static void give_up(struct arena *a, const char *dir, const char *home)
{
    if (!put(dir, "memory.max", "max")) {
        (void)put(dir, "memory.memsw.limit_in_bytes", "-1");
        (void)put(dir, "memory.limit_in_bytes", "-1");
    }
    if (move_all(a, dir, home))
        (void)rmdir(dir);
}

/* ---- making ---- */

static bool make_in(struct arena *a, const char *base, bool is_v2, struct memory_group *group)
{
    const char *dir = arena_fmt(a, "%s/" NAME, base).p;

    if (file_exists(dir))
        give_up(a, dir, group->home); /* of a run that was killed */
    if (is_v2)
        (void)put(base, "cgroup.subtree_control", "+memory"); /* or it is so already */
    if (mkdir(dir, 0755) != 0 && errno != EEXIST)
        return false;
    if (!set_limit(dir, is_v2, group->limit)) {
        (void)rmdir(dir);
        return false;
    }
    group->dir = dir;
    return true;
}

/* Version 2 has processes in the leaves only: beside our own where not below. */
static bool make_near(struct arena *a, bool is_v2, struct memory_group *group)
{
    const char *slash = strrchr(group->home, '/');

    return make_in(a, group->home, is_v2, group) ||
           (is_v2 && strlen(group->home) > strlen(TOP) &&
            make_in(a, arena_fmt(a, "%.*s", (int)(slash - group->home), group->home).p, true,
                    group));
}

/* ---- systemd ---- */

/* It is in the scope once it runs what it was to run; systemd-run does that by itself. */
static bool await_scope(struct arena *a, struct process *p, const char *name, struct str *ret_why)
{
    const char *file = arena_fmt(a, "/proc/%d/cgroup", p->pid).p;
    msec deadline = clock_monotonic() + SCOPE_TIMEOUT;
    struct process_status status;
    struct str text;

    while (process_wait(p, clock_monotonic() + 10, &status) == PROCESS_RUNNING) {
        if (file_read(a, file, SMALL, &text) == 0 && str_contains(text, str_of(name)))
            return true;
        if (clock_monotonic() < deadline)
            continue;
        if (process_end(p, SCOPE_GRACE, &status) == 0)
            p->pid = 0;
        *ret_why = S("systemd made no scope in time");
        return false;
    }
    p->pid = 0;
    *ret_why = S("systemd-run made no scope");
    return false;
}

/* A process that does nothing keeps the scope; it ends with us, and the scope with the last
 * of what is in it: a package manager that goes on without us keeps its limit. */
static bool make_in_scope(struct arena *a, struct memory_group *group, struct str *ret_why)
{
    const char *name = arena_fmt(a, NAME "-%d.scope", getpid()).p, *base;
    const char *const argv[] = { "systemd-run",
                                 "--scope",
                                 "--quiet",
                                 "--collect",
                                 arena_fmt(a, "--unit=%s", name).p,
                                 "--description=Packages of a Patchbay install",
                                 "--property=Delegate=yes",
                                 "--property=MemoryAccounting=yes",
                                 "--",
                                 "sleep",
                                 "infinity",
                                 NULL };
    const struct process_config config = { .argv = argv, .cwd = "/" };
    bool is_v2;

    if (process_start(&config, a, &group->scope, NULL) != 0) {
        group->scope.pid = 0;
        *ret_why = S("there is no systemd-run");
        return false;
    }
    if (!await_scope(a, &group->scope, name, ret_why))
        return false;
    base = folder_of(a, group->scope.pid, &is_v2);
    if (base && is_v2) { /* which has processes in the leaves only */
        const char *leaf = arena_fmt(a, "%s/keeper", base).p;

        if (mkdir(leaf, 0755) != 0 || !put_number(leaf, "cgroup.procs", group->scope.pid))
            base = NULL;
    }
    if (base && make_in(a, base, is_v2, group))
        return true;
    *ret_why = S("the memory controller is not to be had in systemd's scope");
    return false;
}

static void end_scope(struct memory_group *group)
{
    struct process_status status;

    if (group->scope.pid > 0 && process_end(&group->scope, SCOPE_GRACE, &status) == 0)
        group->scope.pid = 0;
}

int memory_group_open(struct arena *a, int64_t limit, struct memory_group *ret, struct str *ret_why)
{
    struct memory_group group = { .limit = limit, .procs = -1 };
    bool is_v2, made;

    group.home = folder_of(a, getpid(), &is_v2);
    if (!group.home) {
        *ret_why = S("no control groups here");
        return MEMORY_GROUP_NONE;
    }
    if (file_exists("/run/systemd/system")) {
        made = make_in_scope(a, &group, ret_why);
    } else {
        made = make_near(a, is_v2, &group);
        *ret_why = S("no control group may be made here");
    }
    if (made)
        group.procs = open(arena_fmt(a, "%s/cgroup.procs", group.dir).p, O_WRONLY | O_CLOEXEC);
    if (group.procs < 0) {
        if (made)
            (void)rmdir(group.dir);
        end_scope(&group);
        return MEMORY_GROUP_NONE;
    }
    *ret = group;
    return 0;
}

int64_t memory_group_kills(const struct memory_group *group)
{
    static const char *const files[] = { "memory.events", "memory.oom_control" };
    struct arena a = { 0 };
    struct str text;
    int64_t n = 0;

    for (size_t i = 0; group && group->dir && i < ARRAY_LEN(files); i++)
        if (file_read(&a, arena_fmt(&a, "%s/%s", group->dir, files[i]).p, SMALL, &text) == 0)
            n += memory_group_parse_kills(text);
    arena_done(&a);
    return n;
}

struct str memory_group_reason(struct arena *a, const struct memory_group *group)
{
    return arena_fmt(a,
                     "out of memory: the limit of %lld MiB (memory-limit) was met, and the kernel "
                     "ended a process for it",
                     (long long)(group->limit / 1024 / 1024));
}

void memory_group_close(struct arena *a, struct memory_group *group)
{
    if (!group->dir)
        return;
    close(group->procs);
    give_up(a, group->dir, group->home);
    end_scope(group);
    group->dir = NULL;
}

/* One that is in use is kept: the kernel removes none that has processes. */
void memory_group_clean(struct arena *a)
{
    bool is_v2;
    const char *home = folder_of(a, getpid(), &is_v2);

    if (!home)
        return;
    (void)rmdir(arena_fmt(a, "%s/" NAME, home).p);
    if (is_v2)
        (void)rmdir(arena_fmt(a, "%s/../" NAME, home).p);
}
