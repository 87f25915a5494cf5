/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/history.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/time.h"
#include "patch/state.h"
#include "sys/file.h"

/* ---- one record as text ---- */

static const struct {
    const char *key;
    size_t offset;
} texts[] = {
    { "id", offsetof(struct history_run, id) },
    { "operation", offsetof(struct history_run, operation) },
    { "executionId", offsetof(struct history_run, execution_id) },
    { "bootId", offsetof(struct history_run, boot_id) },
    { "undoes", offsetof(struct history_run, undoes) },
};

static const struct {
    const char *key;
    size_t offset;
} change_texts[] = {
    { "name", offsetof(struct change, name) },
    { "arch", offsetof(struct change, arch) },
    { "managerName", offsetof(struct change, manager_name) },
    { "from", offsetof(struct change, from) },
    { "to", offsetof(struct change, to) },
};

static struct str *member(void *object, size_t offset)
{
    return (struct str *)((char *)object + offset);
}

static struct value *change_json(struct arena *a, const struct change *change)
{
    struct value *v = value_map(a);

    for (size_t i = 0; i < ARRAY_LEN(change_texts); i++) {
        struct str s = *member((void *)change, change_texts[i].offset);

        if (str_is_set(s))
            value_set_str(a, v, str_of(change_texts[i].key), s);
    }
    return v;
}

struct value *history_json(struct arena *a, const struct history_run *run)
{
    struct value *v = value_map(a), *changes = value_list(a);

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str s = *member((void *)run, texts[i].offset);

        value_set_str(a, v, str_of(texts[i].key), str_or_empty(s));
    }
    value_set_str(a, v, S("startedTime"), time_iso_ms(a, run->started_at));
    value_set_str(a, v, S("endedTime"), run->ended_at ? time_iso_ms(a, run->ended_at) : S(""));
    value_set_int(a, v, S("failed"), (int64_t)run->n_failed);
    for (size_t i = 0; i < run->n_changes; i++)
        value_append(a, changes, change_json(a, &run->changes[i]));
    value_set(a, v, S("changes"), changes);
    return v;
}

static struct value *versions_json(struct arena *a, const struct packages *packages)
{
    struct value *list = value_list(a);

    for (size_t i = 0; i < packages->count; i++) {
        const struct package *p = &packages->items[i];
        const struct change there = { .name = p->facts.name,
                                      .arch = p->facts.arch,
                                      .manager_name = p->manager_name,
                                      .from = p->facts.installed.version };

        value_append(a, list, change_json(a, &there));
    }
    return list;
}

static struct change *parse_changes(struct arena *a, const struct value *list, size_t *ret_count)
{
    size_t count = value_count(list);
    struct change *changes;

    if (count > HISTORY_MAX_CHANGES)
        count = HISTORY_MAX_CHANGES;
    changes = arena_array(a, struct change, count + 1);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < ARRAY_LEN(change_texts); k++)
            *member(&changes[i], change_texts[k].offset) =
                value_get_str(value_at(list, i), str_of(change_texts[k].key));
    *ret_count = count;
    return changes;
}

static msec time_of(const struct value *v, struct str key)
{
    msec t;

    return time_parse_iso(value_get_str(v, key), &t) ? t : 0;
}

static struct history_run parse(struct arena *a, const struct value *doc)
{
    struct history_run run = { 0 };
    int64_t failed = value_get_int(doc, S("failed"), 0);

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct str s = value_get_str(doc, str_of(texts[i].key));

        *member(&run, texts[i].offset) = str_or_empty(s);
    }
    run.started_at = time_of(doc, S("startedTime"));
    run.ended_at = time_of(doc, S("endedTime"));
    run.n_failed = failed > 0 ? (size_t)failed : 0;
    run.changes = parse_changes(a, value_get(doc, S("changes")), &run.n_changes);
    return run;
}

/* ---- files ---- */

static const char *path_of(struct arena *a, const char *dir, struct str id)
{
    return arena_fmt(a, "%s/%.*s.json", dir, STR(id)).p;
}

static struct str id_of(struct arena *a, msec t)
{
    struct str iso = time_iso_ms(a, t);
    char *id = arena_alloc(a, iso.len);
    size_t len = 0;

    for (size_t i = 0; i < iso.len; i++)
        if (iso.p[i] != '-' && iso.p[i] != ':')
            id[len++] = iso.p[i];
    return (struct str){ id, len };
}

static int newest_first(const void *left, const void *right)
{
    return str_cmp(*(const struct str *)right, *(const struct str *)left);
}

/* Names of the records, without ".json"; the newest first. */
static struct strs list_ids(struct arena *a, const char *dir)
{
    DIR *folder = opendir(dir);
    struct strs ids = { 0 };
    size_t capacity = 0;
    struct dirent *entry;

    while (folder && (entry = readdir(folder))) {
        struct str name = str_of(entry->d_name);

        if (!str_ends(name, S(".json")) || name.p[0] < '0' || name.p[0] > '9')
            continue;
        name.len -= strlen(".json");
        ids.items = ARENA_GROW(a, ids.items, ids.count, &capacity);
        ids.items[ids.count++] = arena_dup(a, name);
    }
    if (folder)
        closedir(folder);
    if (ids.count > 0)
        qsort(ids.items, ids.count, sizeof(*ids.items), newest_first);
    return ids;
}

static struct value *load(struct arena *a, const char *dir, struct str id)
{
    struct value *doc;
    struct str text;

    if (file_read(a, path_of(a, dir, id), HISTORY_MAX_BYTES, &text) != 0 ||
        json_parse(a, text, &doc, NULL) != 0 || !value_is(doc, VALUE_MAP))
        return NULL;
    return doc;
}

static int save(struct arena *a, const char *dir, const struct history_run *run,
                struct value *before)
{
    struct value *doc = history_json(a, run);

    if (before)
        value_set(a, doc, S("before"), before);
    return file_write(path_of(a, dir, run->id), json_format(a, doc), 0600);
}

static int prune(struct arena *a, const char *dir)
{
    struct strs ids = list_ids(a, dir);

    for (size_t i = HISTORY_MAX_RUNS; i < ids.count; i++)
        TRY(file_remove(path_of(a, dir, ids.items[i])));
    return 0;
}

/* ---- the difference ---- */

static int compare(const struct change *left, const struct change *right)
{
    int order = str_cmp(left->name, right->name);

    return order != 0 ? order : str_cmp(left->arch, right->arch);
}

/* Both are sorted by name and architecture. What is on one side alone was added or
 * removed. */
static void find_changes(struct arena *a, const struct change *before, size_t n_before,
                         const struct packages *after, struct history_run *run)
{
    size_t old = 0, now = 0;

    run->changes = arena_array(a, struct change, n_before + after->count + 1);
    run->n_changes = 0;
    while (old < n_before || now < after->count) {
        struct change change = { 0 };
        int order = old < n_before ? -1 : 1;

        if (now < after->count) {
            const struct package *p = &after->items[now];

            change = (struct change){ .name = p->facts.name,
                                      .arch = p->facts.arch,
                                      .manager_name = p->manager_name,
                                      .to = p->facts.installed.version };
            if (old < n_before)
                order = compare(&before[old], &change);
        }
        if (order < 0) {
            change = before[old];
            change.to = (struct str){ 0 };
        } else if (order == 0) {
            change.from = before[old].from;
        }
        old += order <= 0;
        now += order >= 0;
        if (!str_is_set(change.from) || !str_eq(change.from, change.to))
            run->changes[run->n_changes++] = change;
    }
}

/* ---- a run's course ---- */

int history_begin(struct arena *a, const char *dir, struct history_run *run,
                  const struct packages *before, struct str *ret_why)
{
    int result;

    TRY(file_make_dirs(dir, 0700));
    run->id = id_of(a, run->started_at);
    while (file_exists(path_of(a, dir, run->id)))
        run->id = id_of(a, ++run->started_at);
    result = save(a, dir, run, versions_json(a, before));
    if (result > 0) {
        *ret_why = arena_fmt(a, "there is no space left to write to %s", dir);
        return PROVIDER_FAILED;
    }
    return result;
}

static int close_run(struct arena *a, const char *dir, struct history_run *run,
                     const struct change *before, size_t n_before, const struct packages *after)
{
    int result;

    find_changes(a, before, n_before, after, run);
    result = save(a, dir, run, NULL);
    if (result < 0)
        return result;
    return prune(a, dir); /* a full disk leaves the record open: the next run closes it */
}

int history_end(struct arena *a, const char *dir, struct history_run *run,
                const struct packages *before, const struct packages *after)
{
    size_t n_before;
    struct change *then = parse_changes(a, versions_json(a, before), &n_before);

    TRY(close_run(a, dir, run, then, n_before, after));
    return 0;
}

int history_since(struct arena *a, const char *dir, const struct packages *now,
                  struct history_run *ret)
{
    struct strs ids = list_ids(a, dir);

    *ret = (struct history_run){ 0 };
    for (size_t i = 0; i < ids.count; i++) {
        const struct value *before = value_get(load(a, dir, ids.items[i]), S("before"));
        struct change *then;
        size_t n_before;

        if (!before)
            continue;
        then = parse_changes(a, before, &n_before);
        find_changes(a, then, n_before, now, ret);
        return 0;
    }
    return 0;
}

int history_recover(struct arena *a, const char *dir, const struct packages *now)
{
    struct strs ids = list_ids(a, dir);

    for (size_t i = 0; i < ids.count; i++) {
        const struct value *doc = load(a, dir, ids.items[i]);
        const struct value *before = value_get(doc, S("before"));
        struct history_run run;
        struct change *then;
        size_t n_before;

        if (!before)
            continue;
        run = parse(a, doc);
        run.id = ids.items[i];
        run.ended_at = 0;
        then = parse_changes(a, before, &n_before);
        TRY(close_run(a, dir, &run, then, n_before, now));
    }
    return 0;
}

int history_list(struct arena *a, const char *dir, struct history_run **ret, size_t *ret_count)
{
    struct strs ids = list_ids(a, dir);
    struct history_run *runs = arena_array(a, struct history_run, ids.count + 1);
    size_t count = 0;

    for (size_t i = 0; i < ids.count && count < HISTORY_MAX_RUNS; i++) {
        const struct value *doc = load(a, dir, ids.items[i]);

        if (!doc)
            continue;
        runs[count] = parse(a, doc);
        runs[count++].id = ids.items[i];
    }
    *ret = runs;
    *ret_count = count;
    return 0;
}

int history_remember(struct arena *a, const char *dir, const struct host *host, struct state *state)
{
    struct history_run *runs;
    size_t count;

    TRY(history_list(a, dir, &runs, &count));
    for (size_t i = count; i > 0; i--) { /* the newest last */
        const struct history_run *run = &runs[i - 1];

        if (str_is_empty(run->boot_id) || !str_eq(run->boot_id, host->boot_id))
            continue;
        for (size_t n = 0; n < run->n_changes; n++) {
            const struct patch_facts facts = { .name = run->changes[n].name,
                                               .arch = run->changes[n].arch,
                                               .installed.version = run->changes[n].to };

            if (str_is_set(facts.installed.version))
                state_installed(a, state, host, &facts, run->started_at);
        }
    }
    return 0;
}
