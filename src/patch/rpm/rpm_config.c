/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/rpm_config.h"

#include <dirent.h>
#include <stdlib.h>

#include "patch/rpm/ini.h"
#include "sys/file.h"

#define FILES_MAX 1000

struct config_files config_files_of(struct arena *a, const char *root, struct str *ret_why)
{
    return (struct config_files){ a, strcmp(root, "/") ? root : "", ret_why };
}

const char *config_path(const struct config_files *f, struct str path)
{
    return arena_fmt(f->arena, "%s%.*s", f->root, STR(path)).p;
}

int config_read(const struct config_files *f, struct str path, struct str *ret)
{
    int result = file_read(f->arena, config_path(f, path), INI_MAX_BYTES, ret);

    if (result == FILE_ABSENT) {
        *ret = S("");
        return 0;
    }
    if (result != FILE_TOO_LARGE)
        return result;
    *f->ret_why = arena_fmt(f->arena, "%.*s is too large", STR(path));
    return RPM_CONFIG_BAD;
}

static int by_text(const void *left, const void *right)
{
    return str_cmp(*(const struct str *)left, *(const struct str *)right);
}

struct strs config_list(const struct config_files *f, struct str dir, struct str suffix)
{
    struct strs names = { 0 };
    size_t capacity = 0;
    DIR *d = opendir(config_path(f, dir));
    struct dirent *entry;

    while (d && names.count < FILES_MAX && (entry = readdir(d))) {
        struct str name = str_of(entry->d_name);

        if (name.p[0] == '.' || !str_ends(name, suffix))
            continue;
        names.items = ARENA_GROW(f->arena, names.items, names.count, &capacity);
        names.items[names.count++] = arena_fmt(f->arena, "%.*s/%.*s", STR(dir), STR(name));
    }
    if (d)
        closedir(d);
    if (names.count > 0)
        qsort(names.items, names.count, sizeof(*names.items), by_text);
    return names;
}
