/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a host knows of itself, as inventory types of our own beside AWS's:
 * Custom:PatchbayHost (one entry), Custom:PatchbayOldCode (one for each service or
 * process that uses replaced files) and Custom:PatchbayRuns (one for each Install and
 * Rollback). All values are strings.
 */
#pragma once

#include "patch/health.h"
#include "patch/history.h"
#include "patch/plane.h"
#include "patch/reboot.h"

#define INVENTORY_VALUE_MAX 4096 /* characters, of PutInventory */

struct inventory {
    const struct reboot_facts *reboot;
    const struct health *health;
    const struct history_run *runs; /* the newest first */
    size_t n_runs;
    msec captured_at;
};

struct value *inventory_request(struct arena *a, const struct inventory *inventory,
                                struct str instance_id);

/* Outcomes of plane_call(). */
MUST_CHECK int inventory_send(struct arena *a, struct plane *plane,
                              const struct inventory *inventory, struct str *ret_why);
