/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/errors.h"
#include "svc/logs/log_store.h"
#include "svc/logs/operations.h"

#define GROUPS_MAX  10000
#define EVENT_BYTES 26 /* what each event counts beside its message */
#define BATCH_BYTES 1048576
#define FUTURE      (2 * MSEC_HOUR)
#define PAST        (14 * MSEC_DAY)

static bool group_name_is_valid(struct str s)
{
    return s.len > 0 && str_is_word(s, ".-_/#");
}

static bool stream_name_is_valid(struct str s)
{
    return s.len > 0 && str_find(s, ':') < 0 && str_find(s, '*') < 0;
}

/* clang-format off */
#define GROUP_NAME(T) STRING(T, group, "logGroupName", REQUIRED, LENGTH(1, 512), \
    .matches = group_name_is_valid, .pattern = "[\\.\\-_/#A-Za-z0-9]+")
#define STREAM_NAME(T) STRING(T, stream, "logStreamName", REQUIRED, LENGTH(1, 512), \
    .matches = stream_name_is_valid, .pattern = "[^:*]*")
/* clang-format on */

static int find_group(struct op *op, struct str name)
{
    struct log_group group;

    int found = log_group_get(op, name, &group);
    if (found == DB_NO_ROW)
        return op_fail(op, LOGS_NOT_FOUND, "The specified log group does not exist.");
    TRY(found);
    return 0;
}

static int find_stream(struct op *op, struct str group, struct str name)
{
    struct log_stream stream;

    PASS(find_group(op, group));
    int found = log_stream_get(op, group, name, &stream);
    if (found == DB_NO_ROW)
        return op_fail(op, LOGS_NOT_FOUND, "The specified log stream does not exist.");
    TRY(found);
    return 0;
}

/* --- CreateLogGroup, CreateLogStream -------------------------------------- */

struct create_in {
    struct str group, stream;
};

static const struct field create_group_fields[] = { GROUP_NAME(struct create_in) };
static const struct shape create_group_in =
    SHAPE("CreateLogGroupRequest", struct create_in, create_group_fields);

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

static const struct field create_stream_fields[] = { GROUP_NAME(struct create_in),
                                                     STREAM_NAME(struct create_in) };
static const struct shape create_stream_in =
    SHAPE("CreateLogStreamRequest", struct create_in, create_stream_fields);

static int create_log_stream(struct op *op, const struct create_in *in, struct nothing *out)
{
    (void)out;
    PASS(find_group(op, in->group));
    int inserted = log_stream_insert(op, in->group, in->stream);
    if (inserted == DB_CONFLICT)
        return op_fail(op, LOGS_ALREADY_EXISTS, "The specified log stream already exists");
    TRY(inserted);
    return 0;
}
OP_HANDLER(create_log_stream)

/* --- PutLogEvents --------------------------------------------------------- */

struct event_in {
    int64_t timestamp;
    struct str message;
};

static const struct field event_in_fields[] = {
    INTEGER(struct event_in, timestamp, "timestamp", REQUIRED, .min = 0, .max = INT64_MAX),
    STRING(struct event_in, message, "message", REQUIRED, LENGTH(1, 262144)),
};
static const struct shape event_in = SHAPE("InputLogEvent", struct event_in, event_in_fields);

struct put_in {
    struct str group, stream, token;
    struct list events;
};

static const struct field put_in_fields[] = {
    GROUP_NAME(struct put_in),
    STREAM_NAME(struct put_in),
    LIST(struct put_in, events, "logEvents", REQUIRED, event_in, .min = 1, .max = 10000),
    /* Accepted whatever it is: since 2023 it means nothing (API reference). */
    STRING(struct put_in, token, "sequenceToken", OPTIONAL, .min = 1, .max = 4096),
};
static const struct shape put_in = SHAPE("PutLogEventsRequest", struct put_in, put_in_fields);

struct rejected {
    int64_t too_new, too_old;
};

static const struct field rejected_fields[] = {
    INTEGER(struct rejected, too_new, "tooNewLogEventStartIndex", OPTIONAL),
    INTEGER(struct rejected, too_old, "tooOldLogEventEndIndex", OPTIONAL),
};
static const struct shape rejected_shape =
    SHAPE("RejectedLogEventsInfo", struct rejected, rejected_fields);

struct put_out {
    struct str token;
    struct rejected *rejected;
};

static const struct field put_out_fields[] = {
    STRING(struct put_out, token, "nextSequenceToken", OPTIONAL),
    STRUCT(struct put_out, rejected, "rejectedLogEventsInfo", OPTIONAL, rejected_shape),
};
static const struct shape put_out = SHAPE("PutLogEventsResponse", struct put_out, put_out_fields);

static int check_batch(struct op *op, const struct put_in *in)
{
    size_t bytes = 0;
    int64_t before = 0;

    for (size_t i = 0; i < in->events.count; i++) {
        const struct event_in *e = LIST_ITEM(struct event_in, in->events, i);
        if (e->timestamp < before)
            return op_fail(op, LOGS_INVALID_PARAMETER,
                           "Log events in a single PutLogEvents request must be in chronological "
                           "order.");
        before = e->timestamp;
        bytes += e->message.len + EVENT_BYTES;
    }
    if (bytes > BATCH_BYTES)
        return op_fail(op, LOGS_INVALID_PARAMETER,
                       "Upload too large: %zu bytes exceeds limit of "
                       "%d",
                       bytes, BATCH_BYTES);
    return 0;
}

static void reject(struct op *op, struct put_out *out)
{
    if (out->rejected)
        return;
    out->rejected = arena_new(op->arena, struct rejected);
    *out->rejected = (struct rejected){ UNSET, UNSET };
}

static int put_log_events(struct op *op, const struct put_in *in, struct put_out *out)
{
    int64_t first = 0, last = 0, bytes = 0;

    PASS(find_stream(op, in->group, in->stream));
    PASS(check_batch(op, in));
    for (size_t i = 0; i < in->events.count; i++) {
        const struct event_in *e = LIST_ITEM(struct event_in, in->events, i);
        if (e->timestamp > op->now + FUTURE) {
            reject(op, out);
            out->rejected->too_new = (int64_t)i;
            break;
        }
        if (e->timestamp < op->now - PAST) {
            reject(op, out);
            out->rejected->too_old = (int64_t)i + 1;
            continue;
        }
        TRY(log_event_insert(op, in->group, in->stream,
                             &(struct log_event){ e->timestamp, e->message, 0, 0 }));
        first = first ? first : e->timestamp;
        last = e->timestamp;
        bytes += (int64_t)e->message.len + EVENT_BYTES;
    }
    if (first)
        TRY(log_stream_touch(op, in->group, in->stream, first, last, bytes));
    out->token = S("unused");
    return 0;
}
OP_HANDLER(put_log_events)

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

/* --- DescribeLogStreams --------------------------------------------------- */

struct streams_in {
    struct str group, prefix, order, token;
    bool descending;
    int64_t limit;
};

static const char *const orders[] = { "LogStreamName", "LastEventTime", NULL };

static const struct field streams_in_fields[] = {
    GROUP_NAME(struct streams_in),
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

    PASS(find_group(op, in->group));
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

/* --- GetLogEvents --------------------------------------------------------- */

struct events_in {
    struct str group, stream, token;
    int64_t from, until, limit;
    bool from_head;
};

static const struct field events_in_fields[] = {
    GROUP_NAME(struct events_in),
    STREAM_NAME(struct events_in),
    INTEGER(struct events_in, from, "startTime", OPTIONAL, .min = 0, .max = INT64_MAX, DEFAULT(0)),
    INTEGER(struct events_in, until, "endTime", OPTIONAL, .min = 0, .max = INT64_MAX,
            DEFAULT(INT64_MAX)),
    STRING(struct events_in, token, "nextToken", OPTIONAL, .min = 1, .max = 4096),
    INTEGER(struct events_in, limit, "limit", OPTIONAL, RANGE(1, 10000), DEFAULT(10000)),
    BOOLEAN(struct events_in, from_head, "startFromHead", OPTIONAL),
};
static const struct shape events_in =
    SHAPE("GetLogEventsRequest", struct events_in, events_in_fields);

static const struct field event_out_fields[] = {
    INTEGER(struct log_event, timestamp, "timestamp", OPTIONAL),
    STRING(struct log_event, message, "message", OPTIONAL),
    INTEGER(struct log_event, ingested_at, "ingestionTime", OPTIONAL),
};
static const struct shape event_out = SHAPE("OutputLogEvent", struct log_event, event_out_fields);

struct events_out {
    struct list events;
    struct str forward, backward;
};

static const struct field events_out_fields[] = {
    LIST(struct events_out, events, "events", OPTIONAL, event_out),
    STRING(struct events_out, forward, "nextForwardToken", OPTIONAL),
    STRING(struct events_out, backward, "nextBackwardToken", OPTIONAL),
};
static const struct shape events_out =
    SHAPE("GetLogEventsResponse", struct events_out, events_out_fields);

/* "f timestamp id" / "b timestamp id": go on after / before that event. */
static struct str position(struct op *op, char direction, int64_t timestamp, int64_t id)
{
    return page_token(
        op, arena_fmt(op->arena, "%c %lld %lld", direction, (long long)timestamp, (long long)id));
}

static int read_position(struct op *op, const struct events_in *in, struct log_range *range)
{
    struct str text, direction, timestamp, id;

    range->backward = !in->from_head;
    range->timestamp = range->backward ? INT64_MAX : -1;
    range->id = range->backward ? INT64_MAX : -1;
    PASS(page_open(op, in->token, &text));
    if (!str_is_set(text))
        return 0;
    if (!str_cut(text, ' ', &direction, &text) || !str_cut(text, ' ', &timestamp, &id) ||
        !str_to_int(timestamp, &range->timestamp) || !str_to_int(id, &range->id))
        return op_invalid(op, "The specified nextToken is invalid.");
    range->backward = str_eq(direction, S("b"));
    return 0;
}

static int get_log_events(struct op *op, const struct events_in *in, struct events_out *out)
{
    struct log_range range = { .group = in->group,
                               .stream = in->stream,
                               .from = in->from,
                               .until = in->until,
                               .limit = in->limit };
    struct log_event *events;
    size_t count;

    PASS(find_stream(op, in->group, in->stream));
    PASS(read_position(op, in, &range));
    TRY(log_event_list(op, &range, &events, &count));
    out->events = (struct list){ events, count };

    /* At either end the token leads back to the same place, as AWS's do. */
    struct log_event edge = { .timestamp = range.timestamp, .id = range.id };
    const struct log_event *first = count ? &events[0] : &edge;
    const struct log_event *last = count ? &events[count - 1] : &edge;
    out->forward = position(op, 'f', last->timestamp, last->id);
    out->backward = position(op, 'b', first->timestamp, first->id);
    return 0;
}
OP_HANDLER(get_log_events)

/* -------------------------------------------------------------------------- */

static struct str create_group_arn(struct op *op, const void *p)
{
    return log_group_arn(op, ((const struct create_in *)p)->group);
}

static struct str stream_arn(struct op *op, struct str group, struct str stream)
{
    return op_arn(op, "logs", "log-group:%.*s:log-stream:%.*s", STR(group), STR(stream));
}

static struct str create_stream_arn(struct op *op, const void *p)
{
    const struct create_in *in = p;
    return stream_arn(op, in->group, in->stream);
}

static struct str put_arn(struct op *op, const void *p)
{
    const struct put_in *in = p;
    return stream_arn(op, in->group, in->stream);
}

static struct str get_arn(struct op *op, const void *p)
{
    const struct events_in *in = p;
    return stream_arn(op, in->group, in->stream);
}

/* clang-format off */
const struct operation log_operations[] = {
    OP("CreateLogGroup", create_log_group, create_group_in, shape_nothing, OP_WRITES,
       RAISES(LOGS_ALREADY_EXISTS, LOGS_LIMIT_EXCEEDED), .resource = create_group_arn),
    OP("CreateLogStream", create_log_stream, create_stream_in, shape_nothing, OP_WRITES,
       RAISES(LOGS_ALREADY_EXISTS, LOGS_NOT_FOUND), .resource = create_stream_arn),
    OP("PutLogEvents", put_log_events, put_in, put_out, OP_WRITES,
       RAISES(LOGS_NOT_FOUND, LOGS_INVALID_PARAMETER), .resource = put_arn),
    OP("DescribeLogGroups", describe_log_groups, groups_in, groups_out, OP_READS, RAISES_NOTHING),
    OP("DescribeLogStreams", describe_log_streams, streams_in, streams_out, OP_READS,
       RAISES(LOGS_NOT_FOUND, LOGS_INVALID_PARAMETER)),
    OP("GetLogEvents", get_log_events, events_in, events_out, OP_READS, RAISES(LOGS_NOT_FOUND),
       .resource = get_arn),
    OP_END,
};
/* clang-format on */
