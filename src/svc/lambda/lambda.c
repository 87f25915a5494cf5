/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/lambda/lambda.h"

#include "svc/lambda/errors.h"
#include "svc/lambda/invocation.h"
#include "svc/lambda/operations.h"
#include "svc/lambda/schema.h"

static const struct operation *const nouns[] = { function_operations, permission_operations,
                                                 invoke_operations, NULL };

static const struct task_kind tasks[] = {
    { .name = "lambda.run",
      .perform = invocation_perform,
      .settle = invocation_settle,
      .max_attempts = 3,
      .is_slow = true },
    { .name = "lambda.forget", .settle = invocation_forget },
    { .name = NULL },
};

static const char *const blob_uses[] = {
    "SELECT 1 FROM lambda_function WHERE code = $1 LIMIT 1",
    NULL,
};

const struct service lambda_service = {
    .name = "lambda",
    .protocol = PROTOCOL_REST_JSON,
    .nouns = nouns,
    .errors = lambda_errors,
    .n_errors = LAMBDA_N_ERRORS,
    .tasks = tasks,
    .schema = &lambda_schema,
    .blob_uses = blob_uses,
    .max_body = 70 * 1024 * 1024, /* an archive of 50 MB as base64 */
};
