/* SPDX-License-Identifier: Apache-2.0 */
/* Small files and folders, and the words for what went wrong with them. */
#include "hosthold.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int why_set(struct why *why, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);
    return -1;
}

int why_errno(struct why *why, const char *fmt, ...)
{
    int saved = errno;
    va_list args;

    va_start(args, fmt);
    int used = vsnprintf(why->text, sizeof(why->text), fmt, args);
    va_end(args);

    size_t at = used < 0 ? 0 : (size_t)used;
    if (at < sizeof(why->text))
        snprintf(why->text + at, sizeof(why->text) - at, ": %s", strerror(saved));
    return -1;
}

void text_copy(char *to, size_t size, const char *from)
{
    size_t n = strnlen(from, size - 1);

    memcpy(to, from, n);
    to[n] = '\0';
}

int file_read(const char *path, char *buf, size_t size, struct why *why)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return why_errno(why, "cannot open %s", path);

    size_t used = 0;
    ssize_t n = 1;
    while (n > 0 && used < size - 1) {
        n = read(fd, buf + used, size - 1 - used);
        used += n > 0 ? (size_t)n : 0;
    }
    close(fd);
    buf[used] = '\0';
    return n < 0 ? why_errno(why, "cannot read %s", path) : 0;
}

int file_write(const char *path, const char *text, struct why *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0)
        return why_errno(why, "cannot create %s", path);

    size_t size = strlen(text);
    ssize_t n = write(fd, text, size);
    close(fd);
    return n != (ssize_t)size ? why_errno(why, "cannot write %s", path) : 0;
}

int file_make_dirs(const char *path, struct why *why)
{
    char copy[4096];

    if (snprintf(copy, sizeof(copy), "%s", path) >= (int)sizeof(copy))
        return why_set(why, "path too long: %s", path);
    for (char *at = copy + 1; *at; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            return why_errno(why, "cannot create %s", copy);
        *at = '/';
    }
    if (mkdir(copy, 0755) != 0 && errno != EEXIST)
        return why_errno(why, "cannot create %s", copy);
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

int file_remove_tree(const char *path, struct why *why)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS | FTW_MOUNT) != 0 && errno != ENOENT)
        return why_errno(why, "cannot remove %s", path);
    return 0;
}
