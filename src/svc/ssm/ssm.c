/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/ssm.h"

#include "svc/ssm/automation/automation_task.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

/* One noun, one table; one a line. */
static const struct operation *const nouns[] = {
    activation_operations,      automation_get_operations,
    automation_operations,      compliance_operations,
    compliance_put_operations,  document_list_operations,
    document_operations,        document_version_operations,
    inventory_list_operations,  inventory_operations,
    node_list_operations,       node_operations,
    patch_available_operations, patch_properties_operations,
    patch_baseline_operations,  patch_edit_operations,
    patch_group_operations,     patch_items_operations,
    patch_snapshot_operations,  patch_state_operations,
    registration_operations,    runcommand_get_operations,
    runcommand_list_operations, runcommand_operations,
    ssm_tag_operations,         NULL,
};

static const struct operation *const message_nouns[] = {
    message_operations,
    NULL,
};

static const struct task_kind tasks[] = {
    AUTOMATION_TASKS,
    RUNCOMMAND_TASKS,
    { .name = NULL },
};

/* The largest request is an agent's PutInventory: AWS takes 10 MB. */
#define MAX_BODY (11 * 1024 * 1024)

static const char *const blob_uses[] = {
    "SELECT 1 FROM ssm_patch_facts WHERE blob = $1 LIMIT 1",
    "SELECT 1 FROM ssm_patch_snapshot WHERE blob = $1 LIMIT 1",
    NULL,
};

const struct service ssm_service = {
    .name = "ssm",
    .target_prefix = "AmazonSSM",
    .protocol = PROTOCOL_JSON_1_1,
    .nouns = nouns,
    .errors = ssm_errors,
    .n_errors = SSM_N_ERRORS,
    .tasks = tasks,
    .schema = &ssm_schema,
    .blob_uses = blob_uses,
    .max_body = MAX_BODY,
};

const struct service ec2messages_service = {
    .name = "ec2messages",
    .target_prefix = "EC2WindowsMessageDeliveryService",
    .protocol = PROTOCOL_JSON_1_1,
    .nouns = message_nouns,
    .errors = ssm_errors,
    .n_errors = SSM_N_ERRORS,
};
