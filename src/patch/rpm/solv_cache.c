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

#define FORMAT       "1 "
#define COOKIE_BYTES 64
#define NAME_DIGITS  16

struct solv_cache solv_cache_of(struct arena *a, const char *dir, struct str where,
                                struct str index)
{
    struct str made_from = arena_fmt(a, FORMAT "%s\n%.*s", solv_version, STR(index));

    return (struct solv_cache){
        .path = arena_fmt(a, "%s/%.*s.solv", dir, NAME_DIGITS, sha256_hex(a, where).p).p,
        .cookie = sha256_hex(a, made_from),
    };
}

bool solv_cache_read(const struct solv_cache *cache, Repo *repo)
{
    FILE *file = fopen(cache->path, "re");
    char cookie[COOKIE_BYTES];
    bool good = file && cache->cookie.len == COOKIE_BYTES &&
                fseek(file, -COOKIE_BYTES, SEEK_END) == 0 &&
                fread(cookie, COOKIE_BYTES, 1, file) == 1 &&
                memcmp(cookie, cache->cookie.p, COOKIE_BYTES) == 0;

    if (good) {
        rewind(file);
        good = repo_add_solv(repo, file, 0) == 0;
        if (!good)
            repo_empty(repo, 1);
    }
    if (file)
        fclose(file);
    return good;
}

void solv_cache_write(const struct solv_cache *cache, Repo *repo)
{
    char *text = NULL;
    size_t len = 0;
    FILE *memory = open_memstream(&text, &len);
    bool good = memory && repo_write(repo, memory) == 0 &&
                fwrite(cache->cookie.p, cache->cookie.len, 1, memory) == 1;

    good = memory && fclose(memory) == 0 && good;
    /* Whole or not at all, also after a power cut: half of it would be believed. */
    if (good && file_write(cache->path, (struct str){ text, len }, 0644) != 0)
        (void)unlink(cache->path);
    free(text);
}
