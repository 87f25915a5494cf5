/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/space.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/buf.h"

#define MIB ((int64_t)1024 * 1024)

struct place {
    const char *path; /* of the host's */
    int64_t bytes;
    dev_t device;
};

/* A file is unpacked beside the one that it replaces, and packages one after another. */
static int64_t unpacked(const struct provider_space *need)
{
    int64_t growth = need->growth > 0 ? need->growth : 0;

    return growth + need->largest;
}

/* What one kernel has in /boot, with the image that is made on the host: the largest set
 * that is there. */
static int64_t kernel_bytes(struct arena *a, const struct host *host)
{
    DIR *dir = opendir(host_path(a, host, "/boot"));
    int64_t vmlinuz = 0, initrd = 0;
    struct dirent *entry;

    while (dir && (entry = readdir(dir))) {
        struct str name = str_of(entry->d_name);
        int64_t *largest = str_starts(name, S("vmlinuz-")) ? &vmlinuz
                           : str_starts(name, S("initr"))  ? &initrd
                                                           : NULL;
        struct stat st;

        if (largest &&
            stat(host_path(a, host, arena_fmt(a, "/boot/%s", entry->d_name).p), &st) == 0 &&
            st.st_size > *largest)
            *largest = st.st_size;
    }
    if (dir)
        closedir(dir);
    return vmlinuz + initrd;
}

static int64_t free_bytes(const char *path)
{
    struct statvfs fs;

    if (statvfs(path, &fs) != 0)
        return INT64_MAX; /* not there: nothing will be put there */
    return fs.f_bavail > (uint64_t)INT64_MAX / fs.f_frsize ? INT64_MAX
                                                           : (int64_t)(fs.f_bavail * fs.f_frsize);
}

static bool find_device(const char *path, dev_t *ret)
{
    struct stat st;

    if (stat(path, &st) != 0)
        return false;
    *ret = st.st_dev;
    return true;
}

/* Places on one file system share its space. */
static int64_t needed_with(const struct place *places, size_t count, size_t which)
{
    int64_t bytes = 0;

    for (size_t i = 0; i < count; i++)
        if (places[i].device == places[which].device)
            bytes += places[i].bytes;
    return bytes;
}

int space_check(struct arena *a, const struct host *host, const struct provider_space *need,
                struct str *ret_why)
{
    struct place places[] = {
        { need->archive_dir, need->archives, 0 },
        { "/usr", unpacked(need), 0 },
        { "/boot", need->n_kernels > 0 ? (int64_t)need->n_kernels * kernel_bytes(a, host) : 0, 0 },
    };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        places[i].path = host_path(a, host, places[i].path);
        if (!find_device(places[i].path, &places[i].device))
            places[i].bytes = 0;
    }
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        int64_t bytes = needed_with(places, ARRAY_LEN(places), i);
        int64_t there = free_bytes(places[i].path);

        if (places[i].bytes == 0 || bytes <= there)
            continue;
        *ret_why =
            arena_fmt(a,
                      "not enough space on the disk of %s: %lld MiB are free, %lld MiB are "
                      "needed",
                      places[i].path, (long long)(there / MIB), (long long)(bytes / MIB + 1));
        return SPACE_LACKING;
    }
    return 0;
}
