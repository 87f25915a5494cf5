/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dnf as the hand that changes a host: what it is called with, and what its
 * answers mean. It stays in charge of order, scripts and signatures.
 */
#pragma once

#include "patch/rpm/hand.h"

extern const struct rpm_hand dnf_hand;

int dnf_find_marks(struct arena *a, struct change_request *request, struct str *ret_why);
int dnf_refresh(struct arena *a, const struct host *host, msec timeout, struct str *ret_why);

/* ---- how it is called ---- */

/* The program and what it is always told; `is_gentle` where it changes nothing. */
void dnf_begin(struct arena *a, struct child *child, const struct host *host, bool is_gentle);

int dnf_command(struct arena *a, const struct hand_call *call, struct child *ret, int *ret_script);

/* ---- reading what it says (for tests) ---- */

/* The line that complains of this package; absent if there is none. */
struct str dnf_output_blames(struct str output, struct str name);

/* One line that says why, preferring what concerns `name` (absent: anything). */
struct str dnf_output_reason(struct arena *a, struct str output, struct str name);

/* Whether the table of a transaction would bring in this version of the package. */
bool dnf_output_brings(struct str output, struct str name, struct str evr);

/* The next package that it would bring in, its version as dnf writes it: without an epoch of
 * 0; *section is to be absent at first. False: there are no more. */
bool dnf_output_next(struct str *output, struct str *section, struct hand_brought *ret);

/* Whether it would remove the package. */
bool dnf_output_removes(struct str output, struct str name);

/* What a return would change beside downgrading, and removing those; absent if nothing. */
struct str dnf_output_stranger(struct str output, struct strs removals);
