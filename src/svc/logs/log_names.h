/* SPDX-License-Identifier: Apache-2.0 */
/* How a request names a group and a stream, and what policies call them. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

bool log_group_name_is_valid(struct str s);
bool log_stream_name_is_valid(struct str s);

/* clang-format off */
#define LOG_GROUP_NAME(T) STRING(T, group, "logGroupName", REQUIRED, LENGTH(1, 512), \
    .matches = log_group_name_is_valid, .pattern = "[\\.\\-_/#A-Za-z0-9]+")
#define LOG_STREAM_NAME(T) STRING(T, stream, "logStreamName", REQUIRED, LENGTH(1, 512), \
    .matches = log_stream_name_is_valid, .pattern = "[^:*]*")
/* clang-format on */

struct str log_group_arn(struct op *op, struct str group);
struct str log_stream_arn(struct op *op, struct str group, struct str stream);

/* LOGS_NOT_FOUND with its sentence. */
MUST_CHECK int log_group_find(struct op *op, struct str name);
MUST_CHECK int log_stream_find(struct op *op, struct str group, struct str name);
