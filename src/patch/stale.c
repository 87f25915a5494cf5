/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/stale.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "patch/proc_text.h"
#include "sys/file.h"

#define SMALL_FILE ((size_t)16 * 1024)
#define MAX_LINE   5000 /* a path of PATH_MAX and what is before it */
#define MAX_PIDS   16   /* that are named of one unit */

struct search {
    struct arena *arena;
    struct reboot_facts *facts;
    const char *proc;
    struct str pid_namespace;
    size_t capacity;
    char *line; /* kept by getline() over all processes */
    size_t line_size;
};

static struct str link_of(struct arena *a, const char *path)
{
    char target[64];
    ssize_t n = readlink(path, target, sizeof(target));

    return n > 0 ? arena_dup(a, (struct str){ target, (size_t)n }) : (struct str){ 0 };
}

/* Processes choose these names; they end up on terminals and in JSON. */
static struct str printable(struct arena *a, struct str s)
{
    char *copy = arena_copy(a, s.p, s.len);

    for (size_t i = 0; i < s.len; i++)
        if (copy[i] < ' ' || copy[i] > '~')
            copy[i] = '?';
    return (struct str){ copy, s.len };
}

/* Processes of containers have libraries of their own. */
static bool is_elsewhere(struct search *s, const char *pid)
{
    struct str ns = link_of(s->arena, arena_fmt(s->arena, "%s/%s/ns/pid", s->proc, pid).p);
    struct str root = link_of(s->arena, arena_fmt(s->arena, "%s/%s/root", s->proc, pid).p);

    return (str_is_set(ns) && str_is_set(s->pid_namespace) && !str_eq(ns, s->pid_namespace)) ||
           (str_is_set(root) && !str_eq(root, S("/")));
}

/* The name of the unit or, for lack of one, of the process. */
static struct str name_of(struct search *s, const char *pid, bool *ret_is_unit)
{
    struct str text, unit = { 0 };

    if (file_read(s->arena, arena_fmt(s->arena, "%s/%s/cgroup", s->proc, pid).p, SMALL_FILE,
                  &text) == 0)
        unit = proc_unit(text);
    *ret_is_unit = str_is_set(unit);
    if (*ret_is_unit)
        return printable(s->arena, unit);
    if (file_read(s->arena, arena_fmt(s->arena, "%s/%s/comm", s->proc, pid).p, SMALL_FILE, &text) ==
            0 &&
        !str_is_empty(str_trim(text)))
        return printable(s->arena, str_trim(text));
    return arena_fmt(s->arena, "process %s", pid);
}

static struct stale_user *user_of(struct search *s, struct str name, bool is_unit)
{
    struct reboot_facts *facts = s->facts;

    for (size_t i = 0; i < facts->n_stale; i++)
        if (facts->stale[i].is_unit == is_unit && str_eq(facts->stale[i].name, name))
            return &facts->stale[i];
    if (facts->n_stale >= REBOOT_MAX_STALE) {
        facts->is_cut = true;
        return NULL;
    }
    facts->stale = ARENA_GROW(s->arena, facts->stale, facts->n_stale, &s->capacity);
    facts->stale[facts->n_stale] =
        (struct stale_user){ .name = name, .is_unit = is_unit, .pids = S("") };
    facts->stale[facts->n_stale].files.items = arena_array(s->arena, struct str, REBOOT_MAX_FILES);
    return &facts->stale[facts->n_stale++];
}

static void note_file(struct search *s, struct stale_user *user, struct str path)
{
    path = printable(s->arena, path);
    if (strs_have(user->files, path))
        return;
    if (user->files.count >= REBOOT_MAX_FILES) {
        s->facts->is_cut = true;
        return;
    }
    user->files.items[user->files.count++] = path;
}

static void note_process(struct search *s, struct stale_user *user, const char *pid)
{
    if (user->n_processes++ < MAX_PIDS)
        user->pids =
            arena_fmt(s->arena, "%.*s%s%s", STR(user->pids), user->pids.len > 0 ? " " : "", pid);
}

static FILE *open_maps(struct search *s, const char *pid)
{
    FILE *maps = fopen(arena_fmt(s->arena, "%s/%s/maps", s->proc, pid).p, "re");

    if (!maps && (errno == EACCES || errno == EPERM))
        s->facts->n_unseen++;
    return maps; /* else it has ended meanwhile */
}

static void look_into(struct search *s, const char *pid)
{
    FILE *maps = open_maps(s, pid);
    struct stale_user *user = NULL;
    ssize_t n;

    if (!maps)
        return;
    while ((n = getline(&s->line, &s->line_size, maps)) > 0) {
        struct str path, line = { s->line, (size_t)n };
        bool is_unit;

        if (n > MAX_LINE || !proc_deleted_file(str_trim(line), &path))
            continue;
        if (!user) {
            if (is_elsewhere(s, pid))
                break;
            struct str name = name_of(s, pid, &is_unit);
            user = user_of(s, name, is_unit);
            if (!user)
                break;
            note_process(s, user, pid);
        }
        note_file(s, user, path);
    }
    if (n < 0 && ferror(maps) && (errno == EACCES || errno == EPERM))
        s->facts->n_unseen++;
    fclose(maps);
}

static int by_name(const void *left, const void *right)
{
    const struct stale_user *a = left, *b = right;

    return str_cmp(a->name, b->name);
}

void stale_read(struct arena *a, const char *proc, struct reboot_facts *facts)
{
    struct search s = { .arena = a, .facts = facts, .proc = proc };
    DIR *dir = opendir(proc);
    struct dirent *entry;
    size_t count = 0;

    s.pid_namespace = link_of(a, arena_fmt(a, "%s/self/ns/pid", proc).p);
    while (dir && (entry = readdir(dir))) {
        if (!str_is_digits(str_of(entry->d_name)))
            continue;
        if (count++ >= REBOOT_MAX_PROCESSES) {
            facts->is_cut = true;
            break;
        }
        look_into(&s, entry->d_name);
    }
    if (dir)
        closedir(dir);
    free(s.line);
    if (facts->n_stale > 0)
        qsort(facts->stale, facts->n_stale, sizeof(*facts->stale), by_name);
}
