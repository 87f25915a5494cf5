/* SPDX-License-Identifier: Apache-2.0 */
/* zypper's locks: what they name stays as it is, installed or not. */
#include <fnmatch.h>
#include <regex.h>
#include <solv/evr.h>

#include "patch/rpm/pool.h"

static bool matches_regex(const char *pattern, const char *name, bool ignores_case)
{
    regex_t regex;
    bool found;

    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB | (ignores_case ? REG_ICASE : 0)) != 0)
        return false;
    found = regexec(&regex, name, 0, NULL, 0) == 0;
    regfree(&regex);
    return found;
}

static bool has_substring(struct str name, struct str part, bool ignores_case)
{
    for (size_t i = 0; i + part.len <= name.len; i++) {
        struct str here = str_slice(name, i, part.len);

        if (ignores_case ? str_ieq(here, part) : str_eq(here, part))
            return true;
    }
    return false;
}

static bool is_named(const struct rpm_pool *p, const struct rpm_lock *lock, const char *name)
{
    for (size_t i = 0; i < lock->names.count; i++) {
        struct str wanted = lock->names.items[i];
        const char *pattern = arena_cstr(p->arena, wanted);
        bool found = false;

        switch (lock->match) {
        case RPM_LOCK_GLOB:
            found = fnmatch(pattern, name, lock->minds_case ? 0 : FNM_CASEFOLD) == 0;
            break;
        case RPM_LOCK_EXACT:
            found = lock->minds_case ? str_eq(wanted, str_of(name)) : str_ieq(wanted, str_of(name));
            break;
        case RPM_LOCK_SUBSTRING:
            found = has_substring(str_of(name), wanted, !lock->minds_case);
            break;
        case RPM_LOCK_REGEX:
            found = matches_regex(pattern, name, !lock->minds_case);
            break;
        }
        if (found)
            return true;
    }
    return lock->names.count == 0;
}

/* An edition without a release is any release's. */
static bool is_of_version(const struct rpm_pool *p, const struct rpm_lock *lock, const Solvable *s)
{
    int order, mode = str_find(lock->version, '-') < 0 ? EVRCMP_COMPARE_EVONLY : EVRCMP_COMPARE;

    if (!str_is_set(lock->op))
        return true;
    order = pool_evrcmp_str(p->pool, pool_id2str(p->pool, s->evr),
                            arena_cstr(p->arena, lock->version), mode);
    if (str_eq(lock->op, S("!=")))
        return order != 0;
    if (order == 0)
        return str_contains(lock->op, S("="));
    return str_starts(lock->op, order < 0 ? S("<") : S(">"));
}

static bool is_in_repo(const struct rpm_pool *p, const struct rpm_lock *lock, Id id)
{
    const Solvable *s = pool_id2solvable(p->pool, id);

    return lock->repos.count == 0 || strs_have(lock->repos, str_of(s->repo->name));
}

void rpm_pool_lock(struct rpm_pool *p)
{
    Pool *pool = p->pool;

    for (size_t i = 0; i < p->config.n_locks; i++) {
        const struct rpm_lock *lock = &p->config.locks[i];
        Id id;

        FOR_POOL_SOLVABLES(id)
        if (rpm_pool_is_package(p, id) && is_in_repo(p, lock, id) &&
            is_of_version(p, lock, pool_id2solvable(pool, id)) &&
            is_named(p, lock, pool_id2str(pool, pool_id2solvable(pool, id)->name)))
            MAPSET(&p->locked, id);
    }
}
