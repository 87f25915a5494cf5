/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of groups, streams and events. Times are milliseconds, as on this service's wire. */
#pragma once

#include "api/op.h"
#include "wire/shape.h"

struct log_group {
    struct str name, arn;
    int64_t created_at, stored_bytes;
};

struct log_stream {
    struct str name, arn;
    int64_t created_at, first_at, last_at, ingested_at; /* 0: no event yet */
    int64_t stored_bytes;
};

struct log_event {
    int64_t timestamp;
    struct str message;
    int64_t ingested_at;
    int64_t id;
};

/* Outcomes DB_NO_ROW, DB_CONFLICT. */
MUST_CHECK int log_group_get(struct op *op, struct str name, struct log_group *ret);
MUST_CHECK int log_group_insert(struct op *op, struct str name);
MUST_CHECK int log_group_list(struct op *op, struct str prefix, struct str after, int64_t limit,
                              struct log_group **ret, size_t *ret_count);
MUST_CHECK int log_group_count(struct op *op, int64_t *ret);

MUST_CHECK int log_stream_get(struct op *op, struct str group, struct str name,
                              struct log_stream *ret);
MUST_CHECK int log_stream_insert(struct op *op, struct str group, struct str name);
MUST_CHECK int log_stream_list(struct op *op, struct str group, struct str prefix, struct str after,
                               int64_t limit, struct log_stream **ret, size_t *ret_count);
/* The latest by their last event, for orderBy=LastEventTime. */
MUST_CHECK int log_stream_latest(struct op *op, struct str group, bool descending, int64_t skip,
                                 int64_t limit, struct log_stream **ret, size_t *ret_count);

MUST_CHECK int log_event_insert(struct op *op, struct str group, struct str stream,
                                const struct log_event *event);
MUST_CHECK int log_stream_touch(struct op *op, struct str group, struct str stream,
                                int64_t first_at, int64_t last_at, int64_t bytes);

struct log_range {
    struct str group, stream;
    int64_t from, until;   /* of timestamps: [from, until) */
    int64_t timestamp, id; /* where to go on */
    bool backward;
    int64_t limit;
};
MUST_CHECK int log_event_list(struct op *op, const struct log_range *range, struct log_event **ret,
                              size_t *ret_count);

struct str log_group_arn(struct op *op, struct str name);
