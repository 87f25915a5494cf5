/* SPDX-License-Identifier: Apache-2.0 */
/*
 * agent.json in the state folder: which agent runs there, and whether the plane
 * has answered it since its start. What an update waits for.
 */
#pragma once

#include "base/arena.h"
#include "base/err.h"

#define PRESENCE_PROGRAM "/usr/sbin/patchbay-agent" /* where the packages put it */

struct presence {
    pid_t pid;
    struct str version;
    bool is_heard;
    bool is_installed; /* it runs, and is the program that is installed now */
    bool is_running;
};

MUST_CHECK int presence_write(const char *state, bool is_heard);

/* All zero if there is none. */
void presence_read(struct arena *a, const char *state, struct presence *ret);
