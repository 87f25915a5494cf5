/* SPDX-License-Identifier: Apache-2.0 */
#include "store/db.h"
#include "svc/s3/bucket.h"
#include "svc/s3/errors.h"
#include "svc/s3/operations.h"

#define HOME_REGION S("us-east-1")

/* Most operations name a bucket and perhaps whose it should be. */
struct bucket_in {
    struct str name, owner;
};

/* clang-format off */
static const struct field bucket_in_fields[] = {
    STRING(struct bucket_in, name, "Bucket", REQUIRED, .place = PLACE_PATH),
    STRING(struct bucket_in, owner, "ExpectedBucketOwner", OPTIONAL, .place = PLACE_HEADER,
           .wire_name = "x-amz-expected-bucket-owner"),
};
/* clang-format on */
static const struct shape bucket_in = SHAPE("BucketRequest", struct bucket_in, bucket_in_fields);

/* --- CreateBucket --------------------------------------------------------- */

struct configuration {
    struct str location;
};

static const struct field configuration_fields[] = {
    STRING(struct configuration, location, "LocationConstraint", OPTIONAL),
};
static const struct shape configuration_shape =
    SHAPE("CreateBucketConfiguration", struct configuration, configuration_fields);

struct create_in {
    struct str name;
    struct configuration *configuration;
};

static const struct field create_in_fields[] = {
    STRING(struct create_in, name, "Bucket", REQUIRED, .place = PLACE_PATH),
    STRUCT(struct create_in, configuration, "CreateBucketConfiguration", OPTIONAL,
           configuration_shape, .place = PLACE_PAYLOAD),
};
static const struct shape create_in =
    SHAPE("CreateBucketRequest", struct create_in, create_in_fields);

struct create_out {
    struct str location;
};

static const struct field create_out_fields[] = {
    STRING(struct create_out, location, "Location", OPTIONAL, .place = PLACE_HEADER,
           .wire_name = "Location"),
};
static const struct shape create_out =
    SHAPE("CreateBucketOutput", struct create_out, create_out_fields);

static struct str create_arn(struct op *op, const void *in)
{
    const struct create_in *c = in;
    return bucket_arn(op, c->name);
}

/* Only the oldest Region puts buckets elsewhere, and only there may the place be left out. */
static int take_region(struct op *op, const struct create_in *in, struct str *ret)
{
    struct str wanted = in->configuration ? in->configuration->location : (struct str){ 0 };

    if (str_eq(wanted, S("EU")))
        wanted = S("eu-west-1");
    if (str_eq(wanted, HOME_REGION))
        return op_fail(op, S3_LOCATION, "The specified location-constraint is not valid");
    if (str_is_empty(wanted) && !str_eq(op->region, HOME_REGION))
        return op_fail(op, S3_LOCATION,
                       "The unspecified location constraint is incompatible for the region "
                       "specific endpoint this request was sent to.");
    if (!str_is_empty(wanted) && !str_eq(op->region, HOME_REGION) && !str_eq(op->region, wanted))
        return op_fail(op, S3_LOCATION,
                       "The %.*s location constraint is incompatible for the region specific "
                       "endpoint this request was sent to.",
                       STR(wanted));
    *ret = str_is_empty(wanted) ? HOME_REGION : wanted;
    if (ret->len > 32 || !str_is_word(*ret, "-"))
        return op_fail(op, S3_LOCATION, "The specified location-constraint is not valid");
    return 0;
}

static int create_bucket(struct op *op, const struct create_in *in, struct create_out *out)
{
    struct bucket b = { .name = in->name, .account = op->account, .created_at = op->now };
    struct bucket other;
    int64_t n;

    PASS(request_check_headers(op));
    if (!bucket_name_is_valid(in->name))
        return op_fail(op, S3_BUCKET_NAME, "The specified bucket is not valid.");
    PASS(take_region(op, in, &b.region));
    TRY(bucket_count(op, &n));
    if (n >= BUCKETS_MAX)
        return op_fail(op, S3_TOO_MANY_BUCKETS,
                       "You have attempted to create more buckets than allowed");
    int inserted = bucket_insert(op, &b);
    if (inserted == DB_CONFLICT) {
        TRY(bucket_get(op->db, op->arena, in->name, &other));
        if (str_eq(other.account, op->account))
            return op_fail(op, S3_BUCKET_YOURS,
                           "Your previous request to create the named bucket succeeded and you "
                           "already own it.");
        return op_fail(op, S3_BUCKET_EXISTS,
                       "The requested bucket name is not available. The bucket namespace is "
                       "shared by all users of the system. Please select a different name and "
                       "try again.");
    }
    TRY(inserted);
    out->location = arena_fmt(op->arena, "/%.*s", STR(in->name));
    return 0;
}
OP_HANDLER(create_bucket)

/* --- HeadBucket --------------------------------------------------------------------------------
 */

struct head_out {
    struct str region;
};

static const struct field head_out_fields[] = {
    STRING(struct head_out, region, "BucketRegion", NEWER, .place = PLACE_HEADER,
           .wire_name = "x-amz-bucket-region"),
};
static const struct shape head_out = SHAPE("HeadBucketOutput", struct head_out, head_out_fields);

static int head_bucket(struct op *op, const struct bucket_in *in, struct head_out *out)
{
    struct bucket b;

    PASS(bucket_enter(op, in->name, in->owner, S("s3:ListBucket"), bucket_arn(op, in->name), &b));
    out->region = b.region;
    return 0;
}
OP_HANDLER(head_bucket)

/* --- GetBucketLocation ---------------------------------------------------- */

struct location_out {
    struct str location;
};

/* The root element itself is the text. */
static const struct field location_out_fields[] = {
    STRING(struct location_out, location, "LocationConstraint", OPTIONAL, .wire_name = ""),
};
static const struct shape location_out =
    SHAPE("LocationConstraint", struct location_out, location_out_fields);

static int get_location(struct op *op, const struct bucket_in *in, struct location_out *out)
{
    struct bucket b;

    PASS(bucket_enter(op, in->name, in->owner, S("s3:GetBucketLocation"), bucket_arn(op, in->name),
                      &b));
    out->location = str_eq(b.region, HOME_REGION) ? S("") : b.region;
    return 0;
}
OP_HANDLER(get_location)

/* --- DeleteBucket --------------------------------------------------------- */

static int delete_bucket(struct op *op, const struct bucket_in *in, struct nothing *out)
{
    struct bucket b;
    bool is_empty;

    (void)out;
    PASS(bucket_enter(op, in->name, in->owner, S("s3:DeleteBucket"), bucket_arn(op, in->name), &b));
    TRY(bucket_is_empty(op, in->name, &is_empty));
    if (!is_empty)
        return op_fail(op, S3_BUCKET_NOT_EMPTY, "The bucket you tried to delete is not empty");
    TRY(bucket_delete(op, in->name));
    return 0;
}
OP_HANDLER(delete_bucket)

/* --- ListBuckets ---------------------------------------------------------- */

static const struct field each_fields[] = {
    STRING(struct bucket, name, "Name", OPTIONAL),
    TIMESTAMP(struct bucket, created_at, "CreationDate", OPTIONAL),
    STRING(struct bucket, region, "BucketRegion", NEWER),
};
static const struct shape each_shape = SHAPE("Bucket", struct bucket, each_fields);

struct owner {
    struct str id;
};

static const struct field owner_fields[] = {
    STRING(struct owner, id, "ID", OPTIONAL),
};
static const struct shape owner_shape = SHAPE("Owner", struct owner, owner_fields);

struct list_out {
    struct list buckets;
    struct owner *owner;
};

static const struct field list_out_fields[] = {
    LIST(struct list_out, buckets, "Buckets", OPTIONAL, each_shape, .item_name = "Bucket"),
    STRUCT(struct list_out, owner, "Owner", OPTIONAL, owner_shape),
};
static const struct shape list_out =
    SHAPE("ListAllMyBucketsResult", struct list_out, list_out_fields);

static int list_buckets(struct op *op, const struct nothing *in, struct list_out *out)
{
    struct bucket *items;

    (void)in;
    PASS(request_check_headers(op));
    TRY(bucket_list(op, &items, &out->buckets.count));
    out->buckets.items = items;
    out->owner = arena_new(op->arena, struct owner);
    out->owner->id = op->account;
    return 0;
}
OP_HANDLER(list_buckets)

static struct str all_arn(struct op *op, const void *in)
{
    (void)op;
    (void)in;
    return S("arn:aws:s3:::*");
}

/* clang-format off */
const struct operation bucket_operations[] = {
    OP("CreateBucket", create_bucket, create_in, create_out, OP_WRITES,
       RAISES(S3_BUCKET_EXISTS, S3_BUCKET_YOURS, S3_BUCKET_NAME, S3_TOO_MANY_BUCKETS, S3_LOCATION),
       .resource = create_arn, .method = "PUT", .path = "/{Bucket}"),
    OP("HeadBucket", head_bucket, bucket_in, head_out, OP_READS | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET), .method = "HEAD", .path = "/{Bucket}"),
    OP("GetBucketLocation", get_location, bucket_in, location_out, OP_READS | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET), .method = "GET", .path = "/{Bucket}?location"),
    OP("DeleteBucket", delete_bucket, bucket_in, shape_nothing, OP_WRITES | OP_OWN_AUTH,
       RAISES(S3_NO_BUCKET, S3_BUCKET_NOT_EMPTY), .method = "DELETE", .path = "/{Bucket}",
       .status = 204),
    OP("ListBuckets", list_buckets, shape_nothing, list_out, OP_READS, RAISES_NOTHING,
       .resource = all_arn, .action = "ListAllMyBuckets", .method = "GET", .path = "/"),
    OP_END,
};
/* clang-format on */
