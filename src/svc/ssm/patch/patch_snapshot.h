/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Snapshots: the baseline of a (patch group, system) as it was when the first node
 * asked with this snapshot id, so that all nodes of a run are judged alike. Kept
 * for three days; after that the same id makes a new one.
 */
#pragma once

#include "svc/ssm/patch/patch_baseline.h"

#define SNAPSHOT_KEPT     (3 * MSEC_DAY)
#define SNAPSHOT_URL_GOOD MSEC_DAY

/* One that is not older than it may be, made if there is none: its key in the bucket. */
MUST_CHECK int patch_snapshot_of(struct op *op, const struct patch_choice *choice,
                                 struct str snapshot_id, struct str *ret_key);
