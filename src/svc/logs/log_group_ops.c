/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_group.h"

#include "svc/logs/errors.h"
#include "svc/logs/log_names.h"
#include "svc/logs/operations.h"

#define GROUPS_MAX 10000

/* --- CreateLogGroup ------------------------------------------------------- */

struct create_in {
    struct str group;
};

static const struct field create_in_fields[] = { LOG_GROUP_NAME(struct create_in) };
static const struct shape create_in =
    SHAPE("CreateLogGroupRequest", struct create_in, create_in_fields);

static int create_log_group(struct op *op, const struct create_in *in, struct nothing *out)
{
    int64_t count;

    (void)out;
    TRY(log_group_count(op, &count));
    if (count >= GROUPS_MAX)
        return op_fail(op, LOGS_LIMIT_EXCEEDED, "Resource limit exceeded.");
    int inserted = log_group_insert(op, in->group);
    if (inserted == DB_CONFLICT)
        return op_fail(op, LOGS_ALREADY_EXISTS, "The specified log group already exists");
    TRY(inserted);
    return 0;
}
OP_HANDLER(create_log_group)

/* --- DescribeLogGroups ---------------------------------------------------- */

struct groups_in {
    struct str prefix, token;
    int64_t limit;
};

static const struct field groups_in_fields[] = {
    STRING(struct groups_in, prefix, "logGroupNamePrefix", OPTIONAL, LENGTH(1, 512)),
    STRING(struct groups_in, token, "nextToken", OPTIONAL, .min = 1, .max = 4096),
    INTEGER(struct groups_in, limit, "limit", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
};
static const struct shape groups_in =
    SHAPE("DescribeLogGroupsRequest", struct groups_in, groups_in_fields);

static const struct field group_fields[] = {
    STRING(struct log_group, name, "logGroupName", OPTIONAL),
    STRING(struct log_group, arn, "arn", OPTIONAL),
    INTEGER(struct log_group, created_at, "creationTime", OPTIONAL),
    INTEGER(struct log_group, stored_bytes, "storedBytes", OPTIONAL),
};
static const struct shape group_shape = SHAPE("LogGroup", struct log_group, group_fields);

struct groups_out {
    struct list groups;
    struct str token;
};

static const struct field groups_out_fields[] = {
    LIST(struct groups_out, groups, "logGroups", OPTIONAL, group_shape),
    STRING(struct groups_out, token, "nextToken", OPTIONAL),
};
static const struct shape groups_out =
    SHAPE("DescribeLogGroupsResponse", struct groups_out, groups_out_fields);

static int describe_log_groups(struct op *op, const struct groups_in *in, struct groups_out *out)
{
    struct str after;
    struct log_group *groups;

    PASS(page_open(op, in->token, &after));
    TRY(log_group_list(op, in->prefix, after, in->limit + 1, &groups, &out->groups.count));
    out->groups.items = groups;
    if (out->groups.count > (size_t)in->limit) {
        out->groups.count = (size_t)in->limit;
        out->token = page_token(op, groups[out->groups.count - 1].name);
    }
    return 0;
}
OP_HANDLER(describe_log_groups)

/* -------------------------------------------------------------------------- */

static struct str create_arn(struct op *op, const void *p)
{
    return log_group_arn(op, ((const struct create_in *)p)->group);
}

/* clang-format off */
const struct operation log_group_operations[] = {
    OP("CreateLogGroup", create_log_group, create_in, shape_nothing, OP_WRITES,
       RAISES(LOGS_ALREADY_EXISTS, LOGS_LIMIT_EXCEEDED), .resource = create_arn),
    OP("DescribeLogGroups", describe_log_groups, groups_in, groups_out, OP_READS, RAISES_NOTHING),
    OP_END,
};
/* clang-format on */
