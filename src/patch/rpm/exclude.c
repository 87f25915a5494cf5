/* SPDX-License-Identifier: Apache-2.0 */
/* What the package manager does not look at: excludes, packages of inactive modules, locked
 * versions. */
#include <stdlib.h>

#include "patch/rpm/match.h"

static void match_all(const struct rpm_pool *p, struct strs patterns, Map *ret)
{
    for (size_t i = 0; i < patterns.count; i++)
        match_packages(p, patterns.items[i], MATCH_EXCLUDE, ret, NULL);
}

/* What is excluded, or not included where only some are: by the settings of all repositories
 * and by those of this one. */
static void exclude_of(struct rpm_pool *p, const struct rpm_repo *repo)
{
    bool only_some = p->config.includes.count > 0 || repo->includes.count > 0;
    Pool *pool = p->pool;
    Map excluded, included;
    Id id;

    if (!only_some && p->config.excludes.count == 0 && repo->excludes.count == 0)
        return;
    map_init(&excluded, p->pool->nsolvables);
    map_init(&included, p->pool->nsolvables);
    match_all(p, p->config.excludes, &excluded);
    match_all(p, repo->excludes, &excluded);
    match_all(p, p->config.includes, &included);
    match_all(p, repo->includes, &included);
    FOR_POOL_SOLVABLES(id)
    if (pool_id2solvable(p->pool, id)->repo->appdata == repo && rpm_pool_is_package(p, id) &&
        (MAPTST(&excluded, id) || (only_some && !MAPTST(&included, id))))
        MAPSET(&p->excluded, id);
    map_free(&excluded);
    map_free(&included);
}

/* What is installed and excluded everywhere is nothing that another takes the place of. */
static void exclude_installed(struct rpm_pool *p)
{
    Pool *pool = p->pool;
    Map excluded;
    Id id;

    if (p->config.excludes.count == 0)
        return;
    map_init(&excluded, p->pool->nsolvables);
    match_all(p, p->config.excludes, &excluded);
    FOR_POOL_SOLVABLES(id)
    if (rpm_pool_is_installed(p, id) && MAPTST(&excluded, id))
        MAPSET(&p->excluded, id);
    map_free(&excluded);
}

/* ---- modules ---- */

static int by_text(const void *left, const void *right)
{
    return str_cmp(*(const struct str *)left, *(const struct str *)right);
}

static bool is_in(struct strs sorted, struct str s)
{
    return sorted.count > 0 &&
           bsearch(&s, sorted.items, sorted.count, sizeof(*sorted.items), by_text) != NULL;
}

static struct strs artifacts(const struct rpm_pool *p, bool active)
{
    struct strs all = { 0 };
    size_t capacity = 0;

    for (size_t i = 0; i < p->modules.n_streams; i++)
        for (size_t n = 0; n < p->modules.streams[i].artifacts.count; n++) {
            if (p->modules.streams[i].active != active)
                continue;
            all.items = ARENA_GROW(p->arena, all.items, all.count, &capacity);
            all.items[all.count++] = p->modules.streams[i].artifacts.items[n];
        }
    if (all.count > 0)
        qsort(all.items, all.count, sizeof(*all.items), by_text);
    return all;
}

static Id name_of(Pool *pool, Id dependency)
{
    while (ISRELDEP((unsigned)dependency))
        dependency = GETRELDEP(pool, (unsigned)dependency)->name;
    return dependency;
}

static bool provides_any(const struct rpm_pool *p, Id solvable, const Map *names)
{
    const Solvable *s = pool_id2solvable(p->pool, solvable);
    Id *provides = s->repo->idarraydata + s->provides;

    if (MAPTST(names, s->name))
        return true;
    for (; s->provides && *provides; provides++)
        if (MAPTST(names, name_of(p->pool, *provides)))
            return true;
    return false;
}

/* Names that the pool does not know are nobody's. */
static void add_name(const struct rpm_pool *p, struct str name, Map *names)
{
    Id id = pool_strn2id(p->pool, name.p, (unsigned)name.len, 0);

    if (id)
        MAPSET(names, id);
}

/* The names of an artifact's package: only of those is a full spelling compared. */
static void add_names(const struct rpm_pool *p, struct strs artifacts, Map *names)
{
    for (size_t i = 0; i < artifacts.count; i++)
        add_name(p, nevra_name(artifacts.items[i]), names);
}

static bool is_modular(const struct rpm_pool *p, Id id, struct strs artifacts)
{
    const struct nevra n = rpm_pool_nevra(p, id);

    return is_in(artifacts, arena_fmt(p->arena, "%.*s-%.*s:%.*s-%.*s.%.*s", STR(n.name),
                                      STR(n.epoch), STR(n.version), STR(n.release), STR(n.arch)));
}

static void exclude_modular(struct rpm_pool *p)
{
    Pool *pool = p->pool;
    const struct strs in = artifacts(p, true), out = artifacts(p, false);
    Map of_streams, of_active; /* names of packages: of any stream's, of active streams' */
    Id id;

    if (p->modules.n_streams == 0)
        return;
    map_init(&of_streams, pool->ss.nstrings);
    map_init(&of_active, pool->ss.nstrings);
    add_names(p, in, &of_streams);
    add_names(p, out, &of_streams);
    for (size_t i = 0; i < p->modules.names.count; i++)
        add_name(p, p->modules.names.items[i], &of_active);
    FOR_POOL_SOLVABLES(id)
    {
        const Solvable *s = pool_id2solvable(p->pool, id);
        const struct rpm_repo *repo = s->repo->appdata;
        bool is_kept, is_left_out;

        if (!repo || repo->module_hotfixes || !rpm_pool_is_package(p, id))
            continue;
        is_kept = MAPTST(&of_streams, s->name) && is_modular(p, id, in);
        is_left_out = MAPTST(&of_streams, s->name) && is_modular(p, id, out);
        if (!is_kept && (is_left_out || provides_any(p, id, &of_active)))
            MAPSET(&p->inactive, id);
    }
    map_free(&of_streams);
    map_free(&of_active);
}

/* ---- version locks ---- */

struct lock_run {
    struct rpm_pool *p;
    Map allowed, excluded, names; /* solvables that a lock names; ids of names that are locked */
};

static void apply_lock(struct lock_run *run, struct str line)
{
    struct rpm_pool *p = run->p;
    bool is_exclude = str_starts(line, S("!"));
    struct str pattern = is_exclude ? str_trim(str_from(line, 1)) : line;

    if (is_exclude)
        match_packages(p, pattern, MATCH_LOCK, &run->excluded, NULL);
    else /* where that version is nowhere, no other may come in */
        match_packages(p, pattern, MATCH_LOCK, &run->allowed, &run->names);
}

static bool obsoletes_allowed(const struct lock_run *run, Id solvable)
{
    const Solvable *s = pool_id2solvable(run->p->pool, solvable);
    Id *obsoletes = s->repo->idarraydata + s->obsoletes;

    for (; s->obsoletes && *obsoletes; obsoletes++)
        for (Id id = 1; id < run->p->pool->nsolvables; id++)
            if (MAPTST(&run->allowed, id) &&
                pool_match_nevr(run->p->pool, pool_id2solvable(run->p->pool, id), *obsoletes))
                return true;
    return false;
}

static void apply_locks(struct rpm_pool *p)
{
    struct lock_run run = { .p = p };
    Pool *pool = p->pool;
    Id id;

    if (p->config.version_locks.count == 0)
        return;
    map_init(&run.allowed, p->pool->nsolvables);
    map_init(&run.excluded, p->pool->nsolvables);
    map_init(&run.names, p->pool->ss.nstrings);
    for (size_t i = 0; i < p->config.version_locks.count; i++)
        apply_lock(&run, p->config.version_locks.items[i]);
    FOR_POOL_SOLVABLES(id)
    if (rpm_pool_is_package(p, id) && !rpm_pool_is_installed(p, id) &&
        (MAPTST(&run.excluded, id) ||
         (!MAPTST(&run.allowed, id) && (MAPTST(&run.names, pool_id2solvable(p->pool, id)->name) ||
                                        obsoletes_allowed(&run, id)))))
        MAPSET(&p->locked, id);
    map_free(&run.allowed);
    map_free(&run.excluded);
    map_free(&run.names);
}

void rpm_pool_exclude(struct rpm_pool *p)
{
    map_init(&p->inactive, p->pool->nsolvables);
    map_init(&p->excluded, p->pool->nsolvables);
    map_init(&p->locked, p->pool->nsolvables);
    exclude_installed(p);
    for (size_t i = 0; i < p->config.n_repos; i++)
        exclude_of(p, &p->config.repos[i]);
    exclude_modular(p);
    apply_locks(p);
    rpm_pool_lock(p);
}
