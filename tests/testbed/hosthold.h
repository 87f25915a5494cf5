/* SPDX-License-Identifier: Apache-2.0 */
/*
 * testbed-host: holds one real Linux host on this machine, for the tests and
 * the demo.
 *
 * One process, the supervisor, stands for the machine's power supply: it makes
 * the namespaces, boots the host's init in them, and boots the same disk again
 * after a restart or a power failure. The init is this same program as PID 1
 * of the host. Every mount is made inside the host's own mount namespace, so
 * that the kernel takes all of it away with the last process.
 *
 * A host is separate, not locked in: its root is a real root. What could harm
 * the machine by accident (the clock, modules, /proc/sys, sysrq, reboot(2) in
 * the first PID namespace) is kept out of its reach.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

/* For programs built with AddressSanitizer: its search for leaks halts a process by ptrace, which
 * now and then fails in the namespaces of a host, and then fails the program. Leaks are looked for
 * in the suites without hosts. */
#define WITHOUT_LEAKS "detect_leaks=0"

#define PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))
#define ARRAY_LEN(array)  (sizeof(array) / sizeof((array)[0]))

#define BINDS_MAX    16
#define SERVICES_MAX 16
#define UUID_LEN     36

/* Codes of `exec`, as env(1) has them. */
#define EXIT_NO_HOST      125
#define EXIT_NOT_RUNNABLE 126
#define EXIT_NOT_FOUND    127

/* Where a running host keeps what is ours in it. */
#define OUR_RUN     "/run/testbed"
#define OUR_PROGRAM OUR_RUN "/testbed-host"
#define OUR_PIDNS   OUR_RUN "/pidns"
#define OUR_SYSTEMD                                                                                \
    OUR_RUN "/systemd" /* there if systemd is the first process: its NOTIFY_SOCKET */

/* What init does on these, ours as systemd (systemd(1), SIGNALS). */
#define SIGNAL_POWEROFF (SIGRTMIN + 4)
#define SIGNAL_RESTART  (SIGRTMIN + 5)

#define GROUPS_MAX 16

/* Why something failed, in words for a person. */
struct why {
    char text[600];
};

/* Sets the words and returns -1, so that a failing function ends with it. */
PRINTF(2, 3) int why_set(struct why *why, const char *fmt, ...);
/* The same, and appends what errno says. */
PRINTF(2, 3) int why_errno(struct why *why, const char *fmt, ...);

/* Copies a text; cuts what has no room. */
void text_copy(char *to, size_t size, const char *from);

struct bind_mount {
    const char *source, *target;
    bool read_only;
    int tree; /* the cloned mount, between leaving the old root and entering the new */
};

/* A command that init starts once in each boot. */
struct service {
    char *const *argv; /* or, when NULL, */
    const char *shell; /* a line for /bin/sh */
    const char *when;  /* a path in the host that must exist first; or NULL */
};

/* The control groups of one boot: one in each hierarchy. */
struct hierarchy {
    char keys[48];  /* "memory", "cpu,cpuacct", "name=systemd"; "" is version 2 */
    char own[1024]; /* the path of our own group */
    int parent;     /* that group, a directory */
};

struct groups {
    char name[40]; /* of the host's, in each */
    bool is_unified;
    struct hierarchy hierarchies[GROUPS_MAX];
    size_t count;
};

struct host {
    const char *base, *dir, *name;
    const char *netns; /* a namespace of `ip netns`; or NULL */
    bool no_network;
    bool systemd; /* the first process is the root's own systemd */
    struct groups groups;
    struct bind_mount binds[BINDS_MAX];
    size_t n_binds;
    struct service services[SERVICES_MAX];
    size_t n_services;
};

/* --- state.c: the facts about a host, in DIR/state, for scripts to wait for  */

struct state {
    char status[16]; /* booting running ending off failed */
    unsigned boots;  /* how often this disk was booted, this boot included */
    char boot_id[UUID_LEN + 1];
    char ended[16];         /* how the boot before ended: restart poweroff powerfail */
    pid_t supervisor, init; /* as the machine sees them; 0 when there is none */
    size_t n_services;
    char services[SERVICES_MAX][24]; /* waiting, running PID, exited CODE, killed SIGNAL */
    char error[600];
};

/* The lines of the state file. */
void state_print(FILE *f, const struct state *s);

int state_write(const char *dir, const struct state *s, struct why *why);

/* Zeroed when there is no state yet. A host whose supervisor is gone reads as
 * off, whatever its last words were. */
int state_read(const char *dir, struct state *ret, struct why *why);

/* The lock lives as long as the supervisor or its init: free means all is gone. */
int state_lock(const char *dir, struct why *why); /* returns the descriptor */

/* Waits up to `timeout` seconds until the host has this status (any, if NULL)
 * in boot number `boots` or a later one. */
int state_wait(const char *dir, const char *status, unsigned boots, double timeout,
               struct why *why);

/* --- supervise.c --- */

/* Holds the host until its power is off; returns the exit code. */
int supervise(struct host *h);

/* --- cgroups.c: for hosts with systemd --- */

/* Made by the supervisor before a boot, and removed when all of it has ended. */
int groups_open(struct groups *g, unsigned boot, struct why *why);
void groups_close(struct groups *g);

/* Of the process that becomes init: into them, and what the host sees of them. */
int groups_enter(const struct groups *g, struct why *why);
int groups_mount(const struct groups *g, struct why *why);

/* In the host: into the groups that its init is in; nothing without systemd. */
int groups_join_init(struct why *why);

/* --- init.c --- */

/* Runs as the first process of the new namespaces. `control` takes one line a
 * message: "ready ID", "failed WHY", "ending", "service N STATE". */
_Noreturn void init_main(struct host *h, int control, bool fresh_disk);

/* --- root.c --- */

/* Mounts the host's root and makes it this process's. `ret_boot_id` has room
 * for UUID_LEN + 1. */
int root_enter(struct host *h, bool fresh_disk, char *ret_boot_id, struct why *why);

/* Takes from this process what could harm the machine outside the host. */
int root_drop_capabilities(struct why *why);

/* --- enter.c --- */

/* Runs a command in the host as nsenter(1) would; returns the exit code. */
int enter_exec(const char *dir, char *const *argv);

/* --- power.c: the program as reboot(8) and its relatives inside a host --- */

bool power_is_applet(const char *program);
int power_main(int argc, char **argv);

extern const char *const power_applets[]; /* NULL-terminated */

/* --- file.c --- */

int file_read(const char *path, char *buf, size_t size, struct why *why); /* NUL-terminated */
int file_write(const char *path, const char *text, struct why *why);
int file_make_dirs(const char *path, struct why *why);
int file_remove_tree(const char *path, struct why *why);
