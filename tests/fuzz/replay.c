/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main() of a fuzz target where there is no fuzzer: runs every file of the
 * folders it is given, and each one's beginnings and damaged copies, so that a
 * corpus is a regression test with any compiler.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum {
    MAX_SIZE = 1 << 20,
    N_VARIANTS = 64,
};

/* A copy of exactly this size, so that a sanitizer sees a read past its end. */
static void run(const uint8_t *data, size_t size)
{
    uint8_t *copy = malloc(size > 0 ? size : 1);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
}

static uint32_t next(uint32_t *seed)
{
    *seed = *seed * 1664525U + 1013904223U;
    return *seed >> 8;
}

static void run_variants(uint8_t *data, size_t size)
{
    uint32_t seed = (uint32_t)size;

    run(data, size);
    for (size_t i = 0; i < N_VARIANTS && size > 0; i++) {
        size_t at = next(&seed) % size;
        uint8_t before = data[at];

        run(data, at);
        data[at] = (uint8_t)next(&seed);
        run(data, size);
        data[at] = before;
    }
}

static int run_file(const char *folder, const char *name)
{
    char path[4096];
    uint8_t *data = malloc(MAX_SIZE);
    FILE *file;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    file = fopen(path, "rb");
    if (!file || !data) {
        fprintf(stderr, "cannot read %s\n", path);
        return 1;
    }
    size_t size = fread(data, 1, MAX_SIZE, file);
    fclose(file);
    run_variants(data, size);
    free(data);
    return 0;
}

int main(int argc, char **argv)
{
    size_t n_files = 0;

    for (int i = 1; i < argc; i++) {
        DIR *folder = opendir(argv[i]);
        struct dirent *entry;

        while (folder && (entry = readdir(folder)) != NULL) {
            if (entry->d_name[0] == '.')
                continue;
            if (run_file(argv[i], entry->d_name) != 0)
                return 1;
            n_files++;
        }
        if (folder)
            closedir(folder);
    }
    if (n_files == 0)
        fprintf(stderr, "no corpus\n");
    return n_files == 0;
}
