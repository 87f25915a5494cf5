/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/journal.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "sys/file.h"

#define RECORD_LIMIT ((size_t)64 * 1024 * 1024)
#define ID_MAX       64

bool journal_is_id(struct str id)
{
    return id.len > 0 && id.len <= ID_MAX && str_is_word(id, "-") && id.p[0] != '-';
}

static const char *record_path(struct arena *a, const char *state, const char *folder,
                               struct str id)
{
    assert(journal_is_id(id));
    return arena_fmt(a, "%s/%s/%.*s.json", state, folder, STR(id)).p;
}

int journal_open(struct arena *a, const char *state)
{
    TRY(file_make_dirs(arena_fmt(a, "%s/commands", state).p, 0700));
    TRY(file_make_dirs(arena_fmt(a, "%s/done", state).p, 0700));
    TRY(file_make_dirs(arena_fmt(a, "%s/steps", state).p, 0700));
    return 0;
}

static int write_record(struct arena *a, const char *path, const struct command *c)
{
    int written = file_write(path, json_format(a, command_to_value(a, c)), 0600);

    if (written == FILE_NO_SPACE)
        return JOURNAL_NO_SPACE;
    TRY(written);
    return 0;
}

static int save(struct arena *a, const char *state, const struct command *c)
{
    PASS(write_record(a, record_path(a, state, c->is_over ? "done" : "commands", c->id), c));
    if (c->is_over)
        TRY(file_remove(record_path(a, state, "commands", c->id)));
    return 0;
}

int journal_save(const char *state, const struct command *c)
{
    struct arena a = { 0 };
    int result = save(&a, state, c);

    arena_done(&a);
    return result;
}

int journal_load(struct arena *a, const char *state, struct str id, struct command *ret)
{
    struct str text;
    struct value *v;

    int read = file_read(a, record_path(a, state, "commands", id), RECORD_LIMIT, &text);
    if (read == FILE_ABSENT)
        return JOURNAL_ABSENT;
    if (read == FILE_TOO_LARGE)
        return JOURNAL_DAMAGED;
    TRY(read);
    if (json_parse(a, text, &v, NULL) != 0 || !command_from_value(a, v, ret) ||
        !str_eq(ret->id, id))
        return JOURNAL_DAMAGED;
    return 0;
}

bool journal_has(const char *state, struct str id)
{
    struct arena a = { 0 };
    bool has = file_exists(record_path(&a, state, "commands", id)) ||
               file_exists(record_path(&a, state, "done", id));

    arena_done(&a);
    return has;
}

int journal_put_aside(struct arena *a, const char *state, struct str id)
{
    const char *from = record_path(a, state, "commands", id);
    const char *to = record_path(a, state, "done", id);

    if (rename(from, to) != 0)
        return err_fault(errno, "cannot put %s aside", from);
    TRY(file_sync_dir(arena_fmt(a, "%s/done", state).p));
    return 0;
}

static void close_dir(DIR **dir)
{
    if (*dir)
        closedir(*dir);
}

static bool id_of_name(const char *name, struct str *ret)
{
    struct str s = str_of(name);

    if (!str_ends(s, S(".json")))
        return false;
    *ret = str_slice(s, 0, s.len - 5);
    return journal_is_id(*ret);
}

int journal_list(struct arena *a, const char *state, struct strs *ret)
{
    const char *path = arena_fmt(a, "%s/commands", state).p;
    CLEANUP(close_dir) DIR *dir = opendir(path);
    struct strs list = { .items = arena_array(a, struct str, JOURNAL_MAX_RUNNING) };
    struct dirent *entry;
    struct str id;

    if (!dir)
        return err_fault(errno, "cannot list %s", path);
    while (list.count < JOURNAL_MAX_RUNNING && (entry = readdir(dir)))
        if (id_of_name(entry->d_name, &id))
            list.items[list.count++] = arena_dup(a, id);
    *ret = list;
    return 0;
}

void journal_sweep(const char *state, msec now)
{
    struct arena a = { 0 };
    CLEANUP(close_dir) DIR *dir = opendir(arena_fmt(&a, "%s/done", state).p);
    struct dirent *entry;
    struct stat st;
    struct str id;

    while (dir && (entry = readdir(dir)))
        if (id_of_name(entry->d_name, &id) &&
            fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            now - (msec)st.st_mtime * MSEC_SECOND > JOURNAL_MEMORY)
            unlinkat(dirfd(dir), entry->d_name, 0);
    arena_done(&a);
}

/* Whether a file of that name may stay. */
typedef bool (*keep_fn)(struct arena *a, const char *state, struct str name);

static bool keep_record(struct arena *a, const char *state, struct str name)
{
    struct str id;
    (void)state;
    return id_of_name(arena_cstr(a, name), &id);
}

static bool keep_work(struct arena *a, const char *state, struct str name)
{
    return journal_is_id(name) && file_exists(record_path(a, state, "commands", name));
}

/* "token.json.x7Gh2k": a write that was cut short, and a secret perhaps. */
static bool keep_state(struct arena *a, const char *state, struct str name)
{
    (void)a, (void)state;
    return !str_starts(name, S("token.json.")) && !str_starts(name, S("identity.json.")) &&
           !str_starts(name, S("credentials."));
}

static int tidy(struct arena *a, const char *state, const char *folder, keep_fn keep)
{
    const char *path = arena_fmt(a, "%s/%s", state, folder).p;
    CLEANUP(close_dir) DIR *dir = opendir(path);
    struct dirent *entry;

    if (!dir)
        return err_fault(errno, "cannot list %s", path);
    while ((entry = readdir(dir))) {
        struct str name = str_of(entry->d_name);
        if (!str_eq(name, S(".")) && !str_eq(name, S("..")) && !keep(a, state, name))
            TRY(file_remove_tree(arena_fmt(a, "%s/%s", path, entry->d_name).p));
    }
    return 0;
}

int journal_tidy(struct arena *a, const char *state)
{
    TRY(tidy(a, state, ".", keep_state));
    TRY(tidy(a, state, "commands", keep_record));
    TRY(tidy(a, state, "done", keep_record));
    TRY(tidy(a, state, "steps", keep_work));
    return 0;
}

int journal_clear(struct arena *a, const char *state)
{
    TRY(file_remove_tree(arena_fmt(a, "%s/commands", state).p));
    TRY(file_remove_tree(arena_fmt(a, "%s/done", state).p));
    TRY(file_remove_tree(arena_fmt(a, "%s/steps", state).p));
    return 0;
}
