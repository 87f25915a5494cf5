/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of baselines, snapshots, inventory and compliance, for schema.c. */
#pragma once

extern const char ssm_patch_sql[];
