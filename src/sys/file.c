/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_DEPTH 256 /* of a tree to remove */

static int failed(int error, const char *what, const char *path)
{
    return err_fault(error, "cannot %s %s: %s", what, path, strerror(error));
}

static bool is_full(int error)
{
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

/* --- reading -------------------------------------------------------------- */

/* The size that stat() tells is a hint: files in /proc have none. */
static int read_fd(struct arena *a, int fd, const char *path, size_t limit, struct str *ret)
{
    struct stat st;
    size_t len = 0, size = 4096;

    if (fstat(fd, &st) != 0)
        return failed(errno, "read", path);
    if (S_ISREG(st.st_mode) && st.st_size > 0) {
        if ((uint64_t)st.st_size > limit)
            return FILE_TOO_LARGE;
        size = (size_t)st.st_size + 2; /* one more to see the end, one for NUL */
    }
    char *bytes = arena_alloc(a, size);
    for (;;) {
        ssize_t n = read(fd, bytes + len, size - 1 - len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return failed(errno, "read", path);
        if (n == 0)
            break;
        len += (size_t)n;
        if (len > limit)
            return FILE_TOO_LARGE;
        if (len == size - 1) {
            char *more = arena_alloc(a, size * 2);
            memcpy(more, bytes, len);
            bytes = more;
            size *= 2;
        }
    }
    *ret = (struct str){ bytes, len };
    return 0;
}

int file_read(struct arena *a, const char *path, size_t limit, struct str *ret)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return FILE_ABSENT;
    if (fd < 0)
        return failed(errno, "open", path);
    int result = read_fd(a, fd, path, limit, ret);
    close(fd);
    PASS(result);
    return 0;
}

bool file_exists(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0;
}

/* --- writing -------------------------------------------------------------- */

static int write_all(int fd, struct str data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.p, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data = str_from(data, (size_t)n);
    }
    return 0;
}

static struct str parent_of(struct arena *a, const char *path)
{
    struct str p = str_of(path);
    ptrdiff_t slash = str_rfind(p, '/');

    if (slash < 0)
        return S(".");
    return slash == 0 ? S("/") : arena_dup(a, str_slice(p, 0, (size_t)slash));
}

int file_sync_dir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return failed(errno, "open", path);
    int error = fsync(fd) == 0 ? 0 : errno;
    close(fd);
    return error ? failed(error, "sync", path) : 0;
}

static int fill(int fd, struct str data, mode_t mode)
{
    int error = write_all(fd, data);
    if (!error && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        error = errno;
    return error;
}

static int write_beside(struct arena *a, const char *path, struct str data, mode_t mode)
{
    char *temporary = (char *)(uintptr_t)arena_fmt(a, "%s.XXXXXX", path).p;
    int fd = mkostemp(temporary, O_CLOEXEC);

    if (fd < 0)
        return is_full(errno) ? FILE_NO_SPACE : failed(errno, "create", temporary);
    int error = fill(fd, data, mode);
    if (close(fd) != 0 && !error)
        error = errno;
    if (!error && rename(temporary, path) != 0)
        error = errno;
    if (error) {
        unlink(temporary);
        return is_full(error) ? FILE_NO_SPACE : failed(error, "write", path);
    }
    TRY(file_sync_dir(parent_of(a, path).p));
    return 0;
}

int file_write(const char *path, struct str data, mode_t mode)
{
    struct arena a = { 0 };
    int result = write_beside(&a, path, data, mode);

    arena_done(&a);
    PASS(result);
    return 0;
}

/* --- folders -------------------------------------------------------------- */

static int make_dir(struct arena *a, const char *path, mode_t mode)
{
    if (mkdir(path, mode) == 0) {
        TRY(file_sync_dir(parent_of(a, path).p));
        return 0;
    }
    struct stat st;
    if (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode))
        return 0;
    return failed(errno, "make the folder", path);
}

int file_make_dirs(const char *path, mode_t mode)
{
    struct arena a = { 0 };
    struct str all = str_of(path);
    int result = 0;

    for (size_t i = 1; i <= all.len && result == 0; i++)
        if ((i == all.len || all.p[i] == '/') && all.p[i - 1] != '/')
            result = make_dir(&a, arena_cstr(&a, str_slice(all, 0, i)), mode);
    arena_done(&a);
    TRY(result);
    return 0;
}

/* --- removing ------------------------------------------------------------- */

int file_remove(const char *path)
{
    if (unlink(path) != 0 && errno != ENOENT && errno != ENOTDIR)
        return failed(errno, "remove", path);
    return 0;
}

/* A bind mount is told from a folder by its mount, not by its device. */
static int mount_of(int dir, const char *name, uint64_t *ret)
{
    struct statx st;

    if (statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_MNT_ID, &st) != 0)
        return errno;
    if (!(st.stx_mask & STATX_MNT_ID))
        return ENOSYS;
    *ret = st.stx_mnt_id;
    return 0;
}

/* These return an errno. Nothing is followed, and a mount that was left behind
 * is an error, not emptied. */
static int remove_at(int dir, const char *name, uint64_t mount, int depth);

static int remove_entries(int fd, uint64_t mount, int depth)
{
    DIR *d = fdopendir(fd);
    struct dirent *e;
    int error = 0;

    if (!d) {
        error = errno;
        close(fd);
        return error;
    }
    while (!error && (errno = 0, e = readdir(d)))
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            error = remove_at(dirfd(d), e->d_name, mount, depth + 1);
    if (!error)
        error = errno;
    closedir(d);
    return error;
}

static int remove_dir(int dir, const char *name, uint64_t mount, int depth)
{
    uint64_t its_mount = 0;
    int fd = openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno;
    int error = mount_of(fd, "", &its_mount);
    if (!error && its_mount != mount)
        error = EXDEV;
    if (!error && depth > MAX_DEPTH)
        error = ELOOP;
    if (error) {
        close(fd);
        return error;
    }
    error = remove_entries(fd, mount, depth);
    if (!error && unlinkat(dir, name, AT_REMOVEDIR) != 0 && errno != ENOENT)
        error = errno;
    return error;
}

static int remove_at(int dir, const char *name, uint64_t mount, int depth)
{
    if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
        return 0;
    if (errno != EISDIR && errno != EPERM)
        return errno;
    return remove_dir(dir, name, mount, depth);
}

int file_remove_tree(const char *path)
{
    uint64_t mount = 0;
    int error = mount_of(AT_FDCWD, path, &mount);

    if (!error)
        error = remove_at(AT_FDCWD, path, mount, 0);
    if (error && error != ENOENT)
        return failed(error, "remove", path);
    return 0;
}

/* --- locks ---------------------------------------------------------------- */

int file_lock(const char *path, int *ret_fd)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return failed(errno, "open", path);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int error = errno;
        close(fd);
        return error == EWOULDBLOCK ? FILE_LOCKED : failed(error, "lock", path);
    }
    *ret_fd = fd;
    return 0;
}

void file_unlock(int fd)
{
    if (fd >= 0)
        close(fd);
}
