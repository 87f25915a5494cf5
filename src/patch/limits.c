/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/limits.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/buf.h"
#include "sys/file.h"

/* The C library has no ioprio_set(2). */
#define IO_WHO_PROCESS       1
#define IO_CLASS_BEST_EFFORT 2
#define IO_CLASS_IDLE        3
#define IO_CLASS_SHIFT       13

static void say(struct buf *out, bool done, const char *what)
{
    buf_fmt(out, "%s%s", out->len > 0 ? ", " : "", what);
    if (!done)
        buf_fmt(out, " refused (%s)", strerror(errno));
}

static void be_nice(struct arena *a, int niceness, struct buf *out)
{
    int now = getpriority(PRIO_PROCESS, 0);

    if (niceness <= now)
        return;
    say(out, setpriority(PRIO_PROCESS, 0, niceness) == 0, arena_fmt(a, "nice %d", niceness).p);
}

static void be_nice_to_disks(struct arena *a, int level, struct buf *out)
{
    bool idle = level == SETTINGS_IO_IDLE;
    int priority = (idle ? IO_CLASS_IDLE : IO_CLASS_BEST_EFFORT) << IO_CLASS_SHIFT;

    if (level == SETTINGS_IO_NONE)
        return;
    if (!idle)
        priority |= level;
    say(out, syscall(SYS_ioprio_set, IO_WHO_PROCESS, 0, priority) == 0,
        idle ? "ionice idle" : arena_fmt(a, "ionice best-effort %d", level).p);
}

struct limits limits_apply(struct arena *a, const struct settings *settings)
{
    struct limits limits = { .memory = settings->memory_limit };
    struct buf out = buf_in(a);

    if (!file_exists("/run/systemd/system"))
        return (struct limits){
            .text = S("none: without systemd, services that packages restart would keep them"),
        };
    be_nice(a, settings->niceness, &out);
    be_nice_to_disks(a, settings->io_level, &out);
    if (limits.memory > 0)
        say(&out, true,
            arena_fmt(a, "memory %lld MiB for each process",
                      (long long)(limits.memory / 1024 / 1024))
                .p);
    limits.text = out.len > 0 ? buf_str(&out) : S("none");
    return limits;
}
