/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"

void disk_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

/* Files of /proc have no size, so it is not asked for. */
static int read_all(struct arena *a, int fd, size_t max, struct str *ret)
{
    struct buf text = buf_in(a);
    char chunk[8192];

    for (;;) {
        ssize_t n = read(fd, chunk, sizeof(chunk));

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAULT(errno);
        if (n == 0)
            break;
        if (text.len + (size_t)n > max)
            return DISK_TOO_LARGE;
        buf_add(&text, (struct str){ chunk, (size_t)n });
    }
    *ret = buf_str(&text);
    return 0;
}

int disk_read(struct arena *a, const char *path, size_t max, struct str *ret)
{
    CLEANUP(disk_closep) int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == EACCES))
        return DISK_NONE;
    if (fd < 0)
        return err_fault(errno, "cannot open %s", path);
    return read_all(a, fd, max, ret);
}

static int write_all(int fd, struct str content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.p, content.len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return FAULT(errno);
        content = str_from(content, (size_t)n);
    }
    return fsync(fd) < 0 ? FAULT(errno) : 0;
}

static int write_new(const char *path, struct str content)
{
    CLEANUP(disk_closep) int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0)
        return err_fault(errno, "cannot write %s", path);
    return write_all(fd, content);
}

static int sync_directory(struct arena *a, const char *path)
{
    ptrdiff_t slash = str_rfind(str_of(path), '/');
    struct str parent = slash > 0 ? str_slice(str_of(path), 0, (size_t)slash) : S("/");
    CLEANUP(disk_closep) int fd = open(arena_cstr(a, parent), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (fd < 0 || fsync(fd) < 0)
        return FAULT(errno);
    return 0;
}

int disk_replace(struct arena *a, const char *path, struct str content)
{
    const char *temporary = arena_fmt(a, "%s.new", path).p;

    TRY(write_new(temporary, content));
    if (rename(temporary, path) < 0)
        return err_fault(errno, "cannot replace %s", path);
    return sync_directory(a, path);
}

int disk_make_directory(struct arena *a, const char *path)
{
    struct str whole = str_of(path);

    for (size_t i = 1; i <= whole.len; i++)
        if (i == whole.len || path[i] == '/') {
            const char *part = arena_cstr(a, str_slice(whole, 0, i));

            if (mkdir(part, 0755) < 0 && errno != EEXIST)
                return err_fault(errno, "cannot make the directory %s", part);
        }
    return 0;
}

static int64_t read_owner(int fd)
{
    char text[32];
    ssize_t n = pread(fd, text, sizeof(text), 0);
    int64_t pid;

    return n > 0 && str_to_int(str_trim((struct str){ text, (size_t)n }), &pid) ? pid : 0;
}

int disk_lock(const char *path, int *ret_fd, int64_t *ret_owner)
{
    char text[32];
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int len = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    if (fd < 0)
        return err_fault(errno, "cannot open %s", path);
    if (fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        *ret_owner = read_owner(fd);
        close(fd);
        return DISK_LOCKED;
    }
    if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)len, 0) != len) {
        int saved = errno;

        close(fd);
        return FAULT(saved);
    }
    *ret_fd = fd;
    return 0;
}
