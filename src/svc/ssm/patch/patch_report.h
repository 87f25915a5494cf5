/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a node reports of a patch run: the counts (AWS:PatchSummary) and the patches
 * (AWS:ComplianceItem). Each report replaces the former one.
 */
#pragma once

#include "svc/ssm/inventory/inventory.h"

#define PATCH_RUNS_KEPT 50 /* of a node */

struct patch_state_row {
    struct str node, patch_group, baseline, snapshot, execution, install_override_list;
    struct str owner_information, operation, reboot_option;
    int64_t installed, installed_other, installed_pending, installed_rejected, missing, failed;
    int64_t not_applicable, unreported, critical, security, other;
    msec started_at, ended_at, no_reboot_at; /* the last 0: never */
};

/* Outcomes SSM_INVALID_ITEM_CONTENT, SSM_INVALID_INVENTORY_ITEM_CONTEXT. */
MUST_CHECK int patch_take_summary(struct op *op, struct str node, const struct value *content);
MUST_CHECK int patch_check_context(struct op *op, const struct value *context);
MUST_CHECK int patch_take_items(struct op *op, struct str node, struct str hash,
                                const struct value *context, const struct value *content);
/* The items are those of the last report; what run they are of is new. */
MUST_CHECK int patch_keep_items(struct op *op, struct str node, const struct value *context);

/* --- store: patch_report_db.c -------------------------------------------------------------------
 */

MUST_CHECK int patch_state_get(struct op *op, struct str node,
                               struct patch_state_row *ret); /* DB_NO_ROW */
MUST_CHECK int patch_state_put(struct op *op, const struct patch_state_row *row);
MUST_CHECK int patch_state_of_group(struct op *op, struct str group, struct str after,
                                    int64_t limit, struct patch_state_row **ret, size_t *ret_count);
MUST_CHECK int patch_run_add(struct op *op, const struct patch_state_row *row);

/* For other services, as api/ports.h has it. */
MUST_CHECK int patch_run_list(struct db *db, struct arena *a, struct str node, int64_t before,
                              int64_t limit, struct patch_run_facts **ret, size_t *ret_count);
