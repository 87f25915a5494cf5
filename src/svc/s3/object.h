/* SPDX-License-Identifier: Apache-2.0 */
/* An object: its row; its bytes are a blob. */
#pragma once

#include "api/op.h"
#include "svc/s3/checksum.h"

#define OBJECT_MAX_SIZE ((size_t)64 * 1024 * 1024)
#define OBJECT_MAX_KEY  1024
#define OBJECT_MAX_META 2048 /* bytes of names and values of user metadata */

struct object {
    struct str bucket, key, blob, etag;
    struct str content_type;            /* absent: none was given */
    struct str metadata;                /* JSON map, absent: none */
    struct str checksum_name, checksum; /* "CRC32" and its base64; absent: none was given */
    int64_t size;
    msec modified_at;
};

/* --- store: outcome DB_NO_ROW --------------------------------------------- */

MUST_CHECK int object_get(struct db *db, struct arena *a, struct str bucket, struct str key,
                          struct object *ret);
MUST_CHECK int object_put(struct op *op, const struct object *o); /* replaces */
MUST_CHECK int object_delete(struct op *op, struct str bucket, struct str key);

/* Keys after `after` that are not before `from`, in order. */
MUST_CHECK int object_list(struct op *op, struct str bucket, struct str after, struct str from,
                           int64_t limit, struct object **ret, size_t *ret_count);
