/* SPDX-License-Identifier: Apache-2.0 */
/* sd_notify(3)'s protocol: one datagram to the socket that systemd names. */
#pragma once

/* "READY=1", "STOPPING=1". Nothing happens where nobody listens. */
void notify(const char *state);
