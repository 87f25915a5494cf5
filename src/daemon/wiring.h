/* SPDX-License-Identifier: Apache-2.0 */
/* The one place that lists every service, and ties ports to their owners. */
#pragma once

#include "api/ports.h"
#include "api/service.h"

extern const struct service *const wiring_services[]; /* NULL-terminated */

#define WIRING_MAX_SCHEMAS 64

/* The API's and every service's. */
void wiring_schemas(const struct schema *ret[WIRING_MAX_SCHEMAS], size_t *ret_count);

/* Fills in the ports that services own. */
void wiring_connect(struct plane *plane);
