/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/match.h"

/* The most specific one first, as dnf tries them. */
static const enum nevra_form orders[][NEVRA_FORMS] = {
    [MATCH_EXCLUDE] = { NEVRA_FULL, NEVRA_NAME_ARCH, NEVRA_NAME, NEVRA_NO_ARCH, NEVRA_NO_RELEASE },
    [MATCH_LOCK] = { NEVRA_FULL, NEVRA_NO_ARCH, NEVRA_NO_RELEASE, NEVRA_NAME_ARCH, NEVRA_NAME },
};

static bool mark_form(const struct rpm_pool *p, const struct nevra *wanted, Map *ret,
                      Map *ret_names)
{
    Pool *pool = p->pool;
    bool found = false;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        struct nevra n;

        if (!rpm_pool_is_package(p, id))
            continue;
        n = rpm_pool_nevra(p, id);
        if (!nevra_glob(wanted->name, n.name))
            continue;
        if (ret_names)
            MAPSET(ret_names, pool_id2solvable(pool, id)->name);
        if (!nevra_fits(wanted, &n))
            continue;
        MAPSET(ret, id);
        found = true;
    }
    return found;
}

static void mark_whole(const struct rpm_pool *p, struct str pattern, Map *ret)
{
    Pool *pool = p->pool;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        struct nevra n;

        if (!rpm_pool_is_package(p, id))
            continue;
        n = rpm_pool_nevra(p, id);
        if (nevra_is_spelled(pattern, &n))
            MAPSET(ret, id);
    }
}

void match_packages(const struct rpm_pool *p, struct str pattern, enum match_order order, Map *ret,
                    Map *ret_names)
{
    for (size_t i = 0; i < NEVRA_FORMS; i++) {
        struct nevra wanted;

        if (nevra_parse(pattern, orders[order][i], &wanted) &&
            mark_form(p, &wanted, ret, ret_names))
            return;
    }
    if (order == MATCH_EXCLUDE)
        mark_whole(p, pattern, ret);
}
