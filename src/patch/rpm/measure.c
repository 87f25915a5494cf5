/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/measure.h"

#include <solv/solver.h>
#include <solv/transaction.h>
#include <stdio.h>
#include <sys/stat.h>

#define KIB 1024

/* What the manager does not look at does not come in as a dependency either. */
static void consider(const struct candidates *c, Map *considered)
{
    Pool *pool = c->p->pool;
    Id id;

    map_init(considered, pool->nsolvables);
    FOR_POOL_SOLVABLES(id)
    {
        if (rpm_pool_is_installed(c->p, id) || candidate_is_considered(c, id))
            MAPSET(considered, id);
    }
}

static bool is_change(const struct rpm_pool *p, Id id, const struct module_change *change)
{
    const Solvable *s = pool_id2solvable(p->pool, id);

    return strcmp(pool_id2str(p->pool, s->name), change->new_name) == 0 &&
           strcmp(pool_id2str(p->pool, s->arch), change->new_arch) == 0 &&
           strcmp(rpm_pool_version(p, s->evr), change->version) == 0;
}

/* What cannot come in is left out, as it will be. */
static void ask_for(const struct candidates *c, const struct module_change *change, Queue *job)
{
    Pool *pool = c->p->pool;
    Id name = pool_str2id(pool, change->new_name, 0), id, pp, best = 0;

    if (!name)
        return;
    FOR_PROVIDES(id, pp, name)
    if (!best && candidate_is_considered(c, id) && is_change(c->p, id, change))
        best = id;
    if (best)
        queue_push2(job, SOLVER_INSTALL | SOLVER_SOLVABLE | SOLVER_WEAK, best);
}

static void ask(const struct candidates *c, const struct module_change *changes, size_t count,
                Queue *job)
{
    Pool *pool = c->p->pool;
    const struct strs *several = &c->p->config.install_only;

    for (size_t i = 0; i < several->count; i++) {
        Id name = pool_str2id(pool, arena_cstr(c->p->arena, several->items[i]), 0);

        if (name)
            queue_push2(job, SOLVER_MULTIVERSION | SOLVER_SOLVABLE_PROVIDES, name);
    }
    for (size_t i = 0; i < count; i++)
        ask_for(c, &changes[i], job);
}

/* The packages of a local repository are used where they are. */
static bool is_fetched(const struct rpm_pool *p, Solvable *s)
{
    const struct rpm_repo *repo = s->repo->appdata;
    const char *path = solvable_lookup_location(s, NULL), *base;
    struct stat st;

    if (repo->is_local)
        return true;
    if (!path)
        return false;
    base = strrchr(path, '/');
    path = arena_fmt(p->arena, "%s/packages/%s", repo->dir, base ? base + 1 : path).p;
    return stat(path, &st) == 0 &&
           (unsigned long long)st.st_size == solvable_lookup_num(s, SOLVABLE_DOWNLOADSIZE, 0);
}

static void add(const struct candidates *c, Id id, struct module_space *space)
{
    Solvable *s = pool_id2solvable(c->p->pool, id);
    long long size = (long long)solvable_lookup_num(s, SOLVABLE_INSTALLSIZE, 0);

    if (size > space->largest)
        space->largest = size;
    if (!is_fetched(c->p, s))
        space->archives += (long long)solvable_lookup_num(s, SOLVABLE_DOWNLOADSIZE, 0);
}

/* The packages of one kernel have one version. */
static void add_kernel(const struct candidates *c, Id id, Queue *kernels)
{
    if (candidate_is_install_only(c, id))
        queue_pushunique(kernels, pool_id2solvable(c->p->pool, id)->evr);
}

static void add_all(const struct candidates *c, Transaction *t, struct module_space *space)
{
    Queue kernels;

    queue_init(&kernels);
    for (int i = 0; i < t->steps.count; i++) {
        Id id = t->steps.elements[i];

        if (rpm_pool_is_installed(c->p, id))
            continue;
        add(c, id, space);
        add_kernel(c, id, &kernels);
    }
    space->n_kernels = (unsigned)kernels.count;
    space->growth = transaction_calc_installsizechange(t) * KIB;
    queue_free(&kernels);
}

/* Beside the folders of the repositories. */
static bool find_archives(const struct rpm_pool *p, struct module_space *space)
{
    struct str dir = p->config.n_repos > 0 ? str_of(p->config.repos[0].dir) : S("/");
    ptrdiff_t slash = str_rfind(dir, '/');
    int n = snprintf(space->archive_dir, sizeof(space->archive_dir), "%.*s",
                     slash > 0 ? (int)slash : 1, dir.p);

    return n > 0 && (size_t)n < sizeof(space->archive_dir);
}

bool rpm_measure(const struct candidates *c, const struct module_change *changes, size_t count,
                 struct module_space *ret)
{
    Pool *pool = c->p->pool;
    Solver *solver = solver_create(pool);
    struct module_space space = { .archives = 0 };
    Map considered;
    Queue job;
    bool is_solved;

    queue_init(&job);
    consider(c, &considered);
    pool->considered = &considered;
    ask(c, changes, count, &job);
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_VENDORCHANGE, 1);
    solver_set_flag(solver, SOLVER_FLAG_ALLOW_DOWNGRADE, 1);
    is_solved = solver_solve(solver, &job) == 0;
    if (is_solved) {
        Transaction *t = solver_create_transaction(solver);

        add_all(c, t, &space);
        transaction_free(t);
    }
    solver_free(solver);
    pool->considered = NULL;
    map_free(&considered);
    queue_free(&job);
    if (!is_solved || !find_archives(c->p, &space))
        return false;
    *ret = space;
    return true;
}
