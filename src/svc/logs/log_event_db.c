/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_event.h"

static const struct column columns[] = {
    COL_I64(struct log_event, timestamp),
    COL_STR(struct log_event, message),
    COL_I64(struct log_event, ingested_at),
    COL_I64(struct log_event, id),
};
static const struct mapping mapping = MAPPING(struct log_event, columns);

int log_event_insert(struct op *op, struct str group, struct str stream,
                     const struct log_event *event)
{
    TRY(db_exec(op->db, NULL,
                "INSERT INTO logs_event (account, region, log_group, stream, timestamp,"
                " ingested_at, message) VALUES ($1, $2, $3, $4, $5, $6, $7)",
                ARGS(V(op->account), V(op->region), V(group), V(stream), V(event->timestamp),
                     V(op->now), V(event->message))));
    return 0;
}

int log_event_list(struct op *op, const struct log_range *r, struct log_event **ret,
                   size_t *ret_count)
{
    static const char forward[] =
        "SELECT id, timestamp, ingested_at, message FROM logs_event"
        " WHERE account = $1 AND region = $2 AND log_group = $3 AND stream = $4"
        " AND timestamp >= $5 AND timestamp < $6 AND (timestamp, id) > ($7, $8)"
        " ORDER BY timestamp, id LIMIT $9";
    static const char backward[] =
        "SELECT id, timestamp, ingested_at, message FROM (SELECT * FROM logs_event"
        " WHERE account = $1 AND region = $2 AND log_group = $3 AND stream = $4"
        " AND timestamp >= $5 AND timestamp < $6 AND (timestamp, id) < ($7, $8)"
        " ORDER BY timestamp DESC, id DESC LIMIT $9) AS latest ORDER BY timestamp, id";
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count, r->backward ? backward : forward,
               ARGS(V(op->account), V(op->region), V(r->group), V(r->stream), V(r->from),
                    V(r->until), V(r->timestamp), V(r->id), V(r->limit))));
    *ret = items;
    return 0;
}
