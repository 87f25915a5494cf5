/* SPDX-License-Identifier: Apache-2.0 */
/* Repositories that apt is given for one run, beside the host's own. */
#include "patch/apt/apt_get.h"
#include "patch/child.h"
#include "sys/file.h"

/* The names in the folder are those that apt.cc gives libapt. */
int apt_get_use_sources(struct arena *a, const char *dir, struct strs configurations,
                        struct str *ret_why)
{
    const char *parts = arena_fmt(a, "%s/parts", dir).p; /* an empty folder: apt wants one */
    const char *lists = arena_fmt(a, "%s/lists/partial", dir).p;
    struct str text = arena_join(a, configurations, S("\n"));
    int result;

    TRY(file_make_dirs(parts, 0755));
    TRY(file_make_dirs(lists, 0755));
    result =
        file_write(arena_fmt(a, "%s/sources.list", dir).p, arena_fmt(a, "%.*s\n", STR(text)), 0600);
    if (result == FILE_NO_SPACE) {
        *ret_why = S("there is no space left to write the alternative sources");
        return PROVIDER_FAILED;
    }
    TRY(result);
    return 0;
}

/* Its own package cache would be made for other sources than the next apt's. */
void apt_get_add_sources(struct arena *a, struct child *child, const struct host *host)
{
    if (!host->sources_dir)
        return;
    child_arg(a, child, "-o");
    child_arg(a, child, arena_fmt(a, "Dir::Etc::sourcelist=%s/sources.list", host->sources_dir).p);
    child_arg(a, child, "-o");
    child_arg(a, child, arena_fmt(a, "Dir::Etc::sourceparts=%s/parts", host->sources_dir).p);
    child_arg(a, child, "-o");
    child_arg(a, child, arena_fmt(a, "Dir::State::lists=%s/lists/", host->sources_dir).p);
    child_arg(a, child, "-o");
    child_arg(a, child, "Dir::Cache::pkgcache=");
    child_arg(a, child, "-o");
    child_arg(a, child, "Dir::Cache::srcpkgcache=");
}
