/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of baselines, snapshots, inventory and compliance, for schema.c. */
#pragma once

extern const char ssm_patch_sql[];
extern const char ssm_patch_facts_sql[]; /* what hosts know, and the patches on offer by that */
extern const char ssm_patch_run_sql[];   /* runs in the order of their reports */
