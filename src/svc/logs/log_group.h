/* SPDX-License-Identifier: Apache-2.0 */
/* A group of streams. Times are milliseconds, as on this service's wire. */
#pragma once

#include "api/op.h"

struct log_group {
    struct str name, arn;
    int64_t created_at, stored_bytes;
};

/* Outcomes DB_NO_ROW, DB_CONFLICT. */
MUST_CHECK int log_group_get(struct op *op, struct str name, struct log_group *ret);
MUST_CHECK int log_group_insert(struct op *op, struct str name);
MUST_CHECK int log_group_list(struct op *op, struct str prefix, struct str after, int64_t limit,
                              struct log_group **ret, size_t *ret_count);
MUST_CHECK int log_group_count(struct op *op, int64_t *ret);
