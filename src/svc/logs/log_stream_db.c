/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_stream.h"

/* clang-format off */
#define STREAM \
    "SELECT name, created_at, first_at, last_at, ingested_at, stored_bytes," \
    " 'arn:aws:logs:' || region || ':' || account || ':log-group:' || log_group ||" \
    " ':log-stream:' || name AS arn FROM logs_stream" \
    " WHERE account = $1 AND region = $2 AND log_group = $3"
/* clang-format on */

static const struct column columns[] = {
    COL_STR(struct log_stream, name),         COL_STR(struct log_stream, arn),
    COL_I64(struct log_stream, created_at),   COL_I64(struct log_stream, first_at),
    COL_I64(struct log_stream, last_at),      COL_I64(struct log_stream, ingested_at),
    COL_I64(struct log_stream, stored_bytes),
};
static const struct mapping mapping = MAPPING(struct log_stream, columns);

int log_stream_get(struct op *op, struct str group, struct str name, struct log_stream *ret)
{
    PASS(db_one(op->db, op->arena, &mapping, ret, STREAM " AND name = $4",
                ARGS(V(op->account), V(op->region), V(group), V(name))));
    return 0;
}

int log_stream_insert(struct op *op, struct str group, struct str name)
{
    PASS(db_exec(op->db, NULL,
                 "INSERT INTO logs_stream (account, region, log_group, name, created_at)"
                 " VALUES ($1, $2, $3, $4, $5)",
                 ARGS(V(op->account), V(op->region), V(group), V(name), V(op->now))));
    return 0;
}

int log_stream_list(struct op *op, struct str group, struct str prefix, struct str after,
                    int64_t limit, struct log_stream **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               STREAM " AND substr(name, 1, length($4)) = $4 AND name > $5"
                      " ORDER BY name LIMIT $6",
               ARGS(V(op->account), V(op->region), V(group), V(str_or_empty(prefix)),
                    V(str_or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}

int log_stream_latest(struct op *op, struct str group, bool descending, int64_t skip, int64_t limit,
                      struct log_stream **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               descending ? STREAM " ORDER BY last_at DESC, name DESC LIMIT $4 OFFSET $5"
                          : STREAM " ORDER BY last_at, name LIMIT $4 OFFSET $5",
               ARGS(V(op->account), V(op->region), V(group), V(limit), V(skip))));
    *ret = items;
    return 0;
}

int log_stream_touch(struct op *op, struct str group, struct str stream, int64_t first_at,
                     int64_t last_at, int64_t bytes)
{
    TRY(db_exec(op->db, NULL,
                "UPDATE logs_stream SET"
                " first_at = CASE WHEN first_at = 0 OR first_at > $5 THEN $5 ELSE first_at END,"
                " last_at = CASE WHEN last_at < $6 THEN $6 ELSE last_at END,"
                " ingested_at = $7, stored_bytes = stored_bytes + $8"
                " WHERE account = $1 AND region = $2 AND log_group = $3 AND name = $4",
                ARGS(V(op->account), V(op->region), V(group), V(stream), V(first_at), V(last_at),
                     V(op->now), V(bytes))));
    return 0;
}
