/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word to the service manager: one datagram to $NOTIFY_SOCKET (sd_notify(3)),
 * which is all that libsystemd would do. Nothing where there is none.
 *
 * A watchdog (WatchdogSec=) is told that the main thread is alive before each of its calls
 * and turns, and by half of its time while it rests.
 */
#pragma once

#include <poll.h>

#include "base/defs.h"

void notify_service_manager(const char *state);
void notify_alive(void);

/* As poll(2), with an end of any length (negative: none). */
int notify_poll(struct pollfd *fds, nfds_t count, msec timeout);
