/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/cloudformation/cloudformation.h"

#include "svc/cloudformation/errors.h"
#include "svc/cloudformation/machine.h"
#include "svc/cloudformation/operations.h"
#include "svc/cloudformation/schema.h"
#include "svc/cloudformation/set_machine.h"

static const struct operation *const nouns[] = {
    stack_operations,    stack_read_operations,    resource_operations,
    template_operations, refused_operations,       set_operations,
    instance_operations, set_operation_operations, NULL,
};

static const struct task_kind tasks[] = {
    { .name = MACHINE_TASK,
      .perform = machine_perform,
      .settle = machine_settle,
      .max_attempts = MACHINE_ATTEMPTS },
    { .name = MACHINE_FORGET, .settle = machine_forget },
    { .name = SET_TASK,
      .perform = set_task_perform,
      .settle = set_task_settle,
      .max_attempts = SET_TASK_ATTEMPTS },
    { .name = NULL },
};

const struct service cloudformation_service = {
    .name = "cloudformation",
    .version = "2010-05-15",
    .xml_namespace = "http://cloudformation.amazonaws.com/doc/2010-05-15/",
    .protocol = PROTOCOL_QUERY,
    .nouns = nouns,
    .errors = cfn_errors,
    .n_errors = CFN_N_ERRORS,
    .tasks = tasks,
    .schema = &cloudformation_schema,
};
