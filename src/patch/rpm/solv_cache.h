/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libsolv made of a repository's metadata, kept in its own quick form in our
 * cache folder: what a scan asks for, or all of it, which is for the solver. A cache is believed
 * only for the very index (repomd.xml) it was made from, and this libsolv; nothing depends on there
 * being one.
 */
#pragma once

#include <solv/repo.h>

#include "base/arena.h"

struct solv_cache {
    const char *path;
    struct str cookie; /* what it has to end with */
};

/* `dir` is the cache folder, `where` tells caches apart, `made_from` is the index and what
 * else decides what is in it. */
struct solv_cache solv_cache_of(struct arena *a, const char *dir, struct str where,
                                struct str made_from);

/* False where there is none for this index: the repository is empty then. */
bool solv_cache_read(const struct solv_cache *cache, Repo *repo);

typedef int solv_cache_filter(Repo *repo, Repokey *key, void *context);

/* For next time; a full disk or a folder that cannot be written is no error. `keeps` may be
 * NULL: all of it. */
void solv_cache_write(const struct solv_cache *cache, Repo *repo, solv_cache_filter *keeps);
