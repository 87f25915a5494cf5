/* SPDX-License-Identifier: Apache-2.0 */
/* A stream of a group's events. Times are milliseconds, as on this service's wire. */
#pragma once

#include "api/op.h"

struct log_stream {
    struct str name, arn;
    int64_t created_at, first_at, last_at, ingested_at; /* 0: no event yet */
    int64_t stored_bytes;
};

/* Outcomes DB_NO_ROW, DB_CONFLICT. */
MUST_CHECK int log_stream_get(struct op *op, struct str group, struct str name,
                              struct log_stream *ret);
MUST_CHECK int log_stream_insert(struct op *op, struct str group, struct str name);
MUST_CHECK int log_stream_list(struct op *op, struct str group, struct str prefix, struct str after,
                               int64_t limit, struct log_stream **ret, size_t *ret_count);
/* The latest by their last event, for orderBy=LastEventTime. */
MUST_CHECK int log_stream_latest(struct op *op, struct str group, bool descending, int64_t skip,
                                 int64_t limit, struct log_stream **ret, size_t *ret_count);

/* Events have come: of what times, and what they count. */
MUST_CHECK int log_stream_touch(struct op *op, struct str group, struct str stream,
                                int64_t first_at, int64_t last_at, int64_t bytes);
