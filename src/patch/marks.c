/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/marks.h"

#include "base/log.h"
#include "sys/file.h"

#define MARKS_MAX_BYTES ((size_t)1024 * 1024)

struct strs marks_parse(struct arena *a, struct str text)
{
    struct strs lines = arena_split(a, text, '\n'), names = { lines.items, 0 };

    for (size_t i = 0; i < lines.count; i++)
        if (lines.items[i].len > 0 && str_is_word(lines.items[i], "+-._:"))
            names.items[names.count++] = lines.items[i];
    return names;
}

static int load(struct arena *a, const char *path, struct strs *ret)
{
    struct str text = S("");
    int result = file_read(a, path, MARKS_MAX_BYTES, &text);

    if (result > 0) /* none is there, or not one of ours */
        text = S("");
    *ret = marks_parse(a, text);
    return result > 0 ? 0 : result;
}

static void add(struct arena *a, struct strs *names, size_t *capacity, struct str name)
{
    if (!str_is_set(name) || strs_have(*names, name))
        return;
    names->items = ARENA_GROW(a, names->items, names->count, capacity);
    names->items[names->count++] = name;
}

static int find(struct arena *a, const struct provider *provider,
                const struct change_request *request, struct change_request *ret,
                struct str *ret_why)
{
    struct changes all = { 0 };

    for (size_t i = 0; i < request->count; i++)
        if (!change_removes(&request->changes[i]))
            changes_add(a, &all, &request->changes[i]);
    for (size_t i = 0; i < request->n_along; i++)
        changes_add(a, &all, &request->along[i]);
    *ret = *request;
    ret->changes = all.items;
    ret->count = all.count;
    ret->n_along = 0;
    return all.count > 0 ? provider->find_marks(a, ret, ret_why) : 0;
}

int marks_keep(struct arena *a, const struct provider *provider, const char *path,
               const struct change_request *request, struct str *ret_why)
{
    struct change_request marked;
    struct strs names;
    size_t capacity;
    int result;

    if (!provider->restore_marks)
        return 0;
    TRY(load(a, path, &names));
    capacity = names.count;
    PASS(find(a, provider, request, &marked, ret_why));
    for (size_t i = 0; i < marked.count; i++)
        add(a, &names, &capacity, marked.changes[i].mark);
    if (names.count == 0)
        return 0;
    result = file_write(path, arena_join(a, names, S("\n")), 0600);
    if (result > 0) {
        *ret_why = arena_fmt(a, "there is no space left to write %s", path);
        return PROVIDER_FAILED;
    }
    return result;
}

int marks_restore(struct arena *a, const struct provider *provider, const char *path)
{
    struct str why = S("");
    struct strs names;
    int result;

    if (!provider->restore_marks || !file_exists(path))
        return 0;
    TRY(load(a, path, &names));
    result = names.count > 0 ? provider->restore_marks(a, names, &why) : 0;
    if (result < 0)
        TRY(result);
    if (result == 0)
        return file_remove(path);
    log_warning("packages stay marked as installed by hand until the next run: %.*s", STR(why));
    return 0;
}
