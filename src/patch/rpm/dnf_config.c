/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/dnf_config.h"

#include "base/buf.h"
#include "base/crypto.h"

#define HASH_DIGITS 16
#define VERSIONLOCK "/etc/dnf/plugins/versionlock.conf"
#define INSTALL_ONLY                                                                               \
    "kernel kernel-PAE installonlypkg(kernel) installonlypkg(kernel-module) installonlypkg(vm) "   \
    "multiversion(kernel)"

struct reader {
    struct arena *arena;
    const struct rpm_host *host;
    struct config_files files;
    struct ini main, repos;
    struct dnf_vars vars;
};

/* ---- variables ---- */

static void set_var(struct arena *a, struct dnf_vars *vars, struct str name, struct str value)
{
    vars->items = ARENA_GROW(a, vars->items, vars->count, &vars->capacity);
    vars->items[vars->count++] = (struct ini_option){ .key = name, .value = value };
}

static const struct ini_option *find_var(const struct dnf_vars *vars, struct str name)
{
    for (size_t i = vars->count; i > 0; i--)
        if (str_ieq(vars->items[i - 1].key, name))
            return &vars->items[i - 1];
    return NULL;
}

static size_t name_length(struct str s)
{
    size_t n = 0;

    while (n < s.len && str_is_word(str_slice(s, n, 1), "_"))
        n++;
    return n;
}

/* What a '$' begins: its variable, and how long it is; NULL if it is just a '$'. */
static const struct ini_option *variable_at(const struct dnf_vars *vars, struct str s, size_t *ret)
{
    bool braced = s.len > 1 && s.p[1] == '{';
    size_t start = braced ? 2 : 1;
    size_t len = name_length(str_from(s, start));

    if (len == 0 || (braced && (start + len >= s.len || s.p[start + len] != '}')))
        return NULL;
    *ret = start + len + braced;
    return find_var(vars, str_slice(s, start, len));
}

struct str dnf_substitute(struct arena *a, const struct dnf_vars *vars, struct str text)
{
    struct buf out = buf_in(a);
    size_t i = 0;

    while (i < text.len) {
        size_t len = 1;
        const struct ini_option *var =
            text.p[i] == '$' ? variable_at(vars, str_from(text, i), &len) : NULL;

        buf_add(&out, var ? var->value : str_slice(text, i, 1));
        i += var ? len : 1;
    }
    return buf_str(&out);
}

static struct str base_arch(struct str arch)
{
    if (arch.len == 4 && arch.p[0] == 'i' && str_ends(arch, S("86")))
        return S("i386");
    return str_starts(arch, S("armv7")) ? S("armhfp") : arch;
}

static int read_vars(struct reader *r, struct str releasever, struct str arch)
{
    static const char *const dirs[] = { "/etc/yum/vars", "/etc/dnf/vars" };

    set_var(r->arena, &r->vars, S("releasever"), releasever);
    set_var(r->arena, &r->vars, S("arch"), arch);
    set_var(r->arena, &r->vars, S("basearch"), base_arch(arch));
    for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
        struct strs files = config_list(&r->files, str_of(dirs[i]), S(""));

        for (size_t n = 0; n < files.count; n++) {
            struct str text, line, rest;

            PASS(config_read(&r->files, files.items[n], &text));
            str_cut(text, '\n', &line, &rest);
            set_var(r->arena, &r->vars, str_from(files.items[n], strlen(dirs[i]) + 1),
                    str_trim(line));
        }
    }
    return 0;
}

/* ---- repositories ---- */

static struct str get(const struct reader *r, const struct ini *ini, struct str section,
                      struct str key)
{
    struct str value = ini_get(ini, section, key);

    return str_is_set(value) ? dnf_substitute(r->arena, &r->vars, value) : value;
}

/* Several names for one option, and "exclude" is the old one of "excludepkgs". */
static struct strs get_list(const struct reader *r, const struct ini *ini, struct str section,
                            struct str key, struct str old_key)
{
    struct str value = get(r, ini, section, key);

    if (!str_is_set(value))
        value = get(r, ini, section, old_key);
    return ini_list(r->arena, value);
}

struct str dnf_repo_folder(struct arena *a, struct str id, struct str source)
{
    return arena_fmt(a, "%.*s-%.*s", STR(id), HASH_DIGITS, sha256_hex(a, source).p);
}

/* "metalink, else mirrorlist, else the first baseurl, else the name." */
static struct str source_of(const struct reader *r, struct str id)
{
    static const char *const keys[] = { "metalink", "mirrorlist" };
    struct strs urls;

    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        struct str url = get(r, &r->repos, id, str_of(keys[i]));

        if (!str_is_empty(url))
            return url;
    }
    urls = ini_list(r->arena, get(r, &r->repos, id, S("baseurl")));
    return urls.count > 0 ? urls.items[0] : id;
}

/* Whether the excludes of a repository, or of "main", are not to count. */
static bool is_disabled(const struct reader *r, struct str section)
{
    struct strs disabled = ini_list(r->arena, get(r, &r->main, S("main"), S("disable_excludes")));

    return strs_have(disabled, section) || strs_have(disabled, S("all"));
}

static void add_repo(const struct reader *r, struct str id, struct str cachedir,
                     struct rpm_config *config)
{
    struct rpm_repo *repo = &config->repos[config->n_repos];
    const struct ini *ini = &r->repos;
    struct str source = source_of(r, id), folder = dnf_repo_folder(r->arena, id, source);

    if (!ini_bool(get(r, ini, id, S("enabled")), true))
        return;
    *repo = (struct rpm_repo){
        .id = id,
        .dir = config_path(&r->files, arena_fmt(r->arena, "%.*s/%.*s", STR(cachedir), STR(folder))),
        .is_local = str_starts(source, S("file:")) || str_starts(source, S("/")),
        .priority = ini_int(get(r, ini, id, S("priority")), 99),
        .cost = ini_int(get(r, ini, id, S("cost")), 1000),
        .module_hotfixes = ini_bool(get(r, ini, id, S("module_hotfixes")), false),
    };
    if (!is_disabled(r, id)) {
        repo->excludes = get_list(r, ini, id, S("excludepkgs"), S("exclude"));
        repo->includes = get_list(r, ini, id, S("includepkgs"), S("includepkgs"));
    }
    config->n_repos++;
}

static bool is_known(const struct rpm_config *config, struct str id)
{
    for (size_t i = 0; i < config->n_repos; i++)
        if (str_eq(config->repos[i].id, id))
            return true;
    return false;
}

/* All files of the folders that count. */
static int read_repo_files(struct reader *r)
{
    struct strs dirs = ini_list(r->arena, get(r, &r->main, S("main"), S("reposdir")));
    static struct str usual[] = { S_INIT("/etc/yum.repos.d"), S_INIT("/etc/yum/repos.d"),
                                  S_INIT("/etc/distro.repos.d") };
    struct str own =
        arena_fmt(r->arena, "%s" RPM_SOURCES, r->host->sources_dir ? r->host->sources_dir : "");

    if (r->host->sources_dir)
        dirs = (struct strs){ &own, 1 };
    else if (dirs.count == 0)
        dirs = (struct strs){ usual, ARRAY_LEN(usual) };
    for (size_t i = 0; i < dirs.count; i++) {
        struct strs files = config_list(&r->files, dirs.items[i], S(".repo"));

        for (size_t n = 0; n < files.count; n++) {
            struct str text;

            PASS(config_read(&r->files, files.items[n], &text));
            ini_add(r->arena, text, &r->repos);
        }
    }
    return 0;
}

static struct str find_cache(const struct reader *r)
{
    struct str dir = get(r, &r->main, S("main"), S("cachedir"));

    if (r->host->sources_dir)
        return arena_fmt(r->arena, "%s" RPM_SOURCES_CACHE_DNF, r->host->sources_dir);
    return str_is_empty(dir) ? S("/var/cache/dnf") : dir;
}

static int read_repos(struct reader *r, struct rpm_config *config)
{
    struct str cache = find_cache(r);

    PASS(read_repo_files(r));
    config->repos = arena_array(r->arena, struct rpm_repo, r->repos.count + 1);
    for (size_t i = 0; i < r->repos.count; i++) {
        struct str id = dnf_substitute(r->arena, &r->vars, r->repos.items[i].section);

        if (!str_eq(id, S("main")) && !is_known(config, id))
            add_repo(r, id, cache, config);
    }
    return 0;
}

/* ---- locks ---- */

static int read_locks(struct reader *r, struct rpm_config *config)
{
    struct ini ini = { 0 };
    struct str text, line, path;
    size_t capacity = 0;

    PASS(config_read(&r->files, S(VERSIONLOCK), &text));
    ini_add(r->arena, text, &ini);
    path = ini_get(&ini, S("main"), S("locklist"));
    if (!ini_bool(ini_get(&ini, S("main"), S("enabled")), true) || str_is_empty(path) ||
        !ini_bool(ini_get(&r->main, S("main"), S("plugins")), true))
        return 0;
    PASS(config_read(&r->files, path, &text));
    while (str_next(&text, '\n', &line)) {
        if (str_is_empty(str_trim(line)) || line.p[0] == '#')
            continue;
        config->version_locks.items = ARENA_GROW(r->arena, config->version_locks.items,
                                                 config->version_locks.count, &capacity);
        config->version_locks.items[config->version_locks.count++] = str_trim(line);
    }
    return 0;
}

int dnf_config_read(struct arena *a, const struct rpm_host *host, struct rpm_config *ret,
                    struct str *ret_why)
{
    struct reader r = {
        .arena = a,
        .host = host,
        .files = config_files_of(a, host->root, ret_why),
    };
    struct rpm_config config = { 0 };
    struct str text;

    PASS(read_vars(&r, host->releasever, host->arch));
    PASS(config_read(&r.files, S("/etc/dnf/dnf.conf"), &text));
    ini_add(a, text, &r.main);
    if (!host->sources_dir)
        ini_add(a, text, &r.repos); /* it may have some too */
    PASS(read_repos(&r, &config));
    if (host->sources_dir && config.n_repos == 0) { /* a host must not look up to date by it */
        *ret_why = S("none of the alternative sources of the baseline is enabled");
        return RPM_CONFIG_BAD;
    }
    PASS(read_locks(&r, &config));

    if (!is_disabled(&r, S("main"))) {
        config.excludes = get_list(&r, &r.main, S("main"), S("excludepkgs"), S("exclude"));
        config.includes = get_list(&r, &r.main, S("main"), S("includepkgs"), S("includepkgs"));
    }
    config.install_only = ini_list(a, S(INSTALL_ONLY));
    text = get(&r, &r.main, S("main"), S("installonlypkgs"));
    if (!str_is_empty(text))
        config.install_only = ini_list(a, arena_fmt(a, "%s %.*s", INSTALL_ONLY, STR(text)));
    config.obsoletes = ini_bool(get(&r, &r.main, S("main"), S("obsoletes")), true);
    *ret = config;
    return 0;
}
