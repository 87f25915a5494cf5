/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_event.h"

#include "svc/logs/errors.h"
#include "svc/logs/log_names.h"
#include "svc/logs/log_stream.h"
#include "svc/logs/operations.h"

#define EVENT_BYTES 26 /* what each event counts beside its message */
#define BATCH_BYTES 1048576
#define FUTURE      (2 * MSEC_HOUR)
#define PAST        (14 * MSEC_DAY)

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
    LOG_GROUP_NAME(struct put_in),
    LOG_STREAM_NAME(struct put_in),
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

    PASS(log_stream_find(op, in->group, in->stream));
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

/* --- GetLogEvents --------------------------------------------------------- */

struct events_in {
    struct str group, stream, token;
    int64_t from, until, limit;
    bool from_head;
};

static const struct field events_in_fields[] = {
    LOG_GROUP_NAME(struct events_in),
    LOG_STREAM_NAME(struct events_in),
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

    PASS(log_stream_find(op, in->group, in->stream));
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

static struct str put_arn(struct op *op, const void *p)
{
    const struct put_in *in = p;
    return log_stream_arn(op, in->group, in->stream);
}

static struct str get_arn(struct op *op, const void *p)
{
    const struct events_in *in = p;
    return log_stream_arn(op, in->group, in->stream);
}

/* clang-format off */
const struct operation log_event_operations[] = {
    OP("PutLogEvents", put_log_events, put_in, put_out, OP_WRITES,
       RAISES(LOGS_NOT_FOUND, LOGS_INVALID_PARAMETER), .resource = put_arn),
    OP("GetLogEvents", get_log_events, events_in, events_out, OP_READS, RAISES(LOGS_NOT_FOUND),
       .resource = get_arn),
    OP_END,
};
/* clang-format on */
