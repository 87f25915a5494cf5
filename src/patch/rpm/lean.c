/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/lean.h"

#include <solv/pool.h>

/* "libc.so.6()(64bit)", "/bin/sh" and "config(bash)" are no names of packages. */
static bool is_kept(Pool *pool, Id dependency, struct strs words)
{
    struct str name = str_of(pool_id2str(pool, dependency)); /* of a versioned one: its name */

    return (str_find(name, '(') < 0 && str_find(name, '/') < 0) || strs_have(words, name);
}

void lean_provides(Repo *repo, struct strs words)
{
    Pool *pool = repo->pool;
    Solvable *s;
    Id id;

    FOR_REPO_SOLVABLES(repo, id, s)
    {
        Id *from = repo->idarraydata + s->provides, *to = from;

        if (!s->provides)
            continue;
        for (; *from; from++)
            if (is_kept(pool, *from, words))
                *to++ = *from;
        *to = 0;
    }
}

int lean_keeps(Repo *repo, Repokey *key, void *context)
{
    static const Id kept[] = {
        SOLVABLE_NAME,         SOLVABLE_ARCH,          SOLVABLE_EVR,
        SOLVABLE_VENDOR,       SOLVABLE_PROVIDES,      SOLVABLE_OBSOLETES,
        SOLVABLE_BUILDTIME,    SOLVABLE_PATCHCATEGORY, UPDATE_SEVERITY,
        UPDATE_COLLECTIONLIST, UPDATE_COLLECTION,      UPDATE_COLLECTION_NAME,
        UPDATE_COLLECTION_EVR, UPDATE_COLLECTION_ARCH, UPDATE_MODULE,
        UPDATE_MODULE_NAME,    UPDATE_MODULE_STREAM,   UPDATE_REFERENCE,
        UPDATE_REFERENCE_TYPE, UPDATE_REFERENCE_ID,
    };

    for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
        if (key->name == kept[i])
            return repo_write_stdkeyfilter(repo, key, context);
    return KEY_STORAGE_DROPPED;
}
