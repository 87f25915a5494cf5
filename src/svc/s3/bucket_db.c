/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/s3/bucket.h"

static const struct column columns[] = {
    COL_STR(struct bucket, name),
    COL_STR(struct bucket, account),
    COL_STR(struct bucket, region),
    COL_I64(struct bucket, created_at),
};
static const struct mapping mapping = MAPPING(struct bucket, columns);

int bucket_get(struct db *db, struct arena *a, struct str name, struct bucket *ret)
{
    PASS(db_one(db, a, &mapping, ret,
                "SELECT name, account, region, created_at FROM s3_bucket WHERE name = $1",
                ARGS(V(name))));
    return 0;
}

int bucket_insert(struct op *op, const struct bucket *b)
{
    PASS(db_exec(op->db, NULL,
                 "INSERT INTO s3_bucket (name, account, region, created_at)"
                 " VALUES ($1, $2, $3, $4)",
                 ARGS(V(b->name), V(b->account), V(b->region), V(b->created_at))));
    return 0;
}

int bucket_delete(struct op *op, struct str name)
{
    TRY(db_exec(op->db, NULL, "DELETE FROM s3_bucket WHERE name = $1", ARGS(V(name))));
    return 0;
}

int bucket_count(struct op *op, int64_t *ret)
{
    TRY(db_int(op->db, ret, "SELECT COUNT(*) FROM s3_bucket WHERE account = $1",
               ARGS(V(op->account))));
    return 0;
}

int bucket_list(struct op *op, struct bucket **ret, size_t *ret_count)
{
    void *items;

    TRY(db_all(op->db, op->arena, &mapping, &items, ret_count,
               "SELECT name, account, region, created_at FROM s3_bucket WHERE account = $1"
               " ORDER BY name LIMIT $2",
               ARGS(V(op->account), V(BUCKETS_MAX))));
    *ret = items;
    return 0;
}

int bucket_is_empty(struct op *op, struct str name, bool *ret)
{
    int64_t n;

    TRY(db_int(op->db, &n,
               "SELECT COUNT(*) FROM (SELECT 1 FROM s3_object WHERE bucket = $1 LIMIT 1) AS one",
               ARGS(V(name))));
    *ret = n == 0;
    return 0;
}
