/* SPDX-License-Identifier: Apache-2.0 */
#include "patch/reboot.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "patch/proc_text.h"
#include "patch/stale.h"
#include "sys/file.h"

#define SMALL_FILE ((size_t)64 * 1024)
#define STAT_MAX   ((size_t)1024 * 1024) /* /proc/stat has a line for each processor */

static void add_reason(struct arena *a, struct reboot_facts *facts, struct str reason)
{
    struct str *more = arena_array(a, struct str, facts->reasons.count + 1);

    if (facts->reasons.count > 0)
        memcpy(more, facts->reasons.items, facts->reasons.count * sizeof(*more));
    more[facts->reasons.count++] = reason;
    facts->reasons.items = more;
}

/* ---- what packages asked for ---- */

/* Debian's file, and the one that zypper makes for what `zypper needs-rebooting` tells. */
static void read_flag(struct arena *a, const struct host *host, struct reboot_facts *facts)
{
    static const char *const flags[] = { "/run/reboot-required", "/var/run/reboot-required",
                                         "/run/reboot-needed" };
    const char *flag = NULL;
    struct str text;

    for (size_t i = 0; i < ARRAY_LEN(flags) && !flag; i++)
        if (file_exists(host_path(a, host, flags[i])))
            flag = flags[i];
    facts->is_flagged = flag != NULL;
    if (!flag)
        return;
    if (file_read(a, host_path(a, host, "/run/reboot-required.pkgs"), SMALL_FILE, &text) == 0)
        facts->flagged_by = proc_package_names(a, text, REBOOT_MAX_PACKAGES);
    add_reason(a, facts,
               facts->flagged_by.count > 0
                   ? arena_fmt(a, "%s was set by %.*s", flag,
                               STR(arena_join(a, facts->flagged_by, S(", "))))
                   : arena_fmt(a, "%s is there", flag));
}

/* ---- when this system came up ---- */

/* The start of the first process: in a container or another PID namespace that is
 * when the system there came up, which the machine's boot time is not. 0: unknown. */
static msec up_since(struct arena *a, const struct host *host)
{
    long ticks = sysconf(_SC_CLK_TCK);
    int64_t boot, start;
    struct str text;

    if (file_read(a, host_path(a, host, "/proc/stat"), STAT_MAX, &text) != 0 ||
        !proc_boot_time(text, &boot) || boot < 0 || boot > INT32_MAX * (int64_t)8)
        return 0;
    if (file_read(a, host_path(a, host, "/proc/1/stat"), SMALL_FILE, &text) != 0 ||
        !proc_stat_field(text, 22, &start) || start < 0 || ticks <= 0)
        return boot * MSEC_SECOND;
    return (boot + start / ticks) * MSEC_SECOND;
}

/* ---- the kernel ---- */

static void consider(struct arena *a, struct reboot_facts *facts, struct str release)
{
    if (!str_eq(proc_release_flavour(release), proc_release_flavour(facts->running)))
        return;
    if (!str_is_set(facts->newest) || proc_release_cmp(release, facts->newest) > 0)
        facts->newest = arena_dup(a, release);
}

/* A kernel is installed where its image is: modules alone may be left over. */
static bool find_kernels(struct arena *a, const struct host *host, struct reboot_facts *facts)
{
    DIR *boot = opendir(host_path(a, host, "/boot"));
    DIR *modules = opendir(host_path(a, host, "/lib/modules"));
    bool is_running_there = false;
    struct dirent *entry;

    while (boot && (entry = readdir(boot))) {
        struct str name = str_of(entry->d_name);

        if (!str_starts(name, S("vmlinuz-")) || str_ends(name, S(".old")))
            continue;
        name = str_from(name, strlen("vmlinuz-"));
        consider(a, facts, name);
        is_running_there = is_running_there || str_eq(name, facts->running);
    }
    while (modules && (entry = readdir(modules))) {
        const char *image = arena_fmt(a, "/lib/modules/%s/vmlinuz", entry->d_name).p;

        if (entry->d_name[0] == '.' || !file_exists(host_path(a, host, image)))
            continue;
        consider(a, facts, str_of(entry->d_name));
        is_running_there = is_running_there || str_eq(str_of(entry->d_name), facts->running);
    }
    if (boot)
        closedir(boot);
    if (modules)
        closedir(modules);
    return is_running_there;
}

/* An update may keep the release's name, which is that of its ABI; the file tells. */
static bool is_replaced(struct arena *a, const struct host *host, struct str release, msec up)
{
    const char *image = arena_fmt(a, "/boot/vmlinuz-%.*s", STR(release)).p;
    struct stat st;

    return up != 0 && stat(host_path(a, host, image), &st) == 0 &&
           (msec)st.st_ctim.tv_sec * MSEC_SECOND > up;
}

/* Where the running kernel is none of this system's (a container, a kernel from
 * outside), what is installed says nothing. */
static bool read_kernel(struct arena *a, const struct host *host, struct reboot_facts *facts,
                        msec up)
{
    struct str running = host_kernel(a, host);

    if (str_is_empty(running))
        return false;
    facts->running = running;
    if (!find_kernels(a, host, facts)) {
        facts->newest = (struct str){ 0 };
        return false;
    }
    facts->is_kernel_replaced = is_replaced(a, host, facts->running, up);
    if (!str_eq(facts->newest, facts->running))
        add_reason(a, facts,
                   arena_fmt(a, "kernel %.*s runs, and %.*s is installed", STR(facts->running),
                             STR(facts->newest)));
    else if (facts->is_kernel_replaced)
        add_reason(
            a, facts,
            arena_fmt(a, "kernel %.*s was replaced since it was started", STR(facts->running)));
    return true;
}

/* ---- packages ---- */

/* What `needs-restarting -r` looks for, with Debian's names of the same. */
static bool needs_reboot(struct str name)
{
    static const struct str names[] = {
        S_INIT("kernel"),
        S_INIT("kernel-core"),
        S_INIT("kernel-rt"),
        S_INIT("kernel-default"),
        S_INIT("linux-firmware"),
        S_INIT("firmware-linux*"),
        S_INIT("linux-image-*"),
        S_INIT("systemd"),
        S_INIT("udev"),
        S_INIT("dbus"),
        S_INIT("dbus-broker"),
        S_INIT("dbus-daemon"),
        S_INIT("dbus-1"),
        S_INIT("glibc"),
        S_INIT("libc6"),
        S_INIT("hal"),
        S_INIT("microcode_ctl"),
        S_INIT("intel-microcode"),
        S_INIT("amd64-microcode"),
    };

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (str_glob(names[i], name))
            return true;
    return false;
}

static void read_packages(struct arena *a, const struct packages *packages, msec up,
                          struct reboot_facts *facts)
{
    struct strs *changed = &facts->changed_since_boot;
    size_t capacity = 0;

    for (size_t i = 0; up != 0 && i < packages->count; i++) {
        const struct package *p = &packages->items[i];

        if (p->installed_at <= up || !needs_reboot(p->facts.name) ||
            changed->count >= REBOOT_MAX_PACKAGES || strs_have(*changed, p->facts.name))
            continue;
        changed->items = ARENA_GROW(a, changed->items, changed->count, &capacity);
        changed->items[changed->count++] = p->facts.name;
    }
    if (changed->count > 0)
        add_reason(a, facts,
                   arena_fmt(a, "installed since the system came up: %.*s",
                             STR(arena_join(a, *changed, S(", ")))));
}

struct reboot_facts reboot_read(struct arena *a, const struct host *host,
                                const struct packages *packages)
{
    struct reboot_facts facts = { 0 };
    msec up = up_since(a, host);
    bool is_kernel_known;

    read_flag(a, host, &facts);
    is_kernel_known = read_kernel(a, host, &facts, up);
    if (packages)
        read_packages(a, packages, up, &facts);
    stale_read(a, host_path(a, host, "/proc"), &facts);
    if (facts.reasons.count > 0)
        facts.verdict = REBOOT_NEEDED;
    else
        facts.verdict = is_kernel_known ? REBOOT_NOT_NEEDED : REBOOT_UNKNOWN;
    return facts;
}

/* ---- telling ---- */

const char *reboot_verdict_name(enum reboot_verdict verdict)
{
    switch (verdict) {
    case REBOOT_UNKNOWN:
        return "Unknown";
    case REBOOT_NOT_NEEDED:
        return "NotNeeded";
    case REBOOT_NEEDED:
        return "Needed";
    }
    return "Unknown";
}

struct str reboot_text(struct arena *a, const struct reboot_facts *facts)
{
    struct buf out = buf_in(a);

    if (facts->verdict == REBOOT_NOT_NEEDED)
        buf_lit(&out, "reboot: nothing on this host asks for one\n");
    else if (facts->verdict == REBOOT_UNKNOWN)
        buf_lit(&out, "reboot: nothing asks for one, but the running kernel is not one of those "
                      "installed here\n");
    for (size_t i = 0; i < facts->reasons.count; i++)
        buf_fmt(&out, "reboot needed: %.*s\n", STR(facts->reasons.items[i]));
    for (size_t i = 0; i < facts->n_stale; i++) {
        const struct stale_user *user = &facts->stale[i];

        buf_fmt(&out, "old code in use: %.*s (%zu processes): %.*s%s\n", STR(user->name),
                user->n_processes, STR(user->files.items[0]), user->files.count > 1 ? ", ..." : "");
    }
    if (facts->n_unseen > 0)
        buf_fmt(&out, "not looked into, for lack of permission: %zu of the processes\n",
                facts->n_unseen);
    return buf_str(&out);
}

static struct value *stale_json(struct arena *a, const struct stale_user *user)
{
    struct value *v = value_map(a);

    value_set_str(a, v, S("name"), user->name);
    value_set_str(a, v, S("kind"), user->is_unit ? S("unit") : S("process"));
    value_set_str(a, v, S("pids"), user->pids);
    value_set_int(a, v, S("processes"), (int64_t)user->n_processes);
    value_set(a, v, S("files"), value_strings(a, user->files));
    return v;
}

struct value *reboot_json(struct arena *a, const struct reboot_facts *facts)
{
    struct value *v = value_map(a), *stale = value_list(a);

    value_set_str(a, v, S("reboot"), str_of(reboot_verdict_name(facts->verdict)));
    value_set(a, v, S("reasons"), value_strings(a, facts->reasons));
    value_set_bool(a, v, S("rebootRequiredFile"), facts->is_flagged);
    value_set(a, v, S("rebootRequiredBy"), value_strings(a, facts->flagged_by));
    if (str_is_set(facts->running))
        value_set_str(a, v, S("runningKernel"), facts->running);
    if (str_is_set(facts->newest))
        value_set_str(a, v, S("newestKernel"), facts->newest);
    value_set_bool(a, v, S("kernelReplaced"), facts->is_kernel_replaced);
    value_set(a, v, S("changedSinceBoot"), value_strings(a, facts->changed_since_boot));
    for (size_t i = 0; i < facts->n_stale; i++)
        value_append(a, stale, stale_json(a, &facts->stale[i]));
    value_set(a, v, S("oldCodeInUse"), stale);
    value_set_int(a, v, S("processesNotSeen"), (int64_t)facts->n_unseen);
    value_set_bool(a, v, S("cut"), facts->is_cut);
    return v;
}
