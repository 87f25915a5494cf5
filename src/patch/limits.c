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

/* For all together where there are control groups; else for each process, which is less: many
 * may have it. And what is set on processes stays with those that outlive the install. */
static void limit_memory(struct arena *a, const struct settings *settings, bool is_systemd,
                         struct limits *limits, struct buf *out)
{
    long long mib = settings->memory_limit / 1024 / 1024;
    struct str why = S("");

    if (mib == 0)
        return;
    if (memory_group_open(a, settings->memory_limit, &limits->group, &why) == 0) {
        say(out, true, arena_fmt(a, "memory %lld MiB for all together (control group)", mib).p);
    } else if (is_systemd) {
        limits->memory = settings->memory_limit;
        say(out, true, arena_fmt(a, "memory %lld MiB for each process (%.*s)", mib, STR(why)).p);
    }
}

struct limits limits_apply(struct arena *a, const struct settings *settings)
{
    bool is_systemd = file_exists("/run/systemd/system");
    struct limits limits = { 0 };
    struct buf out = buf_in(a);

    if (is_systemd) {
        be_nice(a, settings->niceness, &out);
        be_nice_to_disks(a, settings->io_level, &out);
    }
    limit_memory(a, settings, is_systemd, &limits, &out);
    limits.text = out.len > 0 ? buf_str(&out) : S("none");
    if (!is_systemd)
        limits.text =
            arena_fmt(a, "%.*s: without systemd, services that packages restart would keep %s",
                      STR(limits.text), limits.group.dir ? "others" : "them");
    return limits;
}

const struct memory_group *limits_group(const struct limits *limits)
{
    return limits->group.dir ? &limits->group : NULL;
}

void limits_end(struct arena *a, struct limits *limits)
{
    memory_group_close(a, &limits->group);
}
