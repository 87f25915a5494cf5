/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_stream.h"

#include "svc/logs/errors.h"
#include "svc/logs/log_names.h"
#include "svc/logs/operations.h"

/* --- CreateLogStream ------------------------------------------------------ */

struct create_in {
    struct str group, stream;
};

static const struct field create_in_fields[] = { LOG_GROUP_NAME(struct create_in),
                                                 LOG_STREAM_NAME(struct create_in) };
static const struct shape create_in =
    SHAPE("CreateLogStreamRequest", struct create_in, create_in_fields);

static int create_log_stream(struct op *op, const struct create_in *in, struct nothing *out)
{
    (void)out;
    PASS(log_group_find(op, in->group));
    int inserted = log_stream_insert(op, in->group, in->stream);
    if (inserted == DB_CONFLICT)
        return op_fail(op, LOGS_ALREADY_EXISTS, "The specified log stream already exists");
    TRY(inserted);
    return 0;
}
OP_HANDLER(create_log_stream)

/* --- DescribeLogStreams --------------------------------------------------- */

struct streams_in {
    struct str group, prefix, order, token;
    bool descending;
    int64_t limit;
};

static const char *const orders[] = { "LogStreamName", "LastEventTime", NULL };

static const struct field streams_in_fields[] = {
    LOG_GROUP_NAME(struct streams_in),
    STRING(struct streams_in, prefix, "logStreamNamePrefix", OPTIONAL, LENGTH(1, 512)),
    STRING(struct streams_in, order, "orderBy", OPTIONAL, .values = orders),
    BOOLEAN(struct streams_in, descending, "descending", OPTIONAL),
    STRING(struct streams_in, token, "nextToken", OPTIONAL, .min = 1, .max = 4096),
    INTEGER(struct streams_in, limit, "limit", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
};
static const struct shape streams_in =
    SHAPE("DescribeLogStreamsRequest", struct streams_in, streams_in_fields);

struct stream_view {
    struct str name, arn, token;
    int64_t created_at, first_at, last_at, ingested_at, stored_bytes;
};

static const struct field stream_fields[] = {
    STRING(struct stream_view, name, "logStreamName", OPTIONAL),
    STRING(struct stream_view, arn, "arn", OPTIONAL),
    INTEGER(struct stream_view, created_at, "creationTime", OPTIONAL),
    INTEGER(struct stream_view, first_at, "firstEventTimestamp", OPTIONAL),
    INTEGER(struct stream_view, last_at, "lastEventTimestamp", OPTIONAL),
    INTEGER(struct stream_view, ingested_at, "lastIngestionTime", OPTIONAL),
    INTEGER(struct stream_view, stored_bytes, "storedBytes", OPTIONAL),
    STRING(struct stream_view, token, "uploadSequenceToken", OPTIONAL),
};
static const struct shape stream_shape = SHAPE("LogStream", struct stream_view, stream_fields);

struct streams_out {
    struct list streams;
    struct str token;
};

static const struct field streams_out_fields[] = {
    LIST(struct streams_out, streams, "logStreams", OPTIONAL, stream_shape),
    STRING(struct streams_out, token, "nextToken", OPTIONAL),
};
static const struct shape streams_out =
    SHAPE("DescribeLogStreamsResponse", struct streams_out, streams_out_fields);

static struct stream_view stream_view_of(const struct log_stream *s)
{
    return (struct stream_view){
        .name = s->name,
        .arn = s->arn,
        .token = S("unused"),
        .created_at = s->created_at,
        .first_at = s->first_at ? s->first_at : UNSET,
        .last_at = s->last_at ? s->last_at : UNSET,
        .ingested_at = s->ingested_at ? s->ingested_at : UNSET,
        .stored_bytes = s->stored_bytes,
    };
}

/* By name the token is the last name; by time it is how many were shown. */
static int read_streams(struct op *op, const struct streams_in *in, bool by_time,
                        struct log_stream **ret, size_t *ret_count, struct str *ret_next)
{
    struct str position;
    int64_t skip = 0;

    PASS(page_open(op, in->token, &position));
    if (by_time) {
        if (str_is_set(position) && !str_to_int(position, &skip))
            return op_invalid(op, "The specified token is not valid.");
        TRY(log_stream_latest(op, in->group, in->descending, skip, in->limit + 1, ret, ret_count));
    } else {
        TRY(log_stream_list(op, in->group, in->prefix, position, in->limit + 1, ret, ret_count));
    }
    *ret_next = (struct str){ 0 };
    if (*ret_count > (size_t)in->limit) {
        *ret_count = (size_t)in->limit;
        *ret_next = by_time ? arena_fmt(op->arena, "%lld", (long long)(skip + in->limit))
                            : (*ret)[in->limit - 1].name;
    }
    return 0;
}

static int describe_log_streams(struct op *op, const struct streams_in *in, struct streams_out *out)
{
    bool by_time = str_eq(in->order, S("LastEventTime"));
    struct log_stream *streams;
    struct str next;
    size_t count;

    PASS(log_group_find(op, in->group));
    if (by_time && str_is_set(in->prefix))
        return op_fail(op, LOGS_INVALID_PARAMETER,
                       "Cannot order by LastEventTime with a logStreamNamePrefix.");
    if (!by_time && in->descending)
        return op_fail(op, OP_UNSUPPORTED, "Descending order is supported by LastEventTime only.");
    PASS(read_streams(op, in, by_time, &streams, &count, &next));
    struct stream_view *views = arena_array(op->arena, struct stream_view, count + 1);
    for (size_t i = 0; i < count; i++)
        views[i] = stream_view_of(&streams[i]);
    out->streams = (struct list){ views, count };
    out->token = page_token(op, next);
    return 0;
}
OP_HANDLER(describe_log_streams)

/* -------------------------------------------------------------------------- */

static struct str create_arn(struct op *op, const void *p)
{
    const struct create_in *in = p;
    return log_stream_arn(op, in->group, in->stream);
}

/* clang-format off */
const struct operation log_stream_operations[] = {
    OP("CreateLogStream", create_log_stream, create_in, shape_nothing, OP_WRITES,
       RAISES(LOGS_ALREADY_EXISTS, LOGS_NOT_FOUND), .resource = create_arn),
    OP("DescribeLogStreams", describe_log_streams, streams_in, streams_out, OP_READS,
       RAISES(LOGS_NOT_FOUND, LOGS_INVALID_PARAMETER)),
    OP_END,
};
/* clang-format on */
