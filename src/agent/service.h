/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the process: one session (agent.h) after another. SIGTERM ends it;
 * SIGHUP reads the settings again and begins a new session with them, or with the
 * old ones if they are bad; after a session that the plane would not have, it
 * rests long, until this host is registered anew or the pause is over.
 */
#pragma once

#include "agent/config.h"

struct service_settings {
    void *context;
    /* False, with a sentence, if they are bad. */
    bool (*read)(void *context, struct arena *a, struct config *ret, struct str *ret_why);
};

enum service_outcome {
    SERVICE_MISCONFIGURED = 1, /* *ret_why */
    SERVICE_UNREGISTERED = 2,
    SERVICE_DAMAGED = 3, /* the identity */
    SERVICE_RUNNING = 4, /* another agent has this state */
    SERVICE_STUCK = 5,   /* a thread would not end for a new session */
};

/* Until SIGTERM. *ret_why is in the arena. */
MUST_CHECK int service_run(struct arena *a, const struct service_settings *settings,
                           struct str *ret_why);
