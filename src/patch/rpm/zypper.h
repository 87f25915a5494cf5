/* SPDX-License-Identifier: Apache-2.0 */
/*
 * zypper as the hand that changes a host: what it is called with, and what its answers
 * mean. It stays in charge of order, scripts and signatures.
 */
#pragma once

#include "patch/rpm/hand.h"

extern const struct rpm_hand zypper_hand;

int zypper_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why);

int zypper_find_marks(struct arena *a, struct change_request *request, struct str *ret_why);

int zypper_restore_marks(struct arena *a, struct strs names, struct str *ret_why);

/* ---- how it is called ---- */

/* The program and what it is always told; `is_gentle` where it changes nothing. */
void zypper_begin(struct arena *a, struct child *child, const struct host *host, bool is_gentle);

/* As it spells versions: without an epoch of 0. */
struct str zypper_edition(struct str version);

int zypper_command(struct arena *a, const struct hand_call *call, struct child *ret,
                   int *ret_script);

/* ---- reading what it says (for tests) ---- */

/* The line that complains of this package; absent if there is none. */
struct str zypper_output_blames(struct str output, struct str name);

/* One line that says why, preferring what concerns `name` (absent: anything). */
struct str zypper_output_reason(struct arena *a, struct str output, struct str name);

/* A package in a summary (--xmlout) or a list of what was searched for. */
struct zypper_solvable {
    struct str section; /* "to-upgrade", "to-remove"...; of the list: "solvable-list" */
    struct str kind, name, edition, arch, status, repository;
};

/* The next one; *section is to be absent at first. False: there are no more. */
bool zypper_output_next(struct str *output, struct str *section, struct zypper_solvable *ret);

/* ---- who chose a package ---- */

/* Whether a name is a line of /var/lib/zypp/AutoInstalled: it came in for others' sake. */
bool zypper_has_mark(struct str marks, struct str name);

/* Those of the names that are not in it, as lines to add to it; absent if there are none. */
struct str zypper_lost_marks(struct arena *a, struct strs names, struct str marks);
