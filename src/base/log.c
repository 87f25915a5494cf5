/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/time.h"

static atomic_int max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
    atomic_store(&max_level, (int)level);
}

/* systemd names what it connected; standard error may have gone elsewhere since. */
static bool is_journal(void)
{
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat st;

    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
           fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
}

/* What others wrote may be quoted in a message; it does not make lines of its own. */
static void one_line(char *text)
{
    for (char *p = text; *p; p++)
        if ((unsigned char)*p < ' ' || *p == 0x7f)
            *p = ' ';
}

void log_at(enum log_level level, const char *fmt, ...)
{
    if ((int)level > atomic_load(&max_level))
        return;

    char text[4096];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof(text), fmt, args);
    va_end(args);

    one_line(text);
    if (is_journal()) {
        fprintf(stderr, "<%d>%s\n", (int)level, text);
        return;
    }
    struct timespec now;
    struct arena a = { 0 };
    clock_gettime(CLOCK_REALTIME, &now);
    msec t = (msec)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    fprintf(stderr, "%s %s\n", time_iso_ms(&a, t).p, text);
    arena_done(&a);
}
