/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/rpm/solv_cache.h"

#include <solv/repo_solv.h>
#include <solv/repo_write.h>
#include <solv/solvversion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crypto.h"
#include "sys/file.h"

#define FORMAT          "4 "
#define DIGEST_BYTES    64
#define TRAILER_BYTES   (2 * DIGEST_BYTES) /* the sum of what is before it, and the cookie */
#define CACHE_MAX_BYTES ((size_t)1024 * 1024 * 1024)
#define NAME_DIGITS     16

struct solv_cache solv_cache_of(struct arena *a, const char *dir, struct str where,
                                struct str made_from)
{
    struct str all = arena_fmt(a, FORMAT "%s\n%.*s", solv_version, STR(made_from));

    return (struct solv_cache){
        .path = arena_fmt(a, "%s/%.*s.solv", dir, NAME_DIGITS, sha256_hex(a, where).p).p,
        .cookie = sha256_hex(a, all),
    };
}

/* libsolv believes what it reads, so it is given nothing but what was written. */
static struct str check(struct arena *a, const struct solv_cache *cache)
{
    struct str text, sum, content;

    if (file_read(a, cache->path, CACHE_MAX_BYTES, &text) != 0 || text.len < TRAILER_BYTES ||
        !str_ends(text, cache->cookie))
        return (struct str){ 0 };
    content = str_slice(text, 0, text.len - TRAILER_BYTES);
    sum = str_slice(text, content.len, DIGEST_BYTES);
    return str_eq(sum, sha256_hex(a, content)) ? content : (struct str){ 0 };
}

bool solv_cache_read(const struct solv_cache *cache, Repo *repo)
{
    struct arena a = { 0 };
    struct str content = check(&a, cache);
    FILE *file = content.len > 0 ? fmemopen((void *)content.p, content.len, "r") : NULL;
    bool good = file && repo_add_solv(repo, file, 0) == 0;

    if (file) {
        fclose(file);
        if (!good)
            repo_empty(repo, 1);
    }
    arena_done(&a);
    return good;
}

void solv_cache_write(const struct solv_cache *cache, Repo *repo, solv_cache_filter *keeps)
{
    struct arena a = { 0 };
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    bool good = memory && repo_write_filtered(repo, memory, keeps, NULL, NULL) == 0;

    if (good && fflush(memory) == 0) {
        struct str sum = sha256_hex(&a, (struct str){ text, len });

        good = fwrite(sum.p, sum.len, 1, memory) == 1 &&
               fwrite(cache->cookie.p, cache->cookie.len, 1, memory) == 1;
    }
    good = memory && fclose(memory) == 0 && good;
    /* Whole or not at all, also after a power cut. */
    if (good && file_write(cache->path, (struct str){ text, len }, 0644) != 0)
        (void)unlink(cache->path);
    free(text);
    arena_done(&a);
}
