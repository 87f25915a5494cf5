/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control groups of a host with systemd: in each hierarchy that it needs one group
 * below our own, which is the root of what the host sees.
 *
 * Where the machine has its memory controller in a hierarchy of version 1 the host gets
 * systemd's "hybrid" arrangement, else version 2 alone. Hierarchies are mounted here and
 * nowhere else: the machine need not have them mounted.
 */
#include "hosthold.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PREFIX "testbed-"

static bool is_v2(const struct hierarchy *h)
{
    return !h->keys[0];
}

static bool is_named(const struct hierarchy *h)
{
    return strncmp(h->keys, "name=", 5) == 0;
}

/* The folder where systemd looks for it. */
static const char *name_of(const struct hierarchy *h)
{
    return is_v2(h) ? "unified" : is_named(h) ? h->keys + 5 : h->keys;
}

static struct hierarchy *find(struct groups *g, const char *keys)
{
    for (size_t i = 0; i < g->count; i++)
        if (strcmp(g->hierarchies[i].keys, keys) == 0)
            return &g->hierarchies[i];
    return NULL;
}

static void add(struct groups *g, const char *keys, const char *own)
{
    struct hierarchy *h = &g->hierarchies[g->count];

    if (g->count == GROUPS_MAX)
        return;
    *h = (struct hierarchy){ .parent = -1 };
    text_copy(h->keys, sizeof(h->keys), keys);
    text_copy(h->own, sizeof(h->own), own);
    g->count++;
}

/* Lines "7:memory:/path" of /proc/self/cgroup: all hierarchies there are, since systemd
 * makes groups in each that it finds. */
static int list_hierarchies(struct groups *g, struct why *why)
{
    char text[8192], *rest = text, *line;

    if (file_read("/proc/self/cgroup", text, sizeof(text), why) != 0)
        return -1;
    while ((line = strsep(&rest, "\n"))) {
        char *keys = strchr(line, ':'), *own = keys ? strchr(keys + 1, ':') : NULL;
        if (!own)
            continue;
        *own++ = '\0';
        add(g, keys + 1, own);
    }
    if (!find(g, ""))
        return why_set(why, "this machine has no cgroup2, which a host with systemd needs");
    g->is_unified = !find(g, "memory");
    if (g->is_unified) {
        g->hierarchies[0] = *find(g, "");
        g->count = 1;
    } else if (!find(g, "name=systemd")) {
        add(g, "name=systemd", "/"); /* to mount it makes it */
    }
    return 0;
}

/* A mount that is nowhere in the tree: gone with its descriptor. */
static int mount_hierarchy(const struct hierarchy *h, struct why *why)
{
    char keys[sizeof(h->keys)], *rest = keys, *key;
    int fs = (int)syscall(SYS_fsopen, is_v2(h) ? "cgroup2" : "cgroup", FSOPEN_CLOEXEC);
    long result = fs < 0 ? -1 : 0;

    text_copy(keys, sizeof(keys), h->keys);
    if (result == 0 && is_named(h)) {
        result = syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, "none", NULL, 0);
        if (result == 0)
            result = syscall(SYS_fsconfig, fs, FSCONFIG_SET_STRING, "name", name_of(h), 0);
    }
    while (result == 0 && !is_named(h) && (key = strsep(&rest, ",")))
        if (key[0])
            result = syscall(SYS_fsconfig, fs, FSCONFIG_SET_FLAG, key, NULL, 0);
    if (result == 0)
        result = syscall(SYS_fsconfig, fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0);
    if (result == 0)
        result = syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0);
    if (result < 0)
        why_errno(why,
                  "this machine does not give us its control groups (%s), which a host with "
                  "systemd needs; run as root with CAP_SYS_ADMIN",
                  name_of(h));
    if (fs >= 0)
        close(fs);
    return (int)result;
}

static void remove_tree(int parent, const char *name)
{
    int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            remove_tree(fd, entry->d_name);
    if (dir)
        closedir(dir);
    unlinkat(parent, name, AT_REMOVEDIR); /* not one with processes in it */
}

/* What supervisors left that were killed. */
static void sweep(int parent)
{
    int fd = openat(parent, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    struct dirent *entry;
    int pid;

    while (dir && (entry = readdir(dir)))
        if (sscanf(entry->d_name, PREFIX "%d", &pid) == 1 && kill(pid, 0) != 0 && errno == ESRCH)
            remove_tree(parent, entry->d_name);
    if (dir)
        closedir(dir);
}

static int write_at(int dir, const char *name, const char *text)
{
    int fd = openat(dir, name, O_WRONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));
    int saved = errno;

    if (fd >= 0)
        close(fd);
    errno = saved;
    return n < 0 ? -1 : 0;
}

/* A new group of cpuset has none, and takes nobody. */
static void copy_cpuset(int parent, const char *name)
{
    static const char *const files[] = { "cpuset.cpus", "cpuset.mems" };
    char text[4096], path[128];

    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        int fd = openat(parent, files[i], O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
        if (fd >= 0)
            close(fd);
        if (n <= 0)
            continue;
        text[n] = '\0';
        snprintf(path, sizeof(path), "%s/%s", name, files[i]);
        (void)write_at(parent, path, text); /* entering it says what is wrong */
    }
}

static int open_group(struct groups *g, struct hierarchy *h, struct why *why)
{
    int root = mount_hierarchy(h, why);
    if (root < 0)
        return -1;
    h->parent = openat(root, h->own[1] ? h->own + 1 : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    close(root);
    if (h->parent < 0)
        return why_errno(why, "cannot open our own control group %s of %s", h->own, name_of(h));
    sweep(h->parent);
    if (mkdirat(h->parent, g->name, 0755) != 0)
        return why_errno(why, "cannot make a control group in %s of %s", h->own, name_of(h));
    if (strcmp(h->keys, "cpuset") == 0)
        copy_cpuset(h->parent, g->name);
    return 0;
}

/* Version 2 gives a group only what its parent hands on. */
static int hand_on(int parent, struct why *why)
{
    if (write_at(parent, "cgroup.subtree_control", "+memory +pids") != 0)
        return why_errno(why, "this machine's cgroup.subtree_control does not hand on the memory "
                              "controller, which a host with systemd needs");
    return 0;
}

int groups_open(struct groups *g, unsigned boot, struct why *why)
{
    *g = (struct groups){ 0 };
    snprintf(g->name, sizeof(g->name), PREFIX "%d-%u", getpid(), boot);
    if (list_hierarchies(g, why) != 0)
        return -1;
    for (size_t i = 0; i < g->count; i++)
        if (open_group(g, &g->hierarchies[i], why) != 0)
            return -1;
    return g->is_unified ? hand_on(g->hierarchies[0].parent, why) : 0;
}

void groups_close(struct groups *g)
{
    for (size_t i = 0; i < g->count; i++) {
        if (g->hierarchies[i].parent < 0)
            continue;
        remove_tree(g->hierarchies[i].parent, g->name);
        close(g->hierarchies[i].parent);
    }
    g->count = 0;
}

int groups_enter(const struct groups *g, struct why *why)
{
    char procs[64];

    snprintf(procs, sizeof(procs), "%s/cgroup.procs", g->name);
    for (size_t i = 0; i < g->count; i++)
        if (write_at(g->hierarchies[i].parent, procs, "0") != 0)
            return why_errno(why, "cannot enter the control group %s of %s", g->name,
                             name_of(&g->hierarchies[i]));
    if (unshare(CLONE_NEWCGROUP) != 0)
        return why_errno(why, "this machine does not let us make a cgroup namespace");
    return 0;
}

int groups_mount(const struct groups *g, struct why *why)
{
    static const char top[] = "/sys/fs/cgroup";
    const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;

    if (g->is_unified)
        return mount("cgroup2", top, "cgroup2", flags, NULL) == 0
                   ? 0
                   : why_errno(why, "cannot mount cgroup2");
    if (mount("tmpfs", top, "tmpfs", flags, "mode=755,size=1m") != 0)
        return why_errno(why, "cannot mount %s", top);
    for (size_t i = 0; i < g->count; i++) {
        const struct hierarchy *h = &g->hierarchies[i];
        char path[128], options[128];

        snprintf(path, sizeof(path), "%s/%s", top, name_of(h));
        snprintf(options, sizeof(options), "%s%s", is_named(h) ? "none," : "", h->keys);
        if (mkdir(path, 0755) != 0 || mount("cgroup", path, is_v2(h) ? "cgroup2" : "cgroup", flags,
                                            is_v2(h) ? NULL : options) != 0)
            return why_errno(why, "cannot mount %s", path);
    }
    return 0;
}

/* Where init is: in its scope, or, in hierarchies without one, in the root. */
static int join_init(const char *hierarchy, struct why *why)
{
    char path[512];

    snprintf(path, sizeof(path), "%s/init.scope/cgroup.procs", hierarchy);
    if (access(path, F_OK) != 0)
        snprintf(path, sizeof(path), "%s/cgroup.procs", hierarchy);
    if (access(path, F_OK) == 0 && write_at(AT_FDCWD, path, "0") != 0)
        return why_errno(why, "cannot enter %s", path);
    return 0;
}

int groups_join_init(struct why *why)
{
    static const char top[] = "/sys/fs/cgroup";
    char path[512];
    struct dirent *entry;
    int result = 0;

    if (access(OUR_SYSTEMD, F_OK) != 0)
        return 0;
    if (access("/sys/fs/cgroup/init.scope", F_OK) == 0)
        return join_init(top, why);
    DIR *dir = opendir(top);
    while (dir && result == 0 && (entry = readdir(dir))) {
        snprintf(path, sizeof(path), "%s/%s", top, entry->d_name);
        if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
            result = join_init(path, why);
    }
    if (dir)
        closedir(dir);
    return result;
}
