/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A word to the service manager: one datagram to $NOTIFY_SOCKET (sd_notify(3)),
 * which is all that libsystemd would do. Nothing where there is none.
 */
#pragma once

void notify_service_manager(const char *state);
