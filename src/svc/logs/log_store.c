/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/logs/log_store.h"

#include "store/db.h"
#include "svc/logs/schema.h"

static const struct migration migrations[] = {
    { "CREATE TABLE logs_group ("
      " account TEXT NOT NULL, region TEXT NOT NULL, name TEXT NOT NULL,"
      " created_at INTEGER NOT NULL, PRIMARY KEY (account, region, name));"
      "CREATE TABLE logs_stream ("
      " account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL, name TEXT NOT NULL,"
      " created_at INTEGER NOT NULL, first_at INTEGER NOT NULL DEFAULT 0,"
      " last_at INTEGER NOT NULL DEFAULT 0, ingested_at INTEGER NOT NULL DEFAULT 0,"
      " stored_bytes INTEGER NOT NULL DEFAULT 0,"
      " PRIMARY KEY (account, region, log_group, name));"
      "CREATE TABLE logs_event ("
      " id INTEGER PRIMARY KEY AUTOINCREMENT,"
      " account TEXT NOT NULL, region TEXT NOT NULL, log_group TEXT NOT NULL,"
      " stream TEXT NOT NULL, timestamp INTEGER NOT NULL, ingested_at INTEGER NOT NULL,"
      " message TEXT NOT NULL);"
      "CREATE INDEX logs_event_by_time"
      " ON logs_event (account, region, log_group, stream, timestamp, id);" },
};
const struct schema logs_schema = { "logs", migrations, ARRAY_LEN(migrations) };

/* clang-format off */
#define GROUP \
    "SELECT name, created_at, 'arn:aws:logs:' || region || ':' || account || ':log-group:' ||" \
    " name || ':*' AS arn, (SELECT COALESCE(SUM(s.stored_bytes), 0) FROM logs_stream s" \
    " WHERE s.account = g.account AND s.region = g.region AND s.log_group = g.name)" \
    " AS stored_bytes FROM logs_group g WHERE account = $1 AND region = $2"
#define STREAM \
    "SELECT name, created_at, first_at, last_at, ingested_at, stored_bytes," \
    " 'arn:aws:logs:' || region || ':' || account || ':log-group:' || log_group ||" \
    " ':log-stream:' || name AS arn FROM logs_stream" \
    " WHERE account = $1 AND region = $2 AND log_group = $3"
/* clang-format on */

static const struct column group_columns[] = {
    COL_STR(struct log_group, name),
    COL_STR(struct log_group, arn),
    COL_I64(struct log_group, created_at),
    COL_I64(struct log_group, stored_bytes),
};
static const struct mapping group_mapping = MAPPING(struct log_group, group_columns);

static const struct column stream_columns[] = {
    COL_STR(struct log_stream, name),         COL_STR(struct log_stream, arn),
    COL_I64(struct log_stream, created_at),   COL_I64(struct log_stream, first_at),
    COL_I64(struct log_stream, last_at),      COL_I64(struct log_stream, ingested_at),
    COL_I64(struct log_stream, stored_bytes),
};
static const struct mapping stream_mapping = MAPPING(struct log_stream, stream_columns);

static const struct column event_columns[] = {
    COL_I64(struct log_event, timestamp),
    COL_STR(struct log_event, message),
    COL_I64(struct log_event, ingested_at),
    COL_I64(struct log_event, id),
};
static const struct mapping event_mapping = MAPPING(struct log_event, event_columns);

struct str log_group_arn(struct op *op, struct str name)
{
    return op_arn(op, "logs", "log-group:%.*s", STR(name));
}

static struct str or_empty(struct str s)
{
    return str_is_set(s) ? s : S("");
}

/* --- groups --------------------------------------------------------------- */

int log_group_get(struct op *op, struct str name, struct log_group *ret)
{
    PASS(db_one(op->db, op->arena, &group_mapping, ret, GROUP " AND name = $3",
                ARGS(V(op->account), V(op->region), V(name))));
    return 0;
}

int log_group_insert(struct op *op, struct str name)
{
    PASS(db_exec(op->db, NULL,
                 "INSERT INTO logs_group (account, region, name, created_at)"
                 " VALUES ($1, $2, $3, $4)",
                 ARGS(V(op->account), V(op->region), V(name), V(op->now))));
    return 0;
}

int log_group_list(struct op *op, struct str prefix, struct str after, int64_t limit,
                   struct log_group **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(
        op->db, op->arena, &group_mapping, &items, ret_count,
        GROUP " AND substr(name, 1, length($3)) = $3 AND name > $4"
              " ORDER BY name LIMIT $5",
        ARGS(V(op->account), V(op->region), V(or_empty(prefix)), V(or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}

int log_group_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(*) FROM logs_group WHERE account = $1 AND region = $2",
               ARGS(V(op->account), V(op->region))));
    return 0;
}

/* --- streams -------------------------------------------------------------- */

int log_stream_get(struct op *op, struct str group, struct str name, struct log_stream *ret)
{
    PASS(db_one(op->db, op->arena, &stream_mapping, ret, STREAM " AND name = $4",
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
    TRY(db_all(op->db, op->arena, &stream_mapping, &items, ret_count,
               STREAM " AND substr(name, 1, length($4)) = $4 AND name > $5"
                      " ORDER BY name LIMIT $6",
               ARGS(V(op->account), V(op->region), V(group), V(or_empty(prefix)),
                    V(or_empty(after)), V(limit))));
    *ret = items;
    return 0;
}

int log_stream_latest(struct op *op, struct str group, bool descending, int64_t skip, int64_t limit,
                      struct log_stream **ret, size_t *ret_count)
{
    void *items;
    TRY(db_all(op->db, op->arena, &stream_mapping, &items, ret_count,
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

/* --- events --------------------------------------------------------------- */

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

    TRY(db_all(op->db, op->arena, &event_mapping, &items, ret_count,
               r->backward ? backward : forward,
               ARGS(V(op->account), V(op->region), V(r->group), V(r->stream), V(r->from),
                    V(r->until), V(r->timestamp), V(r->id), V(r->limit))));
    *ret = items;
    return 0;
}
