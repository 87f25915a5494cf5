/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/local.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "engine/baseline_default.h"
#include "engine/patch_source.h"
#include "patch/history.h"
#include "patch/memory_group.h"
#include "sys/clock.h"
#include "sys/file.h"

int local_use_snapshot(struct arena *a, struct local *local, struct str text, struct str *ret_why)
{
    struct baseline_snapshot snapshot;
    struct value *doc;
    int result = json_parse(a, text, &doc, ret_why);

    if (result == 0)
        result = baseline_parse(a, doc, &snapshot, ret_why);
    if (result > 0)
        return LOCAL_BAD_BASELINE;
    TRY(result);
    if (snapshot.baseline.os != local->host.os) {
        *ret_why = arena_fmt(a, "the baseline is for %s, this host is %s",
                             patch_os_info(snapshot.baseline.os)->name,
                             patch_os_info(local->host.os)->name);
        return LOCAL_BAD_BASELINE;
    }
    local->snapshot = snapshot;
    return 0;
}

static int use_file(struct arena *a, struct local *local, struct str path, struct str *ret_why)
{
    struct str text;
    int result = file_read(a, arena_cstr(a, path), BASELINE_DOC_MAX_BYTES, &text);

    if (result > 0) {
        *ret_why = arena_fmt(a, "%.*s %s", STR(path),
                             result == FILE_ABSENT ? "is not there" : "is too large");
        return LOCAL_BAD_BASELINE;
    }
    TRY(result);
    result = local_use_snapshot(a, local, text, ret_why);
    if (result > 0)
        *ret_why = arena_fmt(a, "%.*s: %.*s", STR(path), STR(*ret_why));
    return result;
}

static bool is_writable(const char *path)
{
    if (!file_exists(path) && file_make_dirs(path, 0755) != 0)
        return false;
    return access(path, W_OK) == 0;
}

/* Somebody who is not root still gets a warm cache, in their own place. */
static const char *find_state_dir(struct arena *a, const struct host *host,
                                  const struct local_options *options)
{
    const char *home = getenv("HOME");
    const char *dir;

    if (str_is_set(options->state_dir))
        dir = arena_cstr(a, options->state_dir);
    else
        dir = host_path(a, host, LOCAL_STATE_DIR);
    if (is_writable(dir))
        return dir;
    if (str_is_set(options->state_dir) || !home || !str_eq(host->root, S("/")))
        return NULL;
    dir = arena_fmt(a, "%s/.cache/patchbay", home).p;
    return is_writable(dir) ? dir : NULL;
}

/* The cache file holds absolute paths, so one made from outside a root and one
 * made inside would invalidate each other. libapt wants the path within the root. */
static int open_cache(struct arena *a, struct local *local)
{
    bool inside = str_eq(local->host.root, S("/"));
    const char *dir = arena_fmt(a, "%s/cache%s", local->state_dir, inside ? "" : "-outside").p;
    const char *bare_root = host_path(a, &local->host, "");

    if (!is_writable(dir) || !str_starts(str_of(dir), str_of(bare_root)))
        return 0;
    local->cache_dir = str_from(str_of(dir), strlen(bare_root));
    return 0;
}

int local_open(struct arena *a, const struct local_options *options, struct local *ret,
               struct str *ret_why)
{
    struct local local = { 0 };
    const struct baseline *predefined;
    int result = host_read(a, options->root, &local.host, ret_why);

    if (result > 0)
        return LOCAL_UNSUPPORTED;
    TRY(result);
    result = settings_read(a, host_path(a, &local.host, SETTINGS_FILE), &local.settings, ret_why);
    if (result > 0)
        return LOCAL_BAD_SETTINGS;
    TRY(result);
    local.provider = provider_find(patch_os_info(local.host.os)->family);
    predefined = baseline_default(local.host.os);
    if (!local.provider || !predefined) {
        *ret_why = arena_fmt(a, "%s is not supported: there is no provider for its package manager",
                             patch_os_info(local.host.os)->name);
        return LOCAL_UNSUPPORTED;
    }
    local.snapshot = (struct baseline_snapshot){ .baseline = *predefined, .patch_group = S("") };
    if (str_is_set(options->baseline_file))
        PASS(use_file(a, &local, options->baseline_file, ret_why));

    local.state_dir = find_state_dir(a, &local.host, options);
    if (local.state_dir) {
        local.state_path = arena_fmt(a, "%s/state.json", local.state_dir).p;
        local.history_dir = arena_fmt(a, "%s/history", local.state_dir).p;
        local.marks_path = arena_fmt(a, "%s/marks", local.state_dir).p;
        TRY(open_cache(a, &local));
    }
    *ret = local;
    return 0;
}

int local_use_sources(struct arena *a, struct local *local, struct str *ret_why)
{
    struct strs found = patch_sources_of(a, &local->snapshot.baseline, local->host.product);
    const char *dir = arena_fmt(a, "%s/sources", local->state_dir).p;
    const char *cache = arena_fmt(a, "%s/cache", dir).p;

    if (found.count == 0)
        return 0;
    if (!local->provider->use_sources || !str_eq(local->host.root, S("/"))) {
        *ret_why = S("the alternative sources of the baseline cannot be used on this host");
        return LOCAL_BAD_BASELINE;
    }
    int result = local->provider->use_sources(a, dir, found, ret_why);
    if (result > 0)
        return LOCAL_BAD_BASELINE;
    TRY(result);
    TRY(file_make_dirs(cache, 0755));
    local->cache_dir = str_of(cache);
    local->host.sources_dir = dir;
    return 0;
}

struct scan_options local_scan_options(const struct local *local, bool count_absent)
{
    return (struct scan_options){
        .host = &local->host,
        .provider = local->provider,
        .baseline = &local->snapshot.baseline,
        .cache_dir = local->cache_dir,
        .count_absent = count_absent,
        .now = clock_now(),
    };
}

/* A state that cannot be read must not keep a host from being patched: it is set aside, and
 * what waits for a reboot is in the history too. */
static int load_state(struct arena *a, const struct local *local, struct state *ret)
{
    int result = state_load(a, local->state_path, ret);

    if (result != STATE_MALFORMED)
        return result;
    if (rename(local->state_path, arena_fmt(a, "%s.damaged", local->state_path).p) < 0)
        return FAULT(errno);
    *ret = (struct state){ 0 };
    return history_remember(a, local->history_dir, &local->host, ret);
}

int local_begin(struct arena *a, const struct local *local, int *ret_lock, struct state *ret_state,
                struct str *ret_why)
{
    int result;

    if (!local->state_dir) {
        *ret_why = S("there is no place to keep the state in (see --state)");
        return LOCAL_BUSY;
    }
    result = file_lock(arena_fmt(a, "%s/lock", local->state_dir).p, ret_lock);
    if (result == FILE_LOCKED) {
        *ret_why = S("another patch run is on; this one does nothing");
        return LOCAL_BUSY;
    }
    TRY(result);
    memory_group_clean(a);
    return load_state(a, local, ret_state);
}
