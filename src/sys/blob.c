/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layout: DIR/ab/abcdef..., two digits a folder. What is being written is
 * in DIR/tmp, so a crash leaves nothing elsewhere.
 */
#include "sys/blob.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto.h"
#include "sys/file.h"

#define NAME_LEN (2 * SHA256_SIZE)

struct blob_dir {
    char *path;
    pthread_mutex_t lock; /* a blob's age is looked at and it is removed, or it is made young */
};

static bool is_name(struct str name)
{
    if (name.len != NAME_LEN)
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (!((name.p[i] >= '0' && name.p[i] <= '9') || (name.p[i] >= 'a' && name.p[i] <= 'f')))
            return false;
    return true;
}

static const char *folder_of(const struct blob_dir *d, struct str name, struct arena *a)
{
    return arena_fmt(a, "%s/%.*s", d->path, STR(str_slice(name, 0, 2))).p;
}

static const char *file_of(const struct blob_dir *d, struct str name, struct arena *a)
{
    return arena_fmt(a, "%s/%.*s", folder_of(d, name, a), STR(name)).p;
}

static int prepare(const char *path)
{
    struct arena a = { 0 };
    const char *tmp = arena_fmt(&a, "%s/tmp", path).p;
    int result = file_remove_tree(tmp);

    if (result == 0)
        result = file_make_dirs(tmp, 0700);
    arena_done(&a);
    TRY(result);
    return 0;
}

int blob_open(const char *path, struct blob_dir **ret)
{
    TRY(prepare(path));
    struct blob_dir *d = calloc(1, sizeof(*d));
    if (!d)
        abort();
    pthread_mutex_init(&d->lock, NULL);
    d->path = strdup(path);
    if (!d->path)
        abort();
    *ret = d;
    return 0;
}

void blob_close(struct blob_dir *d)
{
    if (!d)
        return;
    pthread_mutex_destroy(&d->lock);
    free(d->path);
    free(d);
}

/* --- writing -------------------------------------------------------------- */

static int outcome_of(int error, const char *path)
{
    if (error == ENOSPC || error == EDQUOT || error == EFBIG)
        return BLOB_FULL;
    return err_fault(error, "cannot write %s: %s", path, strerror(error));
}

static int write_and_sync(int fd, struct str bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.p, bytes.len);
        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            bytes = str_from(bytes, (size_t)n);
    }
    return fsync(fd) == 0 ? 0 : errno;
}

/* Written under a name nobody looks for, then moved to its own. */
static int store(struct blob_dir *d, struct str name, struct str bytes, struct arena *a)
{
    char *temporary = (char *)(uintptr_t)arena_fmt(a, "%s/tmp/XXXXXX", d->path).p;
    const char *folder = folder_of(d, name, a), *file = file_of(d, name, a);
    int fd = mkostemp(temporary, O_CLOEXEC);

    if (fd < 0)
        return outcome_of(errno, temporary);
    int error = write_and_sync(fd, bytes);
    if (close(fd) != 0 && !error)
        error = errno;
    bool is_new_folder = !error && mkdir(folder, 0700) == 0;
    if (!error && !is_new_folder && errno != EEXIST)
        error = errno;
    pthread_mutex_lock(&d->lock);
    if (!error && rename(temporary, file) != 0)
        error = errno;
    pthread_mutex_unlock(&d->lock);
    if (error) {
        unlink(temporary);
        return outcome_of(error, file);
    }
    if (is_new_folder)
        TRY(file_sync_dir(d->path));
    TRY(file_sync_dir(folder));
    return 0;
}

/* A blob that is there is durable: its rename came after its sync. Its time is
 * renewed, so that a sweep under way leaves it to its new referrer. */
static bool renew(struct blob_dir *d, struct str name, struct str bytes, struct arena *a)
{
    struct stat st;
    const char *file = file_of(d, name, a);

    pthread_mutex_lock(&d->lock);
    bool is_there = stat(file, &st) == 0 && st.st_size == (off_t)bytes.len &&
                    utimensat(AT_FDCWD, file, NULL, 0) == 0;
    pthread_mutex_unlock(&d->lock);
    return is_there;
}

int blob_put(struct blob_dir *d, struct str bytes, struct arena *a, struct str *ret_name)
{
    struct str name = sha256_hex(a, bytes);

    if (!renew(d, name, bytes, a))
        PASS(store(d, name, bytes, a));
    *ret_name = name;
    return 0;
}

/* --- reading -------------------------------------------------------------- */

int blob_get(struct blob_dir *d, struct str name, size_t limit, struct arena *a,
             struct str *ret_bytes)
{
    struct str bytes = { 0 };

    if (!is_name(name))
        return BLOB_NONE;
    int result = file_read(a, file_of(d, name, a), limit, &bytes);
    if (result == FILE_ABSENT)
        return BLOB_NONE;
    if (result == FILE_TOO_LARGE)
        return BLOB_TOO_LARGE;
    TRY(result);
    if (!str_eq(sha256_hex(a, bytes), name))
        return err_fault(EUCLEAN, "the blob %.*s is damaged", STR(name));
    *ret_bytes = bytes;
    return 0;
}

bool blob_exists(struct blob_dir *d, struct str name)
{
    struct arena a = { 0 };
    bool exists = is_name(name) && file_exists(file_of(d, name, &a));

    arena_done(&a);
    return exists;
}

int blob_path(struct blob_dir *d, struct str name, struct arena *a, struct str *ret)
{
    if (!blob_exists(d, name))
        return BLOB_NONE;
    *ret = str_of(file_of(d, name, a));
    return 0;
}

/* --- sweeping ------------------------------------------------------------- */

struct sweep {
    msec before;
    bool (*keep)(void *context, struct str name);
    void *context;
    size_t n_removed;
};

static int remove_if_old(int dir, const char *name, struct sweep *s)
{
    struct stat st;

    if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? 0 : FAULT(errno);
    msec put_at = (msec)st.st_mtim.tv_sec * MSEC_SECOND + st.st_mtim.tv_nsec / 1000000;
    if (put_at >= s->before)
        return 0;
    if (unlinkat(dir, name, 0) == 0)
        s->n_removed++;
    else if (errno != ENOENT)
        return FAULT(errno);
    return 0;
}

/* Asked to keep first, timed then: a blob put again in between is young. */
static int sweep_file(struct blob_dir *d, int dir, const char *name, struct sweep *s)
{
    if (!is_name(str_of(name)) || s->keep(s->context, str_of(name)))
        return 0;
    pthread_mutex_lock(&d->lock);
    int result = remove_if_old(dir, name, s);
    pthread_mutex_unlock(&d->lock);
    TRY(result);
    return 0;
}

static int sweep_folder(struct blob_dir *d, const char *path, struct sweep *s)
{
    DIR *dir = opendir(path);
    struct dirent *e;
    int result = 0;

    if (!dir)
        return errno == ENOENT ? 0 : FAULT(errno);
    while (result == 0 && (e = readdir(dir)))
        result = sweep_file(d, dirfd(dir), e->d_name, s);
    closedir(dir);
    TRY(result);
    return 0;
}

int blob_sweep(struct blob_dir *d, msec before, bool (*keep)(void *context, struct str name),
               void *context, size_t *ret_removed)
{
    struct sweep s = { before, keep, context, 0 };
    struct arena a = { 0 };
    int result = 0;

    for (unsigned i = 0; i < 256 && result == 0; i++)
        result = sweep_folder(d, arena_fmt(&a, "%s/%02x", d->path, i).p, &s);
    arena_done(&a);
    TRY(result);
    *ret_removed = s.n_removed;
    return 0;
}
