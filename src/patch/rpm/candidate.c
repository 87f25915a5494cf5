/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/candidate.h"

#include <limits.h>
#include <solv/evr.h>

#include "patch/rpm/zypp_config.h"

enum looking_at { CONSIDERED, LOCKED, ALL };

static const Solvable *get(const struct candidates *c, Id id)
{
    return pool_id2solvable(c->p->pool, id);
}

int candidate_compare(const struct candidates *c, Id a, Id b)
{
    return pool_evrcmp(c->p->pool, get(c, a)->evr, get(c, b)->evr, EVRCMP_COMPARE);
}

static bool fits(Id left, Id right)
{
    return left == right || left == ARCH_NOARCH || right == ARCH_NOARCH;
}

static struct str vendor_of(const struct candidates *c, Id id)
{
    Id vendor = get(c, id)->vendor; /* none: 0 or the empty one */

    return vendor > ID_EMPTY ? str_of(pool_id2str(c->p->pool, vendor)) : S("");
}

/* "A package is updated by one of its own vendor": zypper's rule, with groups of vendors. */
static bool is_of_vendor(const struct candidates *c, Id newer, Id older)
{
    return !c->p->config.keeps_vendor ||
           zypp_vendors_agree(&c->p->config, vendor_of(c, newer), vendor_of(c, older));
}

static bool is_offered(const struct candidates *c, Id id)
{
    return !rpm_pool_is_installed(c->p, id) && rpm_pool_is_package(c->p, id) &&
           pool_installable(c->p->pool, pool_id2solvable(c->p->pool, id)) &&
           !MAPTST(&c->p->inactive, id);
}

bool candidate_is_considered(const struct candidates *c, Id id)
{
    return is_offered(c, id) && !MAPTST(&c->p->excluded, id) && !MAPTST(&c->p->locked, id);
}

static bool is_looked_at(const struct candidates *c, Id id, enum looking_at at)
{
    switch (at) {
    case CONSIDERED:
        return candidate_is_considered(c, id);
    case LOCKED:
        return is_offered(c, id) && !MAPTST(&c->p->excluded, id);
    case ALL:
        return is_offered(c, id);
    }
    return false;
}

/* "The best priority is that of the name, whatever the version." */
static int best_priority(const struct candidates *c, Id installed, enum looking_at at)
{
    Pool *pool = c->p->pool;
    Id name = get(c, installed)->name, id, pp;
    int best = INT_MIN;

    if (at == ALL)
        return INT_MIN;
    FOR_PROVIDES(id, pp, name)
    if (get(c, id)->name == name && is_looked_at(c, id, at) && is_of_vendor(c, id, installed) &&
        get(c, id)->repo->priority > best)
        best = get(c, id)->repo->priority;
    return best;
}

/* Not newer than something installed that it would have to replace. */
static bool is_upgrade(const struct candidates *c, Id id)
{
    Pool *pool = c->p->pool;
    Id other, pp;

    FOR_PROVIDES(other, pp, get(c, id)->name)
    if (rpm_pool_is_installed(c->p, other) && get(c, other)->name == get(c, id)->name &&
        fits(get(c, other)->arch, get(c, id)->arch) && candidate_compare(c, other, id) >= 0)
        return false;
    return true;
}

/* The same version may be in several repositories: the one that costs least. */
static bool is_better(const struct candidates *c, Id id, Id best)
{
    int order = best ? candidate_compare(c, id, best) : 1;
    const Repo *a = get(c, id)->repo, *b = best ? get(c, best)->repo : NULL;

    if (order != 0)
        return order > 0;
    return a->priority > b->priority ||
           (a->priority == b->priority && a->subpriority > b->subpriority);
}

static Id find_newest(const struct candidates *c, Id installed, enum looking_at at)
{
    Pool *pool = c->p->pool;
    Id name = get(c, installed)->name, best = 0, id, pp;
    int priority = best_priority(c, installed, at);

    FOR_PROVIDES(id, pp, name)
    if (get(c, id)->name == name && is_looked_at(c, id, at) &&
        (at == ALL || (get(c, id)->repo->priority == priority && is_of_vendor(c, id, installed))) &&
        fits(get(c, id)->arch, get(c, installed)->arch) && is_upgrade(c, id) &&
        is_better(c, id, best))
        best = id;
    return best;
}

static bool obsoletes(const struct candidates *c, Id newer, Id older)
{
    const Solvable *s = get(c, newer);
    Id *dependency = s->repo->idarraydata + s->obsoletes;

    for (; s->obsoletes && *dependency; dependency++)
        if (pool_match_nevr(c->p->pool, pool_id2solvable(c->p->pool, older), *dependency))
            return true;
    return false;
}

Id candidate_update(const struct candidates *c, Id installed)
{
    Id update = find_newest(c, installed, CONSIDERED);
    Id obsoleter = c->obsoleters[installed];

    if (obsoleter && (!update || obsoletes(c, obsoleter, update)))
        return obsoleter;
    return update;
}

Id candidate_locked(const struct candidates *c, Id installed)
{
    Id found = find_newest(c, installed, LOCKED);

    return found && MAPTST(&c->p->locked, found) ? found : 0;
}

Id candidate_hidden(const struct candidates *c, Id installed, Id than)
{
    Id found = find_newest(c, installed, ALL);

    return found && candidate_compare(c, found, than) > 0 ? found : 0;
}

/* ---- what takes whose place ---- */

static void note_obsoleted(struct candidates *c, Id newer, Id dependency)
{
    Pool *pool = c->p->pool;
    Id older, pp;

    FOR_PROVIDES(older, pp, dependency)
    if (rpm_pool_is_installed(c->p, older) && !MAPTST(&c->p->excluded, older) &&
        get(c, older)->name != get(c, newer)->name &&
        pool_match_nevr(pool, pool_id2solvable(pool, older), dependency) &&
        fits(get(c, older)->arch, get(c, newer)->arch) && is_of_vendor(c, newer, older) &&
        is_better(c, newer, c->obsoleters[older]))
        c->obsoleters[older] = newer;
}

static void find_obsoleters(struct candidates *c)
{
    Pool *pool = c->p->pool;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        const Solvable *s = get(c, id);
        Id *dependency = s->repo->idarraydata + s->obsoletes;

        if (!s->obsoletes || !candidate_is_considered(c, id) || !is_upgrade(c, id) ||
            s->repo->priority != best_priority(c, id, CONSIDERED))
            continue;
        for (; *dependency; dependency++)
            note_obsoleted(c, id, *dependency);
    }
}

static void find_install_only(struct candidates *c)
{
    Pool *pool = c->p->pool;

    for (size_t i = 0; i < c->p->config.install_only.count; i++) {
        struct str name = c->p->config.install_only.items[i];
        Id dependency = pool_str2id(pool, arena_cstr(c->p->arena, name), 0), id, pp;

        if (!dependency)
            continue;
        FOR_PROVIDES(id, pp, dependency)
        MAPSET(&c->install_only, get(c, id)->name);
    }
}

void candidates_open(const struct rpm_pool *p, struct candidates *ret)
{
    *ret = (struct candidates){
        .p = p,
        .obsoleters = arena_array(p->arena, Id, p->pool->nsolvables + 1),
    };
    map_init(&ret->install_only, p->pool->ss.nstrings);
    find_install_only(ret);
    if (p->config.obsoletes)
        find_obsoleters(ret);
}

void candidates_close(struct candidates *c)
{
    map_free(&c->install_only);
}

bool candidate_is_install_only(const struct candidates *c, Id solvable)
{
    return MAPTST(&c->install_only, get(c, solvable)->name);
}
