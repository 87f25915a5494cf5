/* SPDX-License-Identifier: Apache-2.0 */
/* What dnf does not look at: excludes, packages of inactive modules, locked versions. */
#include <stdlib.h>

#include "patch/rpm/pool.h"

static bool matches_any(struct strs patterns, const struct nevra *n)
{
    for (size_t i = 0; i < patterns.count; i++)
        if (nevra_matches(patterns.items[i], n))
            return true;
    return false;
}

static bool is_excluded(const struct rpm_pool *p, const struct dnf_repo *repo,
                        const struct nevra *n)
{
    if (matches_any(p->config.excludes, n) || matches_any(repo->excludes, n))
        return true;
    if (p->config.includes.count > 0 || repo->includes.count > 0)
        return !matches_any(p->config.includes, n) && !matches_any(repo->includes, n);
    return false;
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

static bool provides_any(const struct rpm_pool *p, Id solvable, struct strs names)
{
    const Solvable *s = pool_id2solvable(p->pool, solvable);
    Id *provides = s->repo->idarraydata + s->provides;

    if (is_in(names, str_of(pool_id2str(p->pool, s->name))))
        return true;
    for (; s->provides && *provides; provides++)
        if (is_in(names, str_of(pool_id2str(p->pool, *provides)))) /* a versioned one's name */
            return true;
    return false;
}

static void exclude_modular(struct rpm_pool *p)
{
    Pool *pool = p->pool;
    const struct strs in = artifacts(p, true), out = artifacts(p, false);
    Id id;

    if (p->modules.n_streams == 0)
        return;
    FOR_POOL_SOLVABLES(id)
    {
        const Solvable *s = pool_id2solvable(p->pool, id);
        const struct dnf_repo *repo = s->repo->appdata;
        struct nevra n;
        struct str full;

        if (!repo || repo->module_hotfixes || !rpm_pool_is_package(p, id))
            continue;
        n = rpm_pool_nevra(p, id);
        full = arena_fmt(p->arena, "%.*s-%.*s:%.*s-%.*s.%.*s", STR(n.name), STR(n.epoch),
                         STR(n.version), STR(n.release), STR(n.arch));
        if (!is_in(in, full) && (is_in(out, full) || provides_any(p, id, p->modules.names)))
            MAPSET(&p->inactive, id);
    }
}

/* ---- version locks ---- */

struct lock_run {
    struct rpm_pool *p;
    Map allowed, names; /* solvables that a lock names; ids of names that are locked */
};

static void apply_lock(struct lock_run *run, struct str line)
{
    struct rpm_pool *p = run->p;
    Pool *pool = p->pool;
    bool is_exclude = str_starts(line, S("!")), found = false;
    struct str pattern = is_exclude ? str_trim(str_from(line, 1)) : line;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        struct nevra n;

        if (!rpm_pool_is_package(p, id))
            continue;
        n = rpm_pool_nevra(p, id);
        if (!nevra_matches(pattern, &n))
            continue;
        found = true;
        if (!is_exclude) {
            MAPSET(&run->allowed, id);
            MAPSET(&run->names, pool_id2solvable(p->pool, id)->name);
        } else if (!rpm_pool_is_installed(p, id)) {
            MAPSET(&p->locked, id);
        }
    }
    if (!found && !is_exclude) { /* that version is nowhere: no other may come in */
        Id name = pool_str2id(p->pool, arena_cstr(p->arena, nevra_name(pattern)), 0);

        if (name)
            MAPSET(&run->names, name);
    }
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

    if (p->config.locks.count == 0)
        return;
    map_init(&run.allowed, p->pool->nsolvables);
    map_init(&run.names, p->pool->ss.nstrings);
    for (size_t i = 0; i < p->config.locks.count; i++)
        apply_lock(&run, p->config.locks.items[i]);
    FOR_POOL_SOLVABLES(id)
    if (rpm_pool_is_package(p, id) && !rpm_pool_is_installed(p, id) && !MAPTST(&run.allowed, id) &&
        (MAPTST(&run.names, pool_id2solvable(p->pool, id)->name) || obsoletes_allowed(&run, id)))
        MAPSET(&p->locked, id);
    map_free(&run.allowed);
    map_free(&run.names);
}

void rpm_pool_exclude(struct rpm_pool *p)
{
    Pool *pool = p->pool;
    Id id;

    map_init(&p->inactive, p->pool->nsolvables);
    map_init(&p->excluded, p->pool->nsolvables);
    map_init(&p->locked, p->pool->nsolvables);
    FOR_POOL_SOLVABLES(id)
    {
        const Solvable *s = pool_id2solvable(p->pool, id);
        struct nevra n;

        if (!s->repo->appdata || !rpm_pool_is_package(p, id))
            continue;
        n = rpm_pool_nevra(p, id);
        if (is_excluded(p, s->repo->appdata, &n))
            MAPSET(&p->excluded, id);
    }
    exclude_modular(p);
    apply_locks(p);
}
