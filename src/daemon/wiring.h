/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that lists every service, and ties ports to their owners. */
#pragma once

#include "api/ports.h"
#include "api/service.h"

extern const struct service *const wiring_services[]; /* NULL-terminated */
extern const struct schema *const wiring_schemas[];
extern const size_t wiring_n_schemas;

/* Fills in the ports that services own. */
void wiring_connect(struct plane *plane);
