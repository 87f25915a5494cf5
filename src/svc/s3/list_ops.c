/* SPDX-License-Identifier: Apache-2.0 */
#include "base/hex.h"
#include "svc/s3/bucket.h"
#include "svc/s3/errors.h"
#include "svc/s3/object.h"
#include "svc/s3/operations.h"

#define LIST_MAX 1000
/* Sorts after every key that begins with what stands before it, but for keys that nobody has:
 * the last code point, which is assigned to no character. */
#define PAST_ALL "\xf4\x8f\xbf\xbf"

struct list_in {
    struct str bucket, owner, delimiter, encoding, prefix, token, start_after;
    int64_t max_keys;
};

static const char *const encodings[] = { "url", NULL };

/* clang-format off */
#define QUERY(m, NAME, WIRE, ...) \
    STRING(struct list_in, m, NAME, OPTIONAL, .place = PLACE_QUERY, .wire_name = WIRE, __VA_ARGS__)

static const struct field list_in_fields[] = {
    STRING(struct list_in, bucket, "Bucket", REQUIRED, .place = PLACE_PATH),
    STRING(struct list_in, owner, "ExpectedBucketOwner", OPTIONAL, .place = PLACE_HEADER,
           .wire_name = "x-amz-expected-bucket-owner"),
    QUERY(delimiter, "Delimiter", "delimiter"),
    QUERY(encoding, "EncodingType", "encoding-type", .values = encodings),
    INTEGER(struct list_in, max_keys, "MaxKeys", OPTIONAL, .place = PLACE_QUERY,
            .wire_name = "max-keys", DEFAULT(LIST_MAX)),
    QUERY(prefix, "Prefix", "prefix"),
    QUERY(token, "ContinuationToken", "continuation-token"),
    QUERY(start_after, "StartAfter", "start-after"),
};
/* clang-format on */
static const struct shape list_in = SHAPE("ListObjectsV2Request", struct list_in, list_in_fields);

struct content {
    struct str key, etag, storage_class;
    int64_t size;
    msec modified_at;
};

static const struct field content_fields[] = {
    STRING(struct content, key, "Key", OPTIONAL),
    TIMESTAMP(struct content, modified_at, "LastModified", OPTIONAL),
    STRING(struct content, etag, "ETag", OPTIONAL),
    INTEGER(struct content, size, "Size", OPTIONAL),
    STRING(struct content, storage_class, "StorageClass", OPTIONAL),
};
static const struct shape content_shape = SHAPE("Object", struct content, content_fields);

struct common {
    struct str prefix;
};

static const struct field common_fields[] = {
    STRING(struct common, prefix, "Prefix", OPTIONAL),
};
static const struct shape common_shape = SHAPE("CommonPrefix", struct common, common_fields);

struct list_out {
    struct str name, prefix, delimiter, encoding, token, next, start_after;
    int64_t max_keys, key_count;
    bool is_truncated;
    struct list contents, commons;
};

/* clang-format off */
static const struct field list_out_fields[] = {
    STRING(struct list_out, name, "Name", OPTIONAL),
    STRING(struct list_out, prefix, "Prefix", OPTIONAL),
    STRING(struct list_out, delimiter, "Delimiter", OPTIONAL),
    STRING(struct list_out, encoding, "EncodingType", OPTIONAL),
    STRING(struct list_out, token, "ContinuationToken", OPTIONAL),
    STRING(struct list_out, next, "NextContinuationToken", OPTIONAL),
    STRING(struct list_out, start_after, "StartAfter", OPTIONAL),
    INTEGER(struct list_out, max_keys, "MaxKeys", OPTIONAL),
    INTEGER(struct list_out, key_count, "KeyCount", OPTIONAL),
    BOOLEAN(struct list_out, is_truncated, "IsTruncated", OPTIONAL),
    LIST(struct list_out, contents, "Contents", FLATTENED, content_shape),
    LIST(struct list_out, commons, "CommonPrefixes", FLATTENED, common_shape),
};
/* clang-format on */
static const struct shape list_out = SHAPE("ListBucketResult", struct list_out, list_out_fields);

/* A list being made. */
struct listing {
    struct op *op;
    const struct list_in *in;
    struct str prefix; /* never absent */
    struct str after;  /* go on behind this key */
    struct str last_common;
    struct content *contents;
    struct common *commons;
    size_t n_contents, n_commons;
    int64_t limit;
    bool is_over, is_truncated;
};

static struct str shown(const struct listing *l, struct str s)
{
    return str_is_set(l->in->encoding) && str_is_set(s) ? percent_encode(l->op->arena, s, true) : s;
}

/* The part of the key up to the delimiter after the prefix; absent if it has none. */
static struct str common_of(const struct listing *l, struct str key)
{
    struct str rest = str_from(key, l->prefix.len), delimiter = l->in->delimiter;

    if (str_is_empty(delimiter) || rest.len == 0)
        return (struct str){ 0 };
    const char *at = memmem(rest.p, rest.len, delimiter.p, delimiter.len);
    if (!at)
        return (struct str){ 0 };
    return str_slice(key, 0, (size_t)(at - key.p) + delimiter.len);
}

/* False once the batch is of no more use: the list is over, or goes on behind a whole group. */
static bool take(struct listing *l, const struct object *o)
{
    struct str common = common_of(l, o->key);

    if (!str_starts(o->key, l->prefix)) {
        l->is_over = true;
        return false;
    }
    if (str_is_set(common) && str_eq(common, l->last_common)) {
        l->after = o->key;
        return true;
    }
    if ((int64_t)(l->n_contents + l->n_commons) >= l->limit) {
        l->is_over = l->is_truncated = true;
        return false;
    }
    if (str_is_set(common)) {
        l->commons[l->n_commons++].prefix = shown(l, common);
        l->last_common = common;
        l->after = arena_fmt(l->op->arena, "%.*s" PAST_ALL, STR(common));
        return false;
    }
    l->contents[l->n_contents++] = (struct content){
        .key = shown(l, o->key),
        .etag = o->etag,
        .storage_class = S("STANDARD"),
        .size = o->size,
        .modified_at = o->modified_at,
    };
    l->after = o->key;
    return true;
}

static int collect(struct listing *l)
{
    /* Behind a delimiter most of a batch may be skipped, so batches are small then. */
    int64_t batch = str_is_empty(l->in->delimiter) ? l->limit + 1 : 32;

    l->contents = arena_array(l->op->arena, struct content, (size_t)l->limit);
    l->commons = arena_array(l->op->arena, struct common, (size_t)l->limit);
    while (!l->is_over) {
        struct object *items;
        size_t count, i = 0;
        TRY(object_list(l->op, l->in->bucket, l->after, l->prefix, batch, &items, &count));
        while (i < count && take(l, &items[i]))
            i++;
        if (i == count && (int64_t)count < batch)
            l->is_over = true;
    }
    return 0;
}

static int enter(struct op *op, const struct list_in *in)
{
    struct bucket bucket;
    struct str max = arena_fmt(op->arena, "%lld", (long long)in->max_keys);
    struct str prefix = str_or_empty(in->prefix);
    struct str delimiter = str_or_empty(in->delimiter);
    struct op_key *keys = arena_array(op->arena, struct op_key, op->n_keys + 3);
    struct op inner = *op;

    for (size_t i = 0; i < op->n_keys; i++)
        keys[i] = op->keys[i];
    keys[op->n_keys] = (struct op_key){ S("s3:prefix"), { &prefix, 1 } };
    keys[op->n_keys + 1] = (struct op_key){ S("s3:delimiter"), { &delimiter, 1 } };
    keys[op->n_keys + 2] = (struct op_key){ S("s3:max-keys"), { &max, 1 } };
    inner.keys = keys;
    inner.n_keys = op->n_keys + 3;
    int entered = bucket_enter(&inner, in->bucket, in->owner, S("s3:ListBucket"),
                               bucket_arn(op, in->bucket), &bucket);
    op->message = inner.message;
    PASS(entered);
    if (in->max_keys < 0)
        return op_fail(op, S3_INVALID_ARGUMENT,
                       "Argument max-keys must be an integer between 0 "
                       "and 2147483647");
    return 0;
}

static int list_objects(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct listing l = {
        .op = op,
        .in = in,
        .prefix = str_or_empty(in->prefix),
        .limit = in->max_keys < LIST_MAX ? in->max_keys : LIST_MAX,
    };

    PASS(enter(op, in));
    PASS(page_open(op, in->token, &l.after));
    if (!str_is_set(l.after))
        l.after = str_or_empty(in->start_after);
    if (l.limit > 0)
        TRY(collect(&l));
    out->name = in->bucket;
    out->prefix = shown(&l, l.prefix);
    out->delimiter = shown(&l, in->delimiter);
    out->encoding = in->encoding;
    out->token = in->token;
    out->start_after = shown(&l, in->start_after);
    out->max_keys = l.limit;
    out->key_count = (int64_t)(l.n_contents + l.n_commons);
    out->is_truncated = l.is_truncated;
    if (l.is_truncated)
        out->next = page_token(op, l.after);
    out->contents = (struct list){ l.contents, l.n_contents };
    out->commons = (struct list){ l.commons, l.n_commons };
    return 0;
}
OP_HANDLER(list_objects)

/* clang-format off */
const struct operation list_operations[] = {
    OP("ListObjectsV2", list_objects, list_in, list_out, OP_READS | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET, S3_INVALID_ARGUMENT),
       .method = "GET", .path = "/{Bucket}?list-type=2"),
    OP_END,
};
/* clang-format on */
