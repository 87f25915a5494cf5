/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/modulemd.h"

#include <dirent.h>
#include <modulemd.h>

#include "sys/file.h"

#define FAILSAFE_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define STATES             "/etc/dnf/modules.d"
#define DEFAULTS           "/etc/dnf/modules.defaults.d"
#define FAILSAFE                                                                                   \
    "/var/lib/dnf/modulefailsafe" /* dnf keeps what it enabled: NAME:STREAM:ARCH.yaml */

static int bad(struct arena *a, struct str where, const GError *error, struct str *ret_why)
{
    *ret_why = arena_fmt(a, "the modules of %.*s cannot be read: %s", STR(where),
                         error ? error->message : "they are malformed");
    return MODULEMD_BAD;
}

/* ---- what is enabled ---- */

static int read_states(struct arena *a, const char *root, struct modules *m)
{
    const char *path = arena_fmt(a, "%s%s", root, STATES).p;
    DIR *dir = opendir(path);
    struct dirent *entry;
    int result = 0;

    while (dir && result == 0 && (entry = readdir(dir))) {
        struct str text;

        if (!str_ends(str_of(entry->d_name), S(".module")))
            continue;
        result = file_read(a, arena_fmt(a, "%s/%s", path, entry->d_name).p, INI_MAX_BYTES, &text);
        if (result == 0)
            modules_add_state(a, m, text);
    }
    if (dir)
        closedir(dir);
    TRY(result);
    return 0;
}

/* ---- streams ---- */

static struct strs copy_strv(struct arena *a, char **items)
{
    struct strs list = { .items = arena_array(a, struct str, g_strv_length(items) + 1) };

    for (char **item = items; *item; item++)
        list.items[list.count++] = arena_dup(a, str_of(*item));
    g_strfreev(items);
    return list;
}

static struct module_needs needs_of(struct arena *a, ModulemdDependencies *dependencies)
{
    struct strs modules =
        copy_strv(a, modulemd_dependencies_get_runtime_modules_as_strv(dependencies));
    struct module_needs needs = { .items = arena_array(a, struct module_need, modules.count + 1) };

    for (size_t i = 0; i < modules.count; i++)
        needs.items[needs.count++] = (struct module_need){
            .module = modules.items[i],
            .streams = copy_strv(a, modulemd_dependencies_get_runtime_streams_as_strv(
                                        dependencies, modules.items[i].p)),
        };
    return needs;
}

static void add_stream(struct arena *a, struct modules *m, ModulemdModuleStreamV2 *v2)
{
    ModulemdModuleStream *s = MODULEMD_MODULE_STREAM(v2);
    GPtrArray *dependencies = modulemd_module_stream_v2_get_dependencies(v2);
    const char *context = modulemd_module_stream_get_context(s);
    struct module_stream stream = {
        .module = arena_dup(a, str_of(modulemd_module_stream_get_module_name(s))),
        .stream = arena_dup(a, str_of(modulemd_module_stream_get_stream_name(s))),
        .context = arena_dup(a, str_of(context ? context : "")),
        .version = modulemd_module_stream_get_version(s),
        .artifacts = copy_strv(a, modulemd_module_stream_v2_get_rpm_artifacts_as_strv(v2)),
        .needs = arena_array(a, struct module_needs, dependencies->len + 1),
    };

    for (guint i = 0; i < dependencies->len; i++)
        stream.needs[stream.n_needs++] = needs_of(a, g_ptr_array_index(dependencies, i));
    if (str_is_set(stream.module) && str_is_set(stream.stream))
        modules_add_stream(a, m, &stream);
}

static int add_streams(struct arena *a, struct modules *m, ModulemdModuleIndex *index,
                       struct str *ret_why)
{
    g_autoptr(GError) error = NULL;
    struct strs names;

    if (!modulemd_module_index_upgrade_streams(index, MD_MODULESTREAM_VERSION_TWO, &error))
        return bad(a, S("the repositories"), error, ret_why);
    names = copy_strv(a, modulemd_module_index_get_module_names_as_strv(index));
    for (size_t i = 0; i < names.count; i++) {
        ModulemdModule *module = modulemd_module_index_get_module(index, names.items[i].p);
        GPtrArray *streams = modulemd_module_get_all_streams(module);

        for (guint n = 0; n < streams->len; n++)
            add_stream(a, m, MODULEMD_MODULE_STREAM_V2(g_ptr_array_index(streams, n)));
    }
    return 0;
}

static void add_defaults(struct arena *a, struct modules *m, ModulemdModuleIndex *index)
{
    g_autoptr(GHashTable) defaults =
        modulemd_module_index_get_default_streams_as_hash_table(index, NULL);
    GHashTableIter iterator;
    gpointer module, stream;

    g_hash_table_iter_init(&iterator, defaults);
    while (g_hash_table_iter_next(&iterator, &module, &stream))
        modules_add_default(a, m, arena_dup(a, str_of(module)), arena_dup(a, str_of(stream)));
}

/* ---- what no repository has any more ---- */

static int read_document(struct arena *a, struct modules *m, const char *path, struct str *ret_why)
{
    g_autoptr(ModulemdModuleIndex) index = modulemd_module_index_new();
    g_autoptr(GPtrArray) failures = NULL;
    g_autoptr(GError) error = NULL;
    struct str text;

    TRY(file_read(a, path, FAILSAFE_MAX_BYTES, &text));
    text = arena_dup(a, text);
    if (!modulemd_module_index_update_from_string(index, text.p, FALSE, &failures, &error))
        return bad(a, str_of(path), error, ret_why);
    return add_streams(a, m, index, ret_why);
}

/* The packages of an enabled stream stay its own when its repository has gone. */
static int read_failsafe(struct arena *a, const char *root, struct modules *m, struct str *ret_why)
{
    const char *path = arena_fmt(a, "%s%s", root, FAILSAFE).p;

    for (size_t i = 0; i < m->n_choices; i++) {
        const struct module_choice *choice = &m->choices[i];
        struct str start = arena_fmt(a, "%.*s:%.*s:", STR(choice->module), STR(choice->stream));
        DIR *dir = choice->is_enabled && !modules_has(m, choice) ? opendir(path) : NULL;
        struct dirent *entry;
        int result = 0;

        while (dir && result == 0 && (entry = readdir(dir)))
            if (str_starts(str_of(entry->d_name), start))
                result = read_document(a, m, arena_fmt(a, "%s/%s", path, entry->d_name).p, ret_why);
        if (dir)
            closedir(dir);
        PASS(result);
    }
    return 0;
}

/* ---- all repositories together ---- */

static int merge(struct arena *a, const char *root, const struct modulemd_source *sources,
                 size_t count, ModulemdModuleIndex **ret, struct str *ret_why)
{
    g_autoptr(ModulemdModuleIndexMerger) merger = modulemd_module_index_merger_new();
    const char *defaults = arena_fmt(a, "%s%s", root, DEFAULTS).p;
    g_autoptr(ModulemdModuleIndex) local = modulemd_module_index_new();
    g_autoptr(GError) error = NULL;

    for (size_t i = 0; i < count; i++) {
        g_autoptr(ModulemdModuleIndex) index = modulemd_module_index_new();
        g_autoptr(GPtrArray) failures = NULL;

        if (!modulemd_module_index_update_from_string(index, sources[i].yaml.p, FALSE, &failures,
                                                      &error))
            return bad(a, sources[i].id, error, ret_why);
        modulemd_module_index_merger_associate_index(merger, index, 0);
    }
    if (file_exists(defaults)) { /* the host's own go before those of repositories */
        if (!modulemd_module_index_update_from_defaults_directory(local, defaults, FALSE, NULL,
                                                                  &error))
            return bad(a, S(DEFAULTS), error, ret_why);
        modulemd_module_index_merger_associate_index(merger, local, 1000);
    }
    *ret = modulemd_module_index_merger_resolve(merger, &error);
    return *ret ? 0 : bad(a, S("the repositories"), error, ret_why);
}

int modulemd_read(struct arena *a, const char *root, struct str platform,
                  const struct modulemd_source *sources, size_t count, struct modules *ret,
                  struct str *ret_why)
{
    const char *bare_root = strcmp(root, "/") ? root : "";
    struct modules m = { 0 };
    ModulemdModuleIndex *merged = NULL;
    int result;

    TRY(read_states(a, bare_root, &m));
    if (count == 0 && m.n_choices == 0) {
        *ret = m;
        return 0;
    }
    PASS(merge(a, bare_root, sources, count, &merged, ret_why));
    g_autoptr(ModulemdModuleIndex) index = merged;

    PASS(add_streams(a, &m, index, ret_why));
    PASS(read_failsafe(a, bare_root, &m, ret_why));
    add_defaults(a, &m, index);
    result = modules_resolve(a, &m, platform, ret_why);
    if (result == MODULES_UNRESOLVED)
        return MODULEMD_BAD;
    TRY(result);
    *ret = m;
    return 0;
}
