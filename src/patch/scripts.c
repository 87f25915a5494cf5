/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/scripts.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>

#include "patch/proc_text.h"
#include "sys/clock.h"
#include "sys/file.h"

#define GRACE         (5 * MSEC_SECOND) /* between SIGTERM and SIGKILL */
#define SMALL         ((size_t)64 * 1024)
#define MAX_PROCESSES 4096
#define MAX_DEPTH     64

struct entry {
    pid_t pid, parent;
    int64_t started;
};

struct table {
    struct entry *items;
    size_t count;
};

/* "/var/lib/dpkg/info/NAME.postinst", "/var/lib/dpkg/tmp.ci/preinst", "/var/tmp/rpm-tmp.x1Y2z3" */
static bool is_script_path(struct str path, struct str *ret_package)
{
    static const char *const kinds[] = { ".preinst", ".postinst", ".prerm", ".postrm" };
    const struct str info = S("/var/lib/dpkg/info/"), new = S("/var/lib/dpkg/tmp.ci/");
    struct str name, arch;

    *ret_package = S("");
    if (str_starts(path, new) || str_starts(path, S("/var/tmp/rpm-tmp.")))
        return true;
    if (!str_starts(path, info))
        return false;
    path = str_from(path, info.len);
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_ends(path, str_of(kinds[i]))) {
            str_cut(str_slice(path, 0, path.len - strlen(kinds[i])), ':', &name, &arch);
            *ret_package = name;
            return true;
        }
    return false;
}

/* The script itself, or its interpreter and then the script. */
bool scripts_is_one(struct str cmdline, struct str *ret_package)
{
    struct str word;

    for (int i = 0; i < 3 && str_next(&cmdline, '\0', &word); i++)
        if (is_script_path(word, ret_package))
            return true;
    return false;
}

static struct table read_processes(struct arena *a)
{
    struct table table = { .items = arena_array(a, struct entry, MAX_PROCESSES) };
    DIR *proc = opendir("/proc");
    struct dirent *d;
    int64_t pid, parent, started;
    struct str stat;

    while (proc && table.count < MAX_PROCESSES && (d = readdir(proc))) {
        if (!str_to_int(str_of(d->d_name), &pid) ||
            file_read(a, arena_fmt(a, "/proc/%s/stat", d->d_name).p, SMALL, &stat) != 0 ||
            !proc_stat_field(stat, 4, &parent) || !proc_stat_field(stat, 22, &started))
            continue;
        table.items[table.count++] = (struct entry){ (pid_t)pid, (pid_t)parent, started };
    }
    if (proc)
        closedir(proc);
    return table;
}

static bool is_below(const struct table *table, const struct entry *entry, pid_t above)
{
    pid_t pid = entry->parent;

    for (int depth = 0; depth < MAX_DEPTH && pid > 1; depth++) {
        const struct entry *next = NULL;

        if (pid == above)
            return true;
        for (size_t i = 0; i < table->count && !next; i++)
            if (table->items[i].pid == pid)
                next = &table->items[i];
        if (!next)
            return false;
        pid = next->parent;
    }
    return false;
}

static struct script *remember(struct scripts *scripts, const struct entry *entry,
                               struct str package)
{
    for (size_t i = 0; i < scripts->count; i++)
        if (scripts->items[i].pid == entry->pid && scripts->items[i].started == entry->started)
            return &scripts->items[i];
    if (scripts->count == SCRIPTS_MAX)
        return NULL;
    struct script *script = &scripts->items[scripts->count++];

    *script = (struct script){ .pid = entry->pid,
                               .started = entry->started,
                               .seen_at = clock_monotonic() };
    snprintf(script->package, sizeof(script->package), "%.*s", STR(package));
    return script;
}

/* With all that it started and that has not left it. */
static void end(const struct table *table, const struct script *script, int signal)
{
    for (size_t i = 0; i < table->count; i++)
        if (is_below(table, &table->items[i], script->pid))
            (void)kill(table->items[i].pid, signal);
    (void)kill(script->pid, signal);
}

static bool is_script(struct arena *a, pid_t pid, struct str *ret_package)
{
    struct str cmdline;

    return file_read(a, arena_fmt(a, "/proc/%d/cmdline", pid).p, SMALL, &cmdline) == 0 &&
           scripts_is_one(cmdline, ret_package);
}

/* The outermost alone: what a script forks has its words until it runs something else. */
static void look_at(struct arena *a, struct scripts *scripts, const struct table *table,
                    const struct entry *entry, pid_t manager)
{
    struct str package, ignored;
    struct script *script;
    msec seen;

    if (!is_script(a, entry->pid, &package) || is_script(a, entry->parent, &ignored) ||
        !is_below(table, entry, manager))
        return;
    script = remember(scripts, entry, package);
    seen = script ? clock_monotonic() - script->seen_at : 0;
    if (!script || seen < scripts->limit)
        return;
    end(table, script, seen < scripts->limit + GRACE ? SIGTERM : SIGKILL);
    script->is_told = true;
}

/* Those that ended by themselves: there may be many in one transaction. */
static void forget_ended(struct scripts *scripts, const struct table *table)
{
    size_t kept = 0;

    for (size_t i = 0; i < scripts->count; i++) {
        const struct script script = scripts->items[i];
        bool is_there = script.is_told;

        for (size_t n = 0; n < table->count && !is_there; n++)
            is_there =
                table->items[n].pid == script.pid && table->items[n].started == script.started;
        if (is_there)
            scripts->items[kept++] = script;
    }
    scripts->count = kept;
}

void scripts_look(struct scripts *scripts, pid_t manager)
{
    struct arena a = { 0 };
    const struct table table = read_processes(&a);

    forget_ended(scripts, &table);
    for (size_t i = 0; i < table.count; i++)
        look_at(&a, scripts, &table, &table.items[i], manager);
    arena_done(&a);
}

bool scripts_ended(const struct scripts *scripts, struct str package)
{
    for (size_t i = 0; i < scripts->count; i++) {
        struct str name = str_of(scripts->items[i].package);

        if (scripts->items[i].is_told && (str_is_empty(name) || str_eq(name, package)))
            return true;
    }
    return false;
}
