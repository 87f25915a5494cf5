/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/lean.h"

#include <solv/pool.h>

/* "libc.so.6()(64bit)", "/bin/sh" and "config(bash)" are no names of packages. */
static bool is_kept(Pool *pool, Id dependency, struct strs words)
{
    struct str name = str_of(pool_id2str(pool, dependency)); /* of a versioned one: its name */

    return (str_find(name, '(') < 0 && str_find(name, '/') < 0) || strs_have(words, name);
}

static void lessen_provides(Repo *repo, const Solvable *s, struct strs words)
{
    Id *from = repo->idarraydata + s->provides, *to = from;

    for (; s->provides && *from; from++)
        if (is_kept(repo->pool, *from, words))
            *to++ = *from;
    if (s->provides)
        *to = 0;
}

void lean_dependencies(Repo *repo, struct strs words)
{
    Solvable *s;
    Id id;

    FOR_REPO_SOLVABLES(repo, id, s)
    {
        lessen_provides(repo, s, words);
        s->requires = s->conflicts = s->recommends = s->suggests = 0;
        s->supplements = s->enhances = 0;
    }
}

int lean_keeps(Repo *repo, Repokey *key, void *context)
{
    static const Id kept[] = {
        SOLVABLE_BUILDTIME,    SOLVABLE_PATCHCATEGORY, UPDATE_SEVERITY,
        UPDATE_COLLECTIONLIST, UPDATE_COLLECTION,      UPDATE_COLLECTION_NAME,
        UPDATE_COLLECTION_EVR, UPDATE_COLLECTION_ARCH, UPDATE_MODULE,
        UPDATE_MODULE_NAME,    UPDATE_MODULE_STREAM,   UPDATE_REFERENCE,
        UPDATE_REFERENCE_TYPE, UPDATE_REFERENCE_ID,
    };

    /* libsolv has room for as many keys of a solvable as there are in all, and none for the
     * marks of nested ones: so the keys of dependencies stay, though nobody has any. */
    if (key->name >= SOLVABLE_NAME && key->name <= RPM_RPMDBID)
        return repo_write_stdkeyfilter(repo, key, context);
    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (key->name == kept[i])
            return repo_write_stdkeyfilter(repo, key, context);
    return KEY_STORAGE_DROPPED;
}
