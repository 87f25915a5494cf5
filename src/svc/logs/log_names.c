/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_names.h"

#include "svc/logs/errors.h"
#include "svc/logs/log_group.h"
#include "svc/logs/log_stream.h"

bool log_group_name_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, ".-_/#");
}

bool log_stream_name_is_valid(struct str s)
{
    return s.len > 0 && str_find(s, ':') < 0 && str_find(s, '*') < 0;
}

struct str log_group_arn(struct op *op, struct str group)
{
    return op_arn(op, "logs", "log-group:%.*s", STR(group));
}

struct str log_stream_arn(struct op *op, struct str group, struct str stream)
{
    return op_arn(op, "logs", "log-group:%.*s:log-stream:%.*s", STR(group), STR(stream));
}

int log_group_find(struct op *op, struct str name)
{
    struct log_group group;

    int found = log_group_get(op, name, &group);
    if (found == DB_NO_ROW)
        return op_fail(op, LOGS_NOT_FOUND, "The specified log group does not exist.");
    TRY(found);
    return 0;
}

int log_stream_find(struct op *op, struct str group, struct str name)
{
    struct log_stream stream;

    PASS(log_group_find(op, group));
    int found = log_stream_get(op, group, name, &stream);
    if (found == DB_NO_ROW)
        return op_fail(op, LOGS_NOT_FOUND, "The specified log stream does not exist.");
    TRY(found);
    return 0;
}
