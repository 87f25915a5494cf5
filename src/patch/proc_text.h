/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading single lines of what the kernel says in /proc, of reboot-required.pkgs
 * and of what systemctl prints. Pure: text in, views of it out. The text is
 * believed to be neither well-formed nor short: a process chooses the names of the
 * files it maps, and its own.
 */
#pragma once

#include "base/arena.h"

/* A line of /proc/PID/maps: the file behind executable memory that is not on disk
 * any more, where it is under a folder of programs or libraries. False for all
 * other lines. */
bool proc_deleted_file(struct str line, struct str *ret_path);

/* The service, scope or process group of /proc/PID/cgroup as systemd names it
 * ("ssh.service"); absent where there is none. */
struct str proc_unit(struct str cgroup);

enum proc_protocol {
    PROC_TCP,
    PROC_UDP,
};

/* A line of /proc/net/{tcp,tcp6,udp,udp6}: the local port, where something listens
 * there. False for connections and for lines that are none. */
bool proc_listening_port(struct str line, enum proc_protocol protocol, unsigned *ret_port);

/* Field `number` (counted from 1, as in proc(5)) of /proc/PID/stat; false if there is no
 * such number. The name in the second field may contain anything. */
bool proc_stat_field(struct str stat, unsigned number, int64_t *ret);

/* The number after "btime " in /proc/stat. */
bool proc_boot_time(struct str stat, int64_t *ret_seconds);

/* Names of packages, one a line, each once. Lines that cannot be one are left out. */
struct strs proc_package_names(struct arena *a, struct str text, size_t max);

/* Names of units from `systemctl list-units --plain --no-legend`: the first words. */
struct strs proc_unit_names(struct arena *a, struct str text, size_t max);

/* Kernel releases: digits by value, all else by byte ("6.1.0-9" before "6.1.0-10"). */
int proc_release_cmp(struct str left, struct str right);

/* The kind of kernel that a release names: "-cloud-amd64", "+rt", "". Kernels of
 * different flavours do not replace each other. */
struct str proc_release_flavour(struct str release);
