/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The root of a host: an overlay of the base root and the host's own disk,
 * with its own /proc, /dev and /run.
 *
 * What comes from the machine is opened before the root changes, and every
 * file is written after it, so that no symbolic link of the host's disk can
 * lead a write of ours out of it.
 */
#include "hosthold.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* What the machine gives the host. */
struct gifts {
    char resolv_conf[4096];
    char boot_id[UUID_LEN + 1];
    char machine_id[UUID_LEN + 1];
    int program; /* this program, as a cloned mount */
};

/* --- in the machine's root --- */

static int new_uuid(char *ret, struct why *why)
{
    if (file_read("/proc/sys/kernel/random/uuid", ret, UUID_LEN + 1, why) != 0)
        return -1;
    return strlen(ret) == UUID_LEN ? 0 : why_set(why, "the kernel gave no uuid");
}

static int clone_mount(const char *source, bool read_only, int *ret, struct why *why)
{
    int tree = open_tree(AT_FDCWD, source, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE);
    if (tree < 0)
        return why_errno(why, "cannot bind %s", source);

    struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
    if (read_only && mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr, sizeof(attr)))
        return why_errno(why, "cannot make %s read-only", source);
    *ret = tree;
    return 0;
}

static int gather(struct host *h, struct gifts *g, struct why *why)
{
    char program[4096];
    ssize_t n = readlink("/proc/self/exe", program, sizeof(program) - 1);
    if (n <= 0)
        return why_errno(why, "cannot read /proc/self/exe");
    program[n] = '\0';

    if (clone_mount(program, true, &g->program, why) != 0)
        return -1;
    for (size_t i = 0; i < h->n_binds; i++)
        if (clone_mount(h->binds[i].source, h->binds[i].read_only, &h->binds[i].tree, why) != 0)
            return -1;
    if (new_uuid(g->boot_id, why) != 0 || new_uuid(g->machine_id, why) != 0)
        return -1;
    if (access("/etc/resolv.conf", F_OK) != 0)
        return 0;
    return file_read("/etc/resolv.conf", g->resolv_conf, sizeof(g->resolv_conf), why);
}

static int loopback_up(struct why *why)
{
    struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) != 0)
        return why_errno(why, "cannot bring up the loopback interface");
    close(fd);
    return 0;
}

static int join_network(const struct host *h, struct why *why)
{
    char path[4096];

    if (h->no_network) {
        if (unshare(CLONE_NEWNET) != 0)
            return why_errno(why, "this machine does not let us make a network namespace");
        return loopback_up(why);
    }
    if (!h->netns)
        return 0;

    snprintf(path, sizeof(path), "/run/netns/%s", h->netns);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
        return why_errno(why, "cannot enter the network namespace %s", path);
    close(fd);
    return 0;
}

static int mount_overlay(const struct host *h, struct why *why)
{
    char options[8192], work[4096];

    if (strpbrk(h->base, ",:\\") || strpbrk(h->dir, ",:\\"))
        return why_set(why, "overlayfs takes no comma, colon or backslash in %s or %s", h->base,
                       h->dir);

    /* Nothing in work/ outlives a mount, but the marker of `volatile` would forbid the next. */
    snprintf(work, sizeof(work), "%s/work", h->dir);
    if (file_remove_tree(work, why) != 0 || file_make_dirs(work, why) != 0)
        return -1;

    /* volatile: no fsync goes to the machine's disk. A power failure of a host leaves the
     * machine's memory as it is, so nothing is lost by it, and dpkg is much faster. */
    snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s/upper,workdir=%s,volatile", h->base,
             h->dir, work);
    if (mount("testbed", "root", "overlay", 0, options) != 0)
        return why_errno(why,
                         "this machine cannot mount overlayfs, which a test host needs (as root, "
                         "with CAP_SYS_ADMIN, on a file system that is not itself an overlay: %s)",
                         h->dir);
    return 0;
}

static int change_root(struct why *why)
{
    if (chdir("root") != 0)
        return why_errno(why, "cannot enter the new root");
    if (syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 || chdir("/") != 0)
        return why_errno(why, "cannot change to the new root");
    return 0;
}

/* --- in the host's root --- */

static int mount_at(const char *type, const char *target, unsigned long flags, const char *options,
                    struct why *why)
{
    if (file_make_dirs(target, why) != 0)
        return -1;
    if (mount(type, target, type, flags, options) != 0)
        return why_errno(why, "cannot mount %s on %s", type, target);
    return 0;
}

static int make_read_only(const char *path, struct why *why)
{
    if (mount(path, path, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
        return why_errno(why, "cannot make %s read-only", path);
    return 0;
}

static int make_dev(struct why *why)
{
    static const struct {
        const char *path;
        unsigned major, minor;
    } nodes[] = {
        { "/dev/null", 1, 3 },   { "/dev/zero", 1, 5 },    { "/dev/full", 1, 7 },
        { "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/tty", 5, 0 },
    };
    static const struct {
        const char *path, *target;
    } links[] = {
        { "/dev/ptmx", "pts/ptmx" },          { "/dev/fd", "/proc/self/fd" },
        { "/dev/stdin", "/proc/self/fd/0" },  { "/dev/stdout", "/proc/self/fd/1" },
        { "/dev/stderr", "/proc/self/fd/2" },
    };

    if (mount_at("tmpfs", "/dev", MS_NOSUID, "mode=755,size=1m", why) != 0 ||
        mount_at("devpts", "/dev/pts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=666,gid=5",
                 why) != 0 ||
        mount_at("tmpfs", "/dev/shm", MS_NOSUID | MS_NODEV, "mode=1777", why) != 0)
        return -1;
    mode_t mask = umask(0);
    for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
        if (mknod(nodes[i].path, S_IFCHR | 0666, makedev(nodes[i].major, nodes[i].minor)) != 0)
            return why_errno(why, "cannot make the device %s (CAP_MKNOD)", nodes[i].path);
    umask(mask);
    for (size_t i = 0; i < ARRAY_LEN(links); i++)
        if (symlink(links[i].target, links[i].path) != 0)
            return why_errno(why, "cannot link %s", links[i].path);
    return 0;
}

static int mount_kernel_files(struct why *why)
{
    if (mount_at("proc", "/proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, why) != 0 ||
        mount_at("sysfs", "/sys", MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL, why) != 0 ||
        mount_at("tmpfs", "/run", MS_NOSUID | MS_NODEV, "mode=755", why) != 0 ||
        mount_at("tmpfs", "/run/lock", MS_NOSUID | MS_NODEV, "mode=1777,size=5m", why) != 0)
        return -1;

    /* The kernel is the machine's. */
    static const char sysrq[] = "/proc/sysrq-trigger";
    if (make_read_only("/proc/sys", why) != 0 ||
        (access(sysrq, F_OK) == 0 && make_read_only(sysrq, why) != 0))
        return -1;
    return make_dev(why);
}

static int give_boot_id(const char *boot_id, struct why *why)
{
    char line[UUID_LEN + 2];
    static const char file[] = OUR_RUN "/boot_id", place[] = "/proc/sys/kernel/random/boot_id";

    snprintf(line, sizeof(line), "%s\n", boot_id);
    if (file_write(file, line, why) != 0)
        return -1;
    if (mount(file, place, NULL, MS_BIND, NULL) != 0 ||
        mount(NULL, place, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) != 0)
        return why_errno(why, "cannot bind a boot ID over %s", place);
    return 0;
}

/* Writes only what differs: a boot should leave the disk as it was. */
static int put_file(const char *path, const char *text, struct why *why)
{
    char now[4096];
    struct why no_file;

    if (file_read(path, now, sizeof(now), &no_file) == 0 && strcmp(now, text) == 0)
        return 0;
    if (unlink(path) != 0 && errno != ENOENT)
        return why_errno(why, "cannot replace %s", path);
    return file_write(path, text, why);
}

/* On its first boot a host becomes one of its own. */
static int give_identity(const struct host *h, const struct gifts *g, struct why *why)
{
    char text[512], id[UUID_LEN + 2];
    size_t used = 0;

    for (const char *c = g->machine_id; *c; c++)
        if (*c != '-')
            id[used++] = *c;
    id[used++] = '\n';
    id[used] = '\0';
    if (put_file("/etc/machine-id", id, why) != 0)
        return -1;

    snprintf(text, sizeof(text), "127.0.0.1\tlocalhost\n127.0.1.1\t%s\n::1\tlocalhost\n", h->name);
    if (put_file("/etc/hosts", text, why) != 0)
        return -1;
    snprintf(text, sizeof(text), "%s\n", h->name);
    return put_file("/etc/hostname", text, why);
}

static int take_hostname(struct why *why)
{
    char name[256];

    if (file_read("/etc/hostname", name, sizeof(name), why) != 0)
        return -1;
    name[strcspn(name, "\n")] = '\0';
    return sethostname(name, strlen(name)) != 0 ? why_errno(why, "cannot set the hostname") : 0;
}

static int place_mount(int tree, const char *target, struct why *why)
{
    struct stat st;
    char parent[4096];
    if (fstat(tree, &st) != 0)
        return why_errno(why, "cannot bind on %s", target);

    if (S_ISDIR(st.st_mode)) {
        if (file_make_dirs(target, why) != 0)
            return -1;
    } else if (access(target, F_OK) != 0) {
        snprintf(parent, sizeof(parent), "%s", target);
        *strrchr(parent, '/') = '\0';
        if ((parent[0] && file_make_dirs(parent, why) != 0) || file_write(target, "", why) != 0)
            return -1;
    }
    if (move_mount(tree, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) != 0)
        return why_errno(why, "cannot bind on %s", target);
    close(tree);
    return 0;
}

/* reboot(8) and its relatives, unless the host has its own. */
static int place_program(int tree, struct why *why)
{
    char path[64], pidns[64] = "";

    if (file_make_dirs(OUR_RUN, why) != 0 || place_mount(tree, OUR_PROGRAM, why) != 0)
        return -1;
    if (readlink("/proc/self/ns/pid", pidns, sizeof(pidns) - 1) <= 0)
        return why_errno(why, "cannot read /proc/self/ns/pid");
    if (file_write(OUR_PIDNS, pidns, why) != 0)
        return -1;
    for (const char *const *name = power_applets; *name; name++) {
        snprintf(path, sizeof(path), "/usr/sbin/%s", *name);
        if (symlink(OUR_PROGRAM, path) != 0 && errno != EEXIST)
            return why_errno(why, "cannot link %s", path);
    }
    return 0;
}

static int furnish(struct host *h, bool fresh_disk, const struct gifts *g, struct why *why)
{
    if (mount_kernel_files(why) != 0 || place_program(g->program, why) != 0 ||
        give_boot_id(g->boot_id, why) != 0)
        return -1;
    if ((fresh_disk && give_identity(h, g, why) != 0) || take_hostname(why) != 0)
        return -1;
    if (g->resolv_conf[0] && put_file("/etc/resolv.conf", g->resolv_conf, why) != 0)
        return -1;
    for (size_t i = 0; i < h->n_binds; i++)
        if (place_mount(h->binds[i].tree, h->binds[i].target, why) != 0)
            return -1;
    return 0;
}

int root_enter(struct host *h, bool fresh_disk, char *ret_boot_id, struct why *why)
{
    struct gifts g = { 0 };

    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
        return why_errno(why, "cannot make the mounts private");
    if (chdir(h->dir) != 0)
        return why_errno(why, "cannot enter %s", h->dir);
    if (h->systemd && groups_enter(&h->groups, why) != 0)
        return -1;
    if (gather(h, &g, why) != 0 || join_network(h, why) != 0 || mount_overlay(h, why) != 0 ||
        change_root(why) != 0)
        return -1;

    umask(022);
    if (furnish(h, fresh_disk, &g, why) != 0 || (h->systemd && groups_mount(&h->groups, why) != 0))
        return -1;
    memcpy(ret_boot_id, g.boot_id, sizeof(g.boot_id));
    return 0;
}

int root_drop_capabilities(struct why *why)
{
    static const int dangerous[] = { CAP_SYS_MODULE, CAP_SYS_TIME, CAP_SYS_RAWIO, CAP_SYSLOG };

    for (size_t i = 0; i < ARRAY_LEN(dangerous); i++)
        if (prctl(PR_CAPBSET_DROP, dangerous[i], 0, 0, 0) != 0)
            return why_errno(why, "cannot drop capability %d", dangerous[i]);
    return 0;
}
