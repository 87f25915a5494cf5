/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/zypp_config.h"

#include "patch/rpm/ini.h"

#define CONF "/etc/zypp/zypp.conf"

struct reader {
    struct arena *arena;
    const struct rpm_host *host;
    struct config_files files;
    struct ini conf, repos;
    struct str config_dir; /* "configdir" */
};

/* ---- zypp.conf ---- */

static struct str get(const struct reader *r, const char *key)
{
    return ini_get(&r->conf, S("main"), str_of(key));
}

static struct str path_of(const struct reader *r, const char *key, struct str dir, const char *name)
{
    struct str path = get(r, key);

    return str_is_empty(path) ? arena_fmt(r->arena, "%.*s/%s", STR(dir), name) : path;
}

/* "provides:multiversion(kernel), name": packages that are there in several versions. */
static void add_multiversion(struct reader *r, struct str text, struct rpm_config *config)
{
    struct strs words = ini_list(r->arena, text);
    struct str *all =
        arena_array(r->arena, struct str, config->install_only.count + words.count + 1);

    for (size_t i = 0; i < config->install_only.count; i++)
        all[i] = config->install_only.items[i];
    for (size_t i = 0; i < words.count; i++) {
        struct str word = words.items[i];

        if (str_starts(word, S("provides:")))
            word = str_from(word, strlen("provides:"));
        all[config->install_only.count++] = word;
    }
    config->install_only.items = all;
}

static int read_multiversion(struct reader *r, struct rpm_config *config)
{
    struct strs files = config_list(
        &r->files, path_of(r, "multiversiondir", r->config_dir, "multiversion.d"), S(""));

    add_multiversion(r, get(r, "multiversion"), config);
    for (size_t i = 0; i < files.count; i++) {
        struct str text, line;

        PASS(config_read(&r->files, files.items[i], &text));
        while (str_next(&text, '\n', &line))
            if (!str_starts(str_trim(line), S("#")))
                add_multiversion(r, line, config);
    }
    return 0;
}

/* ---- vendors ---- */

static void add_vendor(struct reader *r, struct rpm_config *config, size_t *capacity,
                       struct str beginning, size_t group)
{
    config->vendors = ARENA_GROW(r->arena, config->vendors, config->n_vendors, capacity);
    config->vendors[config->n_vendors++] = (struct rpm_vendor){ beginning, group };
}

/* The files are groups; SUSE's own names are one without any. */
static int read_vendors(struct reader *r, struct rpm_config *config)
{
    struct strs files =
        config_list(&r->files, path_of(r, "vendordir", r->config_dir, "vendors.d"), S(""));
    size_t capacity = 0;

    add_vendor(r, config, &capacity, S("suse"), 0);
    for (size_t i = 0; i < files.count; i++) {
        struct ini ini = { 0 };
        struct str text, name;

        PASS(config_read(&r->files, files.items[i], &text));
        ini_add(r->arena, text, &ini);
        text = ini_get(&ini, S("main"), S("vendors"));
        while (str_next(&text, ',', &name))
            if (!str_is_empty(str_trim(name)))
                add_vendor(r, config, &capacity, str_trim(name), i + 1);
    }
    return 0;
}

/* The longest beginning that fits says which group a vendor is of. */
static bool group_of(const struct rpm_config *config, struct str vendor, size_t *ret)
{
    size_t longest = 0;

    for (size_t i = 0; i < config->n_vendors; i++) {
        const struct rpm_vendor *v = &config->vendors[i];

        if (v->beginning.len <= longest ||
            !str_ieq(str_slice(vendor, 0, v->beginning.len), v->beginning))
            continue;
        longest = v->beginning.len;
        *ret = v->group;
    }
    return longest > 0;
}

bool zypp_vendors_agree(const struct rpm_config *config, struct str one, struct str other)
{
    size_t a, b;

    if (str_ieq(one, other))
        return true;
    return group_of(config, one, &a) && group_of(config, other, &b) && a == b;
}

/* ---- locks ---- */

static int refuse(struct arena *a, struct str line, struct str *ret_why)
{
    *ret_why = arena_fmt(a, "/etc/zypp/locks: \"%.*s\" is not understood", STR(line));
    return RPM_CONFIG_BAD;
}

/* "> 1.0": an operator, or none for "==", and an edition. */
static bool set_version(struct rpm_lock *lock, struct str value)
{
    static const char *const operators[] = { "==", "=", "!=", "<=", ">=", "<", ">" };

    for (size_t i = 0; i < ARRAY_LEN(operators); i++)
        if (str_starts(value, str_of(operators[i]))) {
            lock->op = str_of(operators[i]);
            lock->version = str_trim(str_from(value, lock->op.len));
            return !str_is_empty(lock->version);
        }
    lock->op = S("==");
    lock->version = value;
    return !str_is_empty(value);
}

static bool set_match(struct rpm_lock *lock, struct str value)
{
    static const char *const names[] = { [RPM_LOCK_GLOB] = "glob",
                                         [RPM_LOCK_EXACT] = "exact",
                                         [RPM_LOCK_SUBSTRING] = "substring",
                                         [RPM_LOCK_REGEX] = "regex" };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_eq(value, str_of(names[i]))) {
            lock->match = (enum rpm_lock_match)i;
            return true;
        }
    return false;
}

static void add_word(struct arena *a, struct strs *words, struct str word)
{
    struct str *all = arena_array(a, struct str, words->count + 1);

    for (size_t i = 0; i < words->count; i++)
        all[i] = words->items[i];
    all[words->count++] = word;
    words->items = all;
}

/* "tool > 1": libzypp reads a condition into it, which zypper writes as a line of its own. */
static bool add_name(struct arena *a, struct rpm_lock *lock, struct str name)
{
    if (str_find(name, '<') >= 0 || str_find(name, '=') >= 0 || str_find(name, '>') >= 0)
        return false;
    add_word(a, &lock->names, name);
    return true;
}

/* One line of a lock: what zypper writes, and libzypp's own locks. Several types, repositories
 * or names are any of them. False: not understood. */
static bool set_line(struct arena *a, struct rpm_lock *lock, struct str key, struct str value,
                     struct strs *types)
{
    if (str_eq(key, S("type")) || str_eq(key, S("kind")))
        add_word(a, types, value);
    else if (str_eq(key, S("match_type")) || str_eq(key, S("string_type")))
        return set_match(lock, value);
    else if (str_eq(key, S("case_sensitive")))
        lock->minds_case = ini_bool(value, true);
    else if (str_eq(key, S("solvable_name")))
        return add_name(a, lock, value);
    else if (str_eq(key, S("version")))
        return set_version(lock, value);
    else if (!str_eq(key, S("repo")))
        return str_eq(key, S("comment"));
    else if (!str_is_empty(value))
        add_word(a, &lock->repos, value);
    return true;
}

/* Locks of patches, patterns and products keep no package away. */
static int parse_lock(struct arena *a, struct str block, struct rpm_config *config,
                      size_t *capacity, struct str *ret_why)
{
    struct rpm_lock lock = { 0 };
    struct strs types = { 0 };
    bool is_empty = true;
    struct str line, key, value, strange = { 0 };

    while (str_next(&block, '\n', &line)) {
        line = str_trim(line);
        if (str_is_empty(line) || line.p[0] == '#')
            continue;
        is_empty = false;
        if (str_cut(line, ':', &key, &value) &&
            set_line(a, &lock, str_trim(key), str_trim(value), &types))
            continue;
        strange = line;
    }
    if (is_empty || (types.count > 0 && !strs_have(types, S("package"))))
        return 0;
    if (str_is_set(strange))
        return refuse(a, strange, ret_why);
    config->locks = ARENA_GROW(a, config->locks, config->n_locks, capacity);
    config->locks[config->n_locks++] = lock;
    return 0;
}

int zypp_locks_parse(struct arena *a, struct str text, struct rpm_config *config,
                     struct str *ret_why)
{
    struct str rest = text, line;
    size_t capacity = 0, start = 0;

    while (str_next(&rest, '\n', &line)) {
        size_t at = (size_t)(line.p - text.p);

        if (!str_is_empty(str_trim(line)))
            continue;
        PASS(parse_lock(a, str_slice(text, start, at - start), config, &capacity, ret_why));
        start = at;
    }
    return parse_lock(a, str_from(text, start), config, &capacity, ret_why);
}

/* ---- repositories ---- */

static struct str cache_of(const struct reader *r)
{
    struct str cache = path_of(r, "cachedir", S("/var/cache"), "zypp");

    if (r->host->sources_dir)
        return arena_fmt(r->arena, "%s" RPM_SOURCES_CACHE_ZYPP "/raw", r->host->sources_dir);
    return path_of(r, "metadatadir", cache, "raw");
}

/* The name of its folder: "/" cannot be in one. */
static struct str folder_of(const struct reader *r, struct str alias)
{
    char *name = arena_copy(r->arena, alias.p, alias.len);

    for (size_t i = 0; i < alias.len; i++)
        if (name[i] == '/')
            name[i] = '_';
    return (struct str){ name, alias.len };
}

/* Its packages are used where they are. */
static bool is_local(const struct reader *r, struct str alias)
{
    struct str url = ini_get(&r->repos, alias, S("baseurl"));

    return str_starts(url, S("file:")) || str_starts(url, S("dir:")) || str_starts(url, S("/"));
}

static void add_repo(struct reader *r, struct str alias, struct str cache,
                     struct rpm_config *config)
{
    struct str path = ini_get(&r->repos, alias, S("path"));
    const char *slash = str_is_empty(path) || path.p[0] == '/' ? "" : "/";

    if (!ini_bool(ini_get(&r->repos, alias, S("enabled")), true))
        return;
    config->repos[config->n_repos++] = (struct rpm_repo){
        .id = alias,
        .dir = config_path(&r->files, arena_fmt(r->arena, "%.*s/%.*s%s%.*s", STR(cache),
                                                STR(folder_of(r, alias)), slash, STR(path))),
        .is_local = is_local(r, alias),
        .priority = ini_int(ini_get(&r->repos, alias, S("priority")), 99),
    };
}

static bool is_known(const struct rpm_config *config, struct str id)
{
    for (size_t i = 0; i < config->n_repos; i++)
        if (str_eq(config->repos[i].id, id))
            return true;
    return false;
}

static int read_repos(struct reader *r, struct rpm_config *config)
{
    struct str dir = path_of(r, "reposdir", r->config_dir, "repos.d"), cache = cache_of(r);
    struct strs files;

    if (r->host->sources_dir)
        dir = arena_fmt(r->arena, "%s" RPM_SOURCES, r->host->sources_dir);
    files = config_list(&r->files, dir, S(".repo"));
    for (size_t i = 0; i < files.count; i++) {
        struct str text;

        PASS(config_read(&r->files, files.items[i], &text));
        ini_add(r->arena, text, &r->repos);
    }
    config->repos = arena_array(r->arena, struct rpm_repo, r->repos.count + 1);
    for (size_t i = 0; i < r->repos.count; i++)
        if (str_is_empty(r->repos.items[i].key) && !is_known(config, r->repos.items[i].section))
            add_repo(r, r->repos.items[i].section, cache, config);
    if (!r->host->sources_dir || config->n_repos > 0)
        return 0;
    *r->files.ret_why = S("none of the alternative sources of the baseline is enabled");
    return RPM_CONFIG_BAD;
}

int zypp_config_read(struct arena *a, const struct rpm_host *host, struct rpm_config *ret,
                     struct str *ret_why)
{
    struct reader r = {
        .arena = a,
        .host = host,
        .files = config_files_of(a, host->root, ret_why),
    };
    struct rpm_config config = { .obsoletes = true };
    struct str text;

    PASS(config_read(&r.files, S(CONF), &text));
    ini_add(a, text, &r.conf);
    r.config_dir = path_of(&r, "configdir", S("/etc"), "zypp");
    text = get(&r, "arch");
    if (!str_is_empty(text))
        config.arch = text;
    config.keeps_vendor = !ini_bool(get(&r, "solver.allowVendorChange"), false);
    PASS(read_repos(&r, &config));
    PASS(read_multiversion(&r, &config));
    PASS(read_vendors(&r, &config));
    if (ini_bool(get(&r, "locksfile.apply"), true)) {
        PASS(config_read(&r.files, path_of(&r, "locksfile.path", r.config_dir, "locks"), &text));
        PASS(zypp_locks_parse(a, text, &config, ret_why));
    }
    *ret = config;
    return 0;
}
