/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/pool.h"

#include <solv/evr.h>
#include <solv/poolarch.h>
#include <solv/repo_repomdxml.h>
#include <solv/repo_rpmdb.h>
#include <solv/repo_rpmmd.h>
#include <solv/repo_updateinfoxml.h>
#include <solv/solv_xfopen.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "patch/rpm/lean.h"
#include "patch/rpm/solv_cache.h"
#include "sys/file.h"

#define INDEX_MAX_BYTES   ((size_t)1024 * 1024)
#define MODULES_MAX_BYTES ((size_t)256 * 1024 * 1024)

static int unreadable(struct rpm_pool *p, struct str *ret_why, const char *what)
{
    *ret_why = arena_fmt(p->arena, "%s: %s", what, pool_errstr(p->pool));
    return RPM_POOL_UNREADABLE;
}

/* ---- what is installed ---- */

static int load_installed(struct rpm_pool *p, struct str *ret_why)
{
    Repo *installed = repo_create(p->pool, "@System");
    int files = p->is_for_solver ? RPM_ADD_FILTERED_FILELIST : RPM_ADD_NO_FILELIST;

    if (repo_add_rpmdb(installed, NULL, files | REPO_USE_ROOTDIR) != 0)
        return unreadable(p, ret_why, "rpm's database cannot be read");
    if (installed->nsolvables == 0) {
        *ret_why = S("rpm's database has no packages");
        return RPM_POOL_UNREADABLE;
    }
    pool_set_installed(p->pool, installed);
    pool_createwhatprovides(p->pool);
    return 0;
}

static struct str provided_version(const struct rpm_pool *p, const Solvable *s, Id name)
{
    Id *provides = s->repo->idarraydata + s->provides;

    for (; s->provides && *provides; provides++)
        if (ISRELDEP((unsigned)*provides)) {
            const Reldep *rel = GETRELDEP(p->pool, (unsigned)*provides);

            if (rel->name == name && rel->flags == REL_EQ)
                return str_of(pool_id2str(p->pool, rel->evr));
        }
    return (struct str){ 0 };
}

/* $releasever: what the package that provides one of these says. */
static struct str find_releasever(const struct rpm_pool *p)
{
    Pool *pool = p->pool;
    static const char *const names[] = {
        "system-release(releasever)", "system-release", "distribution-release(releasever)",
        "distribution-release",       "redhat-release", "suse-release",
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        Id name = pool_str2id(p->pool, names[i], 0), found, pp;

        if (name == 0)
            continue;
        FOR_PROVIDES(found, pp, name)
        {
            const Solvable *s = pool_id2solvable(p->pool, found);
            struct str own = nevra_of(S(""), str_of(pool_id2str(p->pool, s->evr)), S("")).version;
            struct str version = provided_version(p, s, name);

            return str_is_set(version) && s->name != name ? version : own;
        }
    }
    return S("");
}

/* ---- what the repositories offer ---- */

struct metadata {
    struct rpm_pool *p;
    const struct rpm_repo *config;
    Repo *repo;
    Repo *index; /* of repomd.xml: which files there are */
};

/* The file of a type of metadata, or of its other packing, that dnf fetched. NULL
 * with `listed` where the repository has it and dnf has not. */
static const char *find_file(const struct metadata *m, const char *type, bool *ret_listed)
{
    struct arena *a = m->p->arena;
    const char *forms[] = { type, arena_fmt(a, "%s_zck", type).p };
    const char *found = NULL;
    Dataiterator di;

    *ret_listed = false;
    for (size_t i = 0; i < ARRAY_LEN(forms) && !found; i++) {
        dataiterator_init(&di, m->p->pool, m->index, SOLVID_META, REPOSITORY_REPOMD_TYPE, forms[i],
                          SEARCH_STRING);
        dataiterator_prepend_keyname(&di, REPOSITORY_REPOMD);
        while (!found && dataiterator_step(&di)) {
            const char *href;

            dataiterator_setpos_parent(&di);
            href = pool_lookup_str(m->p->pool, SOLVID_POS, REPOSITORY_REPOMD_LOCATION);
            *ret_listed = true;
            if (!href || str_contains(str_of(href), S("..")))
                continue;
            found = arena_fmt(a, "%s/%s", m->config->dir, href).p;
            if (!file_exists(found))
                found = NULL;
        }
        dataiterator_free(&di);
    }
    return found;
}

static int missing(const struct metadata *m, const char *what, struct str *ret_why)
{
    *ret_why = arena_fmt(m->p->arena, "there is no %s of the repository %.*s in %s: see %s", what,
                         STR(m->config->id), m->config->dir, rpm_manager.advice);
    return RPM_POOL_UNREADABLE;
}

static int add_file(const struct metadata *m, const char *type, bool is_needed,
                    int (*add)(Repo *repo, FILE *file), bool *ret_there, struct str *ret_why)
{
    bool listed;
    const char *path = find_file(m, type, &listed);
    FILE *file = path ? solv_xfopen(path, "r") : NULL;
    int result;

    *ret_there = file != NULL;
    if (!file)
        return listed || is_needed ? missing(m, type, ret_why) : 0;
    result = add(m->repo, file);
    fclose(file);
    return result == 0 ? 0 : unreadable(m->p, ret_why, path);
}

static int add_primary(Repo *repo, FILE *file)
{
    return repo_add_rpmmd(repo, file, NULL, 0);
}

static int add_notices(Repo *repo, FILE *file)
{
    return repo_add_updateinfoxml(repo, file, 0);
}

/* libmodulemd wants text: it is unpacked by libsolv, which knows all packings. */
static int add_modules(const struct metadata *m, struct str *ret_why)
{
    struct rpm_pool *p = m->p;
    bool listed;
    const char *path = find_file(m, "modules", &listed);
    FILE *file = path ? solv_xfopen(path, "r") : NULL;
    size_t capacity = 64 * 1024, len = 0, n;
    char *text = arena_alloc(p->arena, capacity);

    if (!file)
        return listed ? missing(m, "modules", ret_why) : 0;
    while ((n = fread(text + len, 1, capacity - len - 1, file)) > 0) {
        len += n;
        if (len + 1 == capacity && capacity < MODULES_MAX_BYTES) {
            char *more = arena_alloc(p->arena, 2 * capacity);

            memcpy(more, text, len);
            text = more;
            capacity *= 2;
        }
    }
    fclose(file);
    if (len + 1 == capacity)
        return missing(m, "list of modules of a size that can be read", ret_why);
    p->module_sources[p->n_module_sources++] =
        (struct modulemd_source){ m->config->id, { text, len } };
    return 0;
}

/* The solver's is another one, made when it first wants it. */
static struct solv_cache cache_of(const struct metadata *m, struct str index)
{
    struct rpm_pool *p = m->p;
    const char *root = strcmp(p->request->root, "/") ? p->request->root : "";
    const char *kind = p->is_for_solver ? " whole" : "";
    struct str words =
        p->is_for_solver ? S("") : arena_join(p->arena, p->config.install_only, S(" "));

    return solv_cache_of(p->arena, arena_fmt(p->arena, "%s%s", root, p->request->cache_dir).p,
                         arena_fmt(p->arena, "%s%s", m->config->dir, kind),
                         arena_fmt(p->arena, "%.*s\n%.*s", STR(words), STR(index)));
}

/* Packages and notices, from the cache or from what dnf fetched. */
static int load_packages(const struct metadata *m, struct str index, struct str *ret_why)
{
    struct rpm_pool *p = m->p;
    struct solv_cache cache = { 0 };
    bool there;

    if (p->request->cache_dir) {
        cache = cache_of(m, index);
        if (solv_cache_read(&cache, m->repo))
            return 0;
    }
    PASS(add_file(m, "primary", true, add_primary, &there, ret_why));
    PASS(add_file(m, "updateinfo", false, add_notices, &there, ret_why));
    if (!p->is_for_solver)
        lean_dependencies(m->repo, p->config.install_only);
    if (cache.path)
        solv_cache_write(&cache, m->repo, p->is_for_solver ? NULL : lean_keeps);
    return 0;
}

static int load_metadata(const struct metadata *m, struct str *ret_why)
{
    struct rpm_pool *p = m->p;
    const char *path = arena_fmt(p->arena, "%s/repodata/repomd.xml", m->config->dir).p;
    struct str text;
    bool listed;
    FILE *file;
    int result = file_read(p->arena, path, INDEX_MAX_BYTES, &text);

    if (result == FILE_ABSENT)
        return missing(m, "metadata", ret_why);
    if (result == FILE_TOO_LARGE)
        return missing(m, "index of a size that can be read", ret_why);
    TRY(result);
    file = fopen(path, "re");
    if (!file)
        return FAULT(errno);
    result = repo_add_repomdxml(m->index, file, 0);
    fclose(file);
    if (result != 0)
        return unreadable(p, ret_why, path);
    PASS(load_packages(m, text, ret_why));
    p->n_notice_lists += find_file(m, "updateinfo", &listed) != NULL;
    return rpm_manager.read_modules ? add_modules(m, ret_why) : 0;
}

static int load_repo(struct rpm_pool *p, const struct rpm_repo *config, struct str *ret_why)
{
    const struct metadata m = {
        .p = p,
        .config = config,
        .repo = repo_create(p->pool, arena_cstr(p->arena, config->id)),
        .index = repo_create(p->pool, "index"),
    };
    int result;

    m.repo->priority = (int)-config->priority; /* libsolv's are the other way round */
    m.repo->subpriority = (int)-config->cost;
    m.repo->appdata = (void *)config;
    result = load_metadata(&m, ret_why);
    repo_free(m.index, 0);
    return result;
}

int rpm_pool_open(struct rpm_pool *p, struct str *ret_why)
{
    struct utsname system;

    p->pool = pool_create();
    pool_setdisttype(p->pool, DISTTYPE_RPM);
    pool_set_rootdir(p->pool, p->request->root);
    if (uname(&system) < 0)
        return FAULT(errno);
    p->arch = arena_dup(p->arena, str_of(system.machine));
    pool_setarch(p->pool, p->arch.p);
    if (!file_exists(arena_fmt(p->arena, "%s%s", p->request->root, rpm_manager.program).p)) {
        *ret_why = arena_fmt(p->arena, "this host has no %s, and no other package manager will do",
                             rpm_manager.name);
        return RPM_POOL_UNREADABLE;
    }
    PASS(load_installed(p, ret_why));

    const struct rpm_host host = {
        .root = p->request->root,
        .sources_dir = p->request->sources_dir,
        .releasever = find_releasever(p),
        .arch = p->arch,
    };
    int result = rpm_manager.read_config(p->arena, &host, &p->config, ret_why);

    if (result == RPM_CONFIG_BAD)
        return RPM_POOL_UNREADABLE;
    TRY(result);
    if (str_is_set(p->config.arch))
        pool_setarch(p->pool, arena_cstr(p->arena, p->config.arch));
    if (p->config.n_repos == 0) { /* a host that nothing is known of must not look up to date */
        *ret_why = S("no repository is enabled");
        return RPM_POOL_UNREADABLE;
    }
    p->module_sources = arena_array(p->arena, struct modulemd_source, p->config.n_repos + 1);
    for (size_t i = 0; i < p->config.n_repos; i++)
        PASS(load_repo(p, &p->config.repos[i], ret_why));
    if (p->is_for_solver)
        pool_addfileprovides(p->pool);
    pool_createwhatprovides(p->pool);

    if (rpm_manager.read_modules) {
        result =
            rpm_manager.read_modules(p->arena, p->request->root, str_of(p->request->platform),
                                     p->module_sources, p->n_module_sources, &p->modules, ret_why);
        if (result == MODULEMD_BAD)
            return RPM_POOL_UNREADABLE;
        TRY(result);
    }
    rpm_pool_exclude(p);
    return 0;
}

void rpm_pool_close(struct rpm_pool *p)
{
    map_free(&p->inactive);
    map_free(&p->excluded);
    map_free(&p->locked);
    if (p->pool)
        pool_free(p->pool);
}

/* ---- solvables ---- */

bool rpm_pool_is_package(const struct rpm_pool *p, Id solvable)
{
    const Solvable *s = pool_id2solvable(p->pool, solvable);

    return s->repo && s->arch != ARCH_SRC && s->arch != ARCH_NOSRC &&
           !strchr(pool_id2str(p->pool, s->name), ':');
}

bool rpm_pool_is_installed(const struct rpm_pool *p, Id solvable)
{
    return pool_id2solvable(p->pool, solvable)->repo == p->pool->installed;
}

struct nevra rpm_pool_nevra(const struct rpm_pool *p, Id solvable)
{
    const Solvable *s = pool_id2solvable(p->pool, solvable);

    return nevra_of(str_of(pool_id2str(p->pool, s->name)), str_of(pool_id2str(p->pool, s->evr)),
                    str_of(pool_id2str(p->pool, s->arch)));
}

const char *rpm_pool_version(const struct rpm_pool *p, Id evr)
{
    const char *text = pool_id2str(p->pool, evr);

    return strchr(text, ':') ? text : arena_fmt(p->arena, "0:%s", text).p;
}
