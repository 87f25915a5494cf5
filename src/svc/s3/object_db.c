/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/s3/object.h"
#include "svc/s3/s3.h"

/* clang-format off */
#define OBJECT \
    "bucket, key, blob, etag, content_type, metadata, checksum_name, checksum, size, modified_at"
/* clang-format on */

static const struct column columns[] = {
    COL_STR(struct object, bucket),        COL_STR(struct object, key),
    COL_STR(struct object, blob),          COL_STR(struct object, etag),
    COL_STR(struct object, content_type),  COL_STR(struct object, metadata),
    COL_STR(struct object, checksum_name), COL_STR(struct object, checksum),
    COL_I64(struct object, size),          COL_I64(struct object, modified_at),
};
static const struct mapping mapping = MAPPING(struct object, columns);

int object_get(struct db *db, struct arena *a, struct str bucket, struct str key,
               struct object *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT " OBJECT " FROM s3_object WHERE bucket = $1 AND key = $2",
                ARGS(V(bucket), V(key))));
    return 0;
}

int object_put(struct op *op, const struct object *o)
{
    TRY(object_delete(op, o->bucket, o->key));
    TRY(db_exec(op->db, NULL,
                "INSERT INTO s3_object (" OBJECT ")"
                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
                ARGS(V(o->bucket), V(o->key), V(o->blob), V(o->etag), V(o->content_type),
                     V(o->metadata), V(o->checksum_name), V(o->checksum), V(o->size),
                     V(o->modified_at))));
    return 0;
}

int object_delete(struct op *op, struct str bucket, struct str key)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM s3_object WHERE bucket = $1 AND key = $2",
                ARGS(V(bucket), V(key))));
    return 0;
}

int object_list(struct op *op, struct str bucket, struct str after, struct str from, int64_t limit,
                struct object **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT " OBJECT " FROM s3_object WHERE bucket = $1 AND key > $2 AND key >= $3"
               " ORDER BY key LIMIT $4",
               ARGS(V(bucket), V(after), V(from), V(limit))));
    *ret = items;
    return 0;
}

/* --- for others ----------------------------------------------------------- */

struct owned {
    struct str account, blob;
    int64_t size;
};

static const struct column owned_columns[] = {
    COL_STR(struct owned, account),
    COL_STR(struct owned, blob),
    COL_I64(struct owned, size),
};
static const struct mapping owned_mapping = MAPPING(struct owned, owned_columns);

static int find_object(struct db *db, struct arena *a, struct str bucket, struct str key,
                       struct object_facts *ret)
{
    struct owned o;

    int found = db_one(db, a, &owned_mapping, &o,
                       "SELECT b.account AS account, o.blob AS blob, o.size AS size"
                       " FROM s3_object o JOIN s3_bucket b ON b.name = o.bucket"
                       " WHERE o.bucket = $1 AND o.key = $2",
                       ARGS(V(bucket), V(key)));
    if (found == DB_NO_ROW)
        return PORT_NONE;
    TRY(found);
    *ret = (struct object_facts){ o.account, o.blob, o.size };
    return 0;
}

const struct object_port s3_objects = { find_object };
