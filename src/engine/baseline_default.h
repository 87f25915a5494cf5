/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The predefined baselines: one for each Linux system, not editable, used where
 * an account has chosen none, and by patchbay-patch on a host without a plane.
 */
#pragma once

#include "engine/baseline.h"

/* All of them, in the order of enum patch_os. Ids, names and rules are those
 * the AWS user guide publishes for us-east-1 (AMAZON_LINUX, AMAZON_LINUX_2022 and
 * RASPBIAN have ids of our own); here every Region has the same. */
const struct baseline *baseline_defaults(size_t *ret_count);

const struct baseline *baseline_default(enum patch_os os);    /* NULL if there is none */
const struct baseline *baseline_default_by_id(struct str id); /* or its ARN; NULL if none */
