/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The module for RPM-family hosts: rpm's database and the repositories' metadata
 * in a libsolv pool, read as dnf or zypper would read them.
 */
#include <stdio.h>

#include "patch/rpm/candidate.h"
#include "patch/rpm/measure.h"
#include "patch/rpm/notice.h"

struct scanner {
    struct rpm_pool pool;
    struct candidates candidates;
    struct notices notices;
};

static const Solvable *get(const struct scanner *s, Id id)
{
    return pool_id2solvable(s->pool.pool, id);
}

static const char *text(const struct scanner *s, Id id)
{
    return pool_id2str(s->pool.pool, id);
}

/* "Updated date of the notice; no date in the repository: package build time." */
static struct module_version describe(struct scanner *s, Id id)
{
    Solvable *solvable = pool_id2solvable(s->pool.pool, id);
    struct module_version v = {
        .version = rpm_pool_version(&s->pool, solvable->evr),
        .arch = text(s, solvable->arch),
        .origin = rpm_pool_is_installed(&s->pool, id) ? "" : solvable->repo->name,
        .released_at = (long long)solvable_lookup_num(solvable, SOLVABLE_BUILDTIME, 0),
    };

    notices_describe(&s->pool, &s->notices, id, &v);
    return v;
}

static void add_update(struct scanner *s, Id installed, struct module_package *out)
{
    const struct candidates *c = &s->candidates;
    Id update = candidate_update(c, installed), locked = 0, hidden;

    if (!update)
        locked = candidate_locked(c, installed);
    if (!update && locked) {
        update = locked;
        out->held = true;
    }
    if (update && MAPTST(&s->pool.locked, installed))
        out->held = true;
    out->has_update = update != 0;
    if (update) {
        out->candidate = describe(s, update);
        if (get(s, update)->name != get(s, installed)->name)
            out->becomes = text(s, get(s, update)->name);
    }
    if (out->becomes)
        return; /* whose versions are not those of this package */
    hidden = candidate_hidden(c, installed, update ? update : installed);
    if (hidden)
        out->hidden = rpm_pool_version(&s->pool, get(s, hidden)->evr);
}

/* Two versions of what may be there once are a transaction that was cut off. */
static void visit_installed(struct scanner *s, Id newest, bool several)
{
    Solvable *solvable = pool_id2solvable(s->pool.pool, newest);
    struct module_package out = {
        .name = text(s, solvable->name),
        .arch = text(s, solvable->arch),
        .installed = describe(s, newest),
        .installed_at = (long long)solvable_lookup_num(solvable, SOLVABLE_INSTALLTIME, 0),
        .broken = several && !candidate_is_install_only(&s->candidates, newest),
    };

    add_update(s, newest, &out);
    s->pool.request->visit(s->pool.request->context, &out);
}

static bool is_newest_offer(const struct scanner *s, Id id)
{
    Pool *pool = s->pool.pool;
    Id other, pp;

    FOR_PROVIDES(other, pp, get(s, id)->name)
    if (other != id && get(s, other)->name == get(s, id)->name &&
        get(s, other)->arch == get(s, id)->arch) {
        int order = candidate_compare(&s->candidates, other, id);

        if (rpm_pool_is_installed(&s->pool, other))
            return false;
        if (candidate_is_considered(&s->candidates, other) &&
            (order > 0 || (order == 0 && other < id)))
            return false;
    }
    return true;
}

static void visit_absent(struct scanner *s)
{
    Pool *pool = s->pool.pool;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        struct module_package out = { 0 };

        if (!candidate_is_considered(&s->candidates, id) || !is_newest_offer(s, id))
            continue;
        out.name = text(s, get(s, id)->name);
        out.arch = text(s, get(s, id)->arch);
        out.candidate = describe(s, id);
        s->pool.request->visit(s->pool.request->context, &out);
    }
}

/* Whether it is the newest installed one of its name and architecture. */
static bool is_newest_installed(const struct scanner *s, Id id, bool *ret_several)
{
    Pool *pool = s->pool.pool;
    Id other, pp;

    *ret_several = false;
    FOR_PROVIDES(other, pp, get(s, id)->name)
    if (other != id && rpm_pool_is_installed(&s->pool, other) &&
        get(s, other)->name == get(s, id)->name && get(s, other)->arch == get(s, id)->arch) {
        int order = candidate_compare(&s->candidates, other, id);

        *ret_several = true;
        if (order > 0 || (order == 0 && other < id))
            return false;
    }
    return true;
}

static void visit_all(struct scanner *s)
{
    Pool *pool = s->pool.pool;
    Id id;

    FOR_POOL_SOLVABLES(id)
    {
        bool several;

        if (rpm_pool_is_installed(&s->pool, id) && rpm_pool_is_package(&s->pool, id) &&
            is_newest_installed(s, id, &several))
            visit_installed(s, id, several);
    }
    if (s->pool.request->absent_too)
        visit_absent(s);
}

/* Opens it all; false with *why. To be closed whatever the result. */
static bool open_scanner(struct scanner *s, char *why, size_t size)
{
    struct str said = S("");
    int result = rpm_pool_open(&s->pool, &said);

    if (result == 0)
        candidates_open(&s->pool, &s->candidates);
    else
        snprintf(why, size, "%s", result < 0 ? err_trace() : arena_cstr(s->pool.arena, said));
    return result == 0;
}

static void close_scanner(struct scanner *s)
{
    candidates_close(&s->candidates);
    rpm_pool_close(&s->pool);
    arena_done(s->pool.arena);
}

static bool scan(const struct module_request *request, char *why, size_t size)
{
    struct arena a = { 0 };
    struct scanner s = { .pool = { .arena = &a, .request = request } };
    bool is_open = open_scanner(&s, why, size);

    if (is_open) {
        notices_read(&s.pool, &s.notices);
        *request->n_security_sources = s.pool.n_notice_lists;
        visit_all(&s);
    }
    close_scanner(&s);
    return is_open;
}

static bool measure(const struct module_request *request, const struct module_change *changes,
                    size_t count, struct module_space *ret, char *why, size_t size)
{
    struct arena a = { 0 };
    struct scanner s = { .pool = { .arena = &a, .request = request, .is_for_solver = true } };
    bool is_known = open_scanner(&s, why, size) && rpm_measure(&s.candidates, changes, count, ret);

    close_scanner(&s);
    return is_known;
}

const struct module MODULE_SYMBOL = { MODULE_ABI, sizeof(struct module_package), "rpm", scan,
                                      measure };
