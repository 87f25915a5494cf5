/* SPDX-License-Identifier: Apache-2.0 */
/* An event. Times are milliseconds, as on this service's wire. */
#pragma once

#include "api/op.h"

struct log_event {
    int64_t timestamp;
    struct str message;
    int64_t ingested_at;
    int64_t id;
};

MUST_CHECK int log_event_insert(struct op *op, struct str group, struct str stream,
                                const struct log_event *event);

struct log_range {
    struct str group, stream;
    int64_t from, until;   /* of timestamps: [from, until) */
    int64_t timestamp, id; /* where to go on */
    bool backward;
    int64_t limit;
};
MUST_CHECK int log_event_list(struct op *op, const struct log_range *range, struct log_event **ret,
                              size_t *ret_count);
