/* SPDX-License-Identifier: Apache-2.0 */
#include "api/ports.h"
#include "api/presign.h"
#include "base/crypto.h"
#include "base/hex.h"
#include "base/json.h"
#include "store/db.h"
#include "svc/s3/bucket.h"
#include "svc/s3/chunked.h"
#include "svc/s3/errors.h"
#include "svc/s3/object.h"
#include "svc/s3/operations.h"

static struct str object_arn(struct op *op, struct str bucket, struct str key)
{
    return arena_fmt(op->arena, "arn:aws:s3:::%.*s/%.*s", STR(bucket), STR(key));
}

/* clang-format off */
#define HEADER(T, m, NAME, WIRE) \
    STRING(T, m, NAME, OPTIONAL, .place = PLACE_HEADER, .wire_name = WIRE)
#define NEWER_HEADER(T, m, NAME, WIRE) \
    STRING(T, m, NAME, NEWER, .place = PLACE_HEADER, .wire_name = WIRE)
#define PLACED(T) \
    STRING(T, bucket, "Bucket", REQUIRED, .place = PLACE_PATH), \
    STRING(T, key, "Key", REQUIRED, .place = PLACE_PATH, LENGTH(1, OBJECT_MAX_KEY)), \
    HEADER(T, owner, "ExpectedBucketOwner", "x-amz-expected-bucket-owner")
#define CHECKSUMS(T) \
    HEADER(T, checksums[CHECKSUM_CRC32], "ChecksumCRC32", "x-amz-checksum-crc32"), \
    HEADER(T, checksums[CHECKSUM_CRC32C], "ChecksumCRC32C", "x-amz-checksum-crc32c"), \
    NEWER_HEADER(T, checksums[CHECKSUM_CRC64NVME], "ChecksumCRC64NVME", "x-amz-checksum-crc64nvme"), \
    HEADER(T, checksums[CHECKSUM_SHA1], "ChecksumSHA1", "x-amz-checksum-sha1"), \
    HEADER(T, checksums[CHECKSUM_SHA256], "ChecksumSHA256", "x-amz-checksum-sha256")
#define METADATA(T) \
    TEXT_MAP(T, metadata, "Metadata", OPTIONAL, .place = PLACE_HEADERS, .wire_name = "x-amz-meta-")
/* clang-format on */

static void show_checksum(const struct object *o, struct str *checksums)
{
    for (enum checksum i = 0; i < CHECKSUM_COUNT; i++)
        if (str_eq(o->checksum_name, checksum_name(i)))
            checksums[i] = o->checksum;
}

/* --- PutObject ------------------------------------------------------------ */

struct put_in {
    struct str bucket, key, owner, body, acl, md5, content_type, algorithm, if_none_match;
    struct str checksums[CHECKSUM_COUNT];
    struct text_map metadata;
};

/* clang-format off */
static const struct field put_in_fields[] = {
    PLACED(struct put_in),
    BLOB(struct put_in, body, "Body", OPTIONAL, .place = PLACE_PAYLOAD),
    HEADER(struct put_in, acl, "ACL", "x-amz-acl"),
    HEADER(struct put_in, md5, "ContentMD5", "Content-MD5"),
    HEADER(struct put_in, content_type, "ContentType", "Content-Type"),
    HEADER(struct put_in, algorithm, "ChecksumAlgorithm", "x-amz-sdk-checksum-algorithm"),
    NEWER_HEADER(struct put_in, if_none_match, "IfNoneMatch", "If-None-Match"),
    CHECKSUMS(struct put_in),
    METADATA(struct put_in),
};
/* clang-format on */
static const struct shape put_in = SHAPE("PutObjectRequest", struct put_in, put_in_fields);

struct put_out {
    struct str etag;
    struct str checksums[CHECKSUM_COUNT];
};

/* clang-format off */
static const struct field put_out_fields[] = {
    HEADER(struct put_out, etag, "ETag", "ETag"),
    CHECKSUMS(struct put_out),
};
/* clang-format on */
static const struct shape put_out = SHAPE("PutObjectOutput", struct put_out, put_out_fields);

static int check_md5(struct op *op, const struct put_in *in, struct str is)
{
    struct str said;

    if (!str_is_set(in->md5))
        return 0;
    if (!base64_decode(op->arena, in->md5, &said) || said.len != 16)
        return op_fail(op, S3_INVALID_DIGEST, "The Content-MD5 you specified is not valid.");
    if (!str_eq(said, is))
        return op_fail(op, S3_BAD_DIGEST,
                       "The Content-MD5 you specified did not match what we received.");
    return 0;
}

static int check_checksums(struct op *op, const struct put_in *in, struct str body,
                           struct object *o)
{
    for (enum checksum i = 0; i < CHECKSUM_COUNT; i++) {
        if (!str_is_set(in->checksums[i]))
            continue;
        if (str_is_set(o->checksum))
            return op_invalid(op, "Expecting a single x-amz-checksum- header. Multiple checksum "
                                  "Types are not allowed.");
        o->checksum_name = checksum_name(i);
        o->checksum = checksum_of(op->arena, i, body);
        if (!str_eq(in->checksums[i], o->checksum))
            return op_fail(op, S3_BAD_DIGEST,
                           "The %.*s you specified did not match the calculated checksum.",
                           STR(o->checksum_name));
    }
    if (str_is_set(in->algorithm) && !str_ieq(in->algorithm, o->checksum_name))
        return op_invalid(op, "x-amz-sdk-checksum-algorithm specified, but no corresponding "
                              "x-amz-checksum-* or x-amz-trailer headers were found.");
    return 0;
}

static struct str lower(struct arena *a, struct str s)
{
    char *p = arena_copy(a, s.p, s.len);

    for (size_t i = 0; i < s.len; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + 'a' - 'A');
    return (struct str){ p, s.len };
}

static int take_metadata(struct op *op, const struct put_in *in, struct object *o)
{
    struct value *map = value_map(op->arena);
    size_t bytes = 0;

    for (size_t i = 0; i < in->metadata.count; i++) {
        const struct text_pair *pair = &in->metadata.items[i];
        bytes += pair->key.len + pair->value.len;
        value_set_str(op->arena, map, lower(op->arena, pair->key), pair->value);
    }
    if (bytes > OBJECT_MAX_META)
        return op_fail(op, S3_METADATA_TOO_LARGE,
                       "Your metadata headers exceed the maximum allowed metadata size");
    if (value_count(map) > 0)
        o->metadata = json_format(op->arena, map);
    return 0;
}

static int check_put(struct op *op, const struct put_in *in)
{
    struct object present;

    if (in->key.len > OBJECT_MAX_KEY)
        return op_fail(op, S3_KEY_TOO_LONG, "Your key is too long");
    if (memchr(in->key.p, 0, in->key.len))
        return op_invalid(op, "A key with a NUL byte is not supported.");
    /* What everyone has here anyway: the bucket's owner owns all objects. */
    if (str_is_set(in->acl) && !str_eq(in->acl, S("bucket-owner-full-control")))
        return op_fail(op, S3_NO_ACLS, "The bucket does not allow ACLs");
    if (!str_is_set(in->if_none_match))
        return 0;
    if (!str_eq(in->if_none_match, S("*")))
        return op_fail(op, OP_UNSUPPORTED, "If-None-Match of a PUT may only be *");
    int found = object_get(op->db, op->arena, in->bucket, in->key, &present);
    if (found == 0)
        return op_fail(op, S3_PRECONDITION,
                       "At least one of the pre-conditions you specified did not hold");
    return found == DB_NO_ROW ? 0 : found;
}

static int bad_chunks(struct op *op)
{
    return op_fail(op, S3_INCOMPLETE_BODY,
                   "The request body is not what its headers say of its chunks.");
}

/* The body in chunks, as what it stands for: its bytes, and a checksum that came behind. */
static int unpack(struct op *op, const struct put_in *given, struct put_in *in)
{
    struct chunked c;
    int64_t length;

    *in = *given;
    if (!op->http ||
        !str_eq(http_header_get(op->http, S("x-amz-content-sha256")), S(CHUNKED_PAYLOAD)))
        return 0;
    struct str said = http_header_get(op->http, S("x-amz-decoded-content-length"));
    if (!chunked_decode(op->arena, given->body, &c) || !str_to_int(said, &length) ||
        length != (int64_t)c.bytes.len)
        return bad_chunks(op);
    in->body = c.bytes;
    for (size_t i = 0; i < c.n_trailers; i++) {
        bool is_known = false;
        for (enum checksum k = 0; k < CHECKSUM_COUNT; k++) {
            struct str name = arena_fmt(op->arena, "x-amz-checksum-%.*s", STR(checksum_name(k)));
            if (str_ieq(c.trailers[i].name, name)) {
                in->checksums[k] = c.trailers[i].value;
                is_known = true;
            }
        }
        if (!is_known)
            return bad_chunks(op);
    }
    return 0;
}

static int put_object(struct op *op, const struct put_in *given, struct put_out *out)
{
    struct bucket bucket;
    struct put_in unpacked;
    const struct put_in *in = &unpacked;

    PASS(unpack(op, given, &unpacked));
    struct str body = str_or_empty(in->body);
    struct object o = {
        .bucket = in->bucket,
        .key = in->key,
        .content_type = in->content_type,
        .size = (int64_t)body.len,
        .modified_at = op->now,
    };

    PASS(bucket_enter(op, in->bucket, in->owner, S("s3:PutObject"),
                      object_arn(op, in->bucket, in->key), &bucket));
    PASS(check_put(op, in));
    struct str digest = md5(op->arena, body);
    PASS(check_md5(op, in, digest));
    PASS(check_checksums(op, in, body, &o));
    PASS(take_metadata(op, in, &o));
    TRY(op->plane->blobs.put(op->plane->blobs.context, body, op->arena, &o.blob));
    o.etag = arena_fmt(op->arena, "\"%.*s\"", STR(hex_encode(op->arena, digest)));
    TRY(object_put(op, &o));
    out->etag = o.etag;
    show_checksum(&o, out->checksums);
    return 0;
}
OP_HANDLER(put_object)

/* --- GetObject, HeadObject -----------------------------------------------------------------------
 */

struct get_in {
    struct str bucket, key, owner, range, if_match, if_none_match, checksum_mode;
};

/* clang-format off */
static const char *const checksum_modes[] = { "ENABLED", NULL };

static const struct field get_in_fields[] = {
    PLACED(struct get_in),
    HEADER(struct get_in, range, "Range", "Range"),
    HEADER(struct get_in, if_match, "IfMatch", "If-Match"),
    HEADER(struct get_in, if_none_match, "IfNoneMatch", "If-None-Match"),
    STRING(struct get_in, checksum_mode, "ChecksumMode", OPTIONAL, .place = PLACE_HEADER,
           .wire_name = "x-amz-checksum-mode", .values = checksum_modes),
};
/* clang-format on */
static const struct shape get_in = SHAPE("GetObjectRequest", struct get_in, get_in_fields);

struct get_out {
    struct str body, accept_ranges, etag, content_type, content_range;
    struct str checksums[CHECKSUM_COUNT];
    msec modified_at;
    int64_t length;
    struct text_map metadata;
};

/* clang-format off */
#define HEAD_OUT \
    HEADER(struct get_out, accept_ranges, "AcceptRanges", "accept-ranges"), \
    HEADER(struct get_out, etag, "ETag", "ETag"), \
    HEADER(struct get_out, content_type, "ContentType", "Content-Type"), \
    CHECKSUMS(struct get_out), \
    TIMESTAMP(struct get_out, modified_at, "LastModified", OPTIONAL, .place = PLACE_HEADER, \
              .wire_name = "Last-Modified"), \
    INTEGER(struct get_out, length, "ContentLength", OPTIONAL, .place = PLACE_HEADER, \
            .wire_name = "Content-Length"), \
    METADATA(struct get_out)

static const struct field get_out_fields[] = {
    BLOB(struct get_out, body, "Body", OPTIONAL, .place = PLACE_PAYLOAD),
    HEADER(struct get_out, content_range, "ContentRange", "Content-Range"),
    HEAD_OUT,
};
static const struct field head_out_fields[] = { HEAD_OUT };
/* clang-format on */
static const struct shape get_out = SHAPE("GetObjectOutput", struct get_out, get_out_fields);
static const struct shape head_out = SHAPE("HeadObjectOutput", struct get_out, head_out_fields);

static bool etag_matches(struct str list, struct str etag)
{
    struct str each, bare = str_slice(etag, 1, etag.len - 2);

    while (str_next(&list, ',', &each)) {
        each = str_trim(each);
        if (str_eq(each, S("*")) || str_eq(each, etag) || str_eq(each, bare))
            return true;
    }
    return false;
}

/* Whoever may not list must not learn which keys there are. */
static int no_such_key(struct op *op, const struct bucket *bucket)
{
    struct auth auth = { .action = S("s3:ListBucket"),
                         .resource = bucket_arn(op, bucket->name),
                         .owner = bucket->account,
                         .service_needs_policy = true };
    PASS(op_authorize(op, &auth));
    return op_fail(op, S3_NO_KEY, "The specified key does not exist.");
}

/* Frozen baselines are ssm's. Nobody knows their keys but whom it gives a presigned URL,
 * and nobody else is let in. */
static int find_snapshot(struct op *op, const struct get_in *in, struct object *ret)
{
    struct object_facts facts;

    PASS(request_check_headers(op));
    if (op->principal->kind != PRINCIPAL_SERVICE || !str_eq(op->principal->id, S(PRESIGN_KEY)))
        return op_fail(op, OP_DENIED, "Access Denied");
    int found = op->plane->snapshots->object(op->db, op->arena, in->bucket, in->key, &facts);
    if (found == PORT_NONE)
        return op_fail(op, S3_NO_KEY, "The specified key does not exist.");
    TRY(found);
    *ret = (struct object){
        .bucket = in->bucket,
        .key = in->key,
        .blob = facts.blob,
        .etag = arena_fmt(op->arena, "\"%.*s\"", STR(facts.blob)),
        .content_type = S("application/json"),
        .size = facts.size,
        .modified_at = UNSET,
    };
    return 0;
}

static int find_object(struct op *op, const struct get_in *in, struct object *ret)
{
    struct bucket bucket;

    if (str_starts(in->bucket, S(PRESIGN_SNAPSHOT_BUCKETS)) && op->plane->snapshots)
        return find_snapshot(op, in, ret);
    PASS(bucket_enter(op, in->bucket, in->owner, S("s3:GetObject"),
                      object_arn(op, in->bucket, in->key), &bucket));
    int found = object_get(op->db, op->arena, in->bucket, in->key, ret);
    if (found == DB_NO_ROW)
        return no_such_key(op, &bucket);
    TRY(found);
    return 0;
}

static int show_metadata(struct op *op, const struct object *o, struct text_map *ret)
{
    struct value *map;

    if (!str_is_set(o->metadata))
        return 0;
    TRY(json_parse(op->arena, o->metadata, &map, NULL));
    ret->items = arena_array(op->arena, struct text_pair, value_count(map));
    for (size_t i = 0; i < value_count(map); i++)
        ret->items[ret->count++] =
            (struct text_pair){ map->map.members[i].key, value_str(map->map.members[i].value) };
    return 0;
}

static int describe(struct op *op, const struct get_in *in, struct object *o, struct get_out *out)
{
    PASS(find_object(op, in, o));
    if (str_is_set(in->if_match) && !etag_matches(in->if_match, o->etag))
        return op_fail(op, S3_PRECONDITION,
                       "At least one of the pre-conditions you specified did not hold");
    if (str_is_set(in->if_none_match) && etag_matches(in->if_none_match, o->etag))
        return op_fail(op, S3_NOT_MODIFIED, "Not Modified");
    out->accept_ranges = S("bytes");
    out->etag = o->etag;
    out->content_type = str_is_set(o->content_type) ? o->content_type : S("binary/octet-stream");
    out->modified_at = o->modified_at;
    out->length = o->size;
    if (str_is_set(in->checksum_mode))
        show_checksum(o, out->checksums);
    TRY(show_metadata(op, o, &out->metadata));
    return 0;
}

static int head_object(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct object o;

    if (str_is_set(in->range))
        return op_fail(op, OP_UNSUPPORTED, "The head of a range is not implemented.");
    PASS(describe(op, in, &o, out));
    return 0;
}
OP_HANDLER(head_object)

static int cut_range(struct op *op, struct str range, struct get_out *out)
{
    int64_t size = out->length, from, to;

    switch (http_range_parse(range, size, &from, &to)) {
    case HTTP_RANGE_ALL:
        return 0;
    case HTTP_RANGE_NONE:
        return op_fail(op, S3_RANGE, "The requested range is not satisfiable");
    case HTTP_RANGE_PART:
        break;
    }
    out->body = str_slice(out->body, (size_t)from, (size_t)(to - from + 1));
    out->length = to - from + 1;
    out->content_range = arena_fmt(op->arena, "bytes %lld-%lld/%lld", (long long)from,
                                   (long long)to, (long long)size);
    return 0;
}

static int get_object(struct op *op, const struct get_in *in, struct get_out *out)
{
    const struct blob_port *blobs = &op->plane->blobs;
    struct object o;

    PASS(describe(op, in, &o, out));
    TRY(blobs->get(blobs->context, o.blob, OBJECT_MAX_SIZE, op->arena, &out->body));
    if (str_is_set(in->range))
        PASS(cut_range(op, in->range, out));
    /* A checksum is of the whole. */
    if (str_is_set(out->content_range))
        memset(out->checksums, 0, sizeof(out->checksums));
    return 0;
}
OP_HANDLER(get_object)

/* --- DeleteObject --------------------------------------------------------- */

struct delete_in {
    struct str bucket, key, owner;
};

static const struct field delete_in_fields[] = {
    PLACED(struct delete_in),
};
static const struct shape delete_in =
    SHAPE("DeleteObjectRequest", struct delete_in, delete_in_fields);

static int delete_object(struct op *op, const struct delete_in *in, struct nothing *out)
{
    struct bucket bucket;

    (void)out;
    PASS(bucket_enter(op, in->bucket, in->owner, S("s3:DeleteObject"),
                      object_arn(op, in->bucket, in->key), &bucket));
    TRY(object_delete(op, in->bucket, in->key));
    return 0;
}
OP_HANDLER(delete_object)

/* clang-format off */
const struct operation object_operations[] = {
    OP("PutObject", put_object, put_in, put_out, OP_WRITES | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET, S3_KEY_TOO_LONG, S3_METADATA_TOO_LARGE, S3_INVALID_DIGEST,
              S3_BAD_DIGEST, S3_NO_ACLS, S3_PRECONDITION, S3_INCOMPLETE_BODY),
       .method = "PUT", .path = "/{Bucket}/{Key+}"),
    OP("GetObject", get_object, get_in, get_out, OP_READS | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET, S3_NO_KEY, S3_PRECONDITION, S3_NOT_MODIFIED, S3_RANGE),
       .method = "GET", .path = "/{Bucket}/{Key+}"),
    OP("HeadObject", head_object, get_in, head_out, OP_READS | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET, S3_NO_KEY, S3_PRECONDITION, S3_NOT_MODIFIED),
       .method = "HEAD", .path = "/{Bucket}/{Key+}"),
    OP("DeleteObject", delete_object, delete_in, shape_nothing, OP_WRITES | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET), .method = "DELETE", .path = "/{Bucket}/{Key+}", .status = 204),
    OP_END,
};
/* clang-format on */
