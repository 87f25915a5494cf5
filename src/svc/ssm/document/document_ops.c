/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"
#include "base/json.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/document/document_view.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

struct create_in {
    struct str content, name, display_name, version_name, type, format, target_type;
    struct list requires, attachments, tags;
};

struct describe_out {
    struct document_description *document;
};

struct which_in {
    struct str name, version, version_name, format;
};

struct get_out {
    struct str name, display_name, version_name, version, status, content, type, format;
    msec created_at;
};

struct delete_in {
    struct str name, version, version_name;
    bool force;
};

static const struct field create_in_fields[] = {
    STRING(struct create_in, content, "Content", REQUIRED, .min = 1),
    LIST(struct create_in, requires, "Requires", OPTIONAL, document_requires_shape, .min = 1),
    LIST(struct create_in, attachments, "Attachments", OPTIONAL, attachment_source_shape,
         .max = 20),
    STRING(struct create_in, name, "Name", REQUIRED, CHECK_DOCUMENT_NAME),
    STRING(struct create_in, display_name, "DisplayName", OPTIONAL, CHECK_DISPLAY_NAME),
    STRING(struct create_in, version_name, "VersionName", OPTIONAL, CHECK_VERSION_NAME),
    STRING(struct create_in, type, "DocumentType", OPTIONAL, .values = document_types),
    STRING(struct create_in, format, "DocumentFormat", OPTIONAL, .values = document_formats),
    STRING(struct create_in, target_type, "TargetType", OPTIONAL, CHECK_TARGET_TYPE),
    LIST(struct create_in, tags, "Tags", OPTIONAL, ssm_tag_shape, .max = 1000),
};
static const struct shape create_in_shape =
    SHAPE("CreateDocumentRequest", struct create_in, create_in_fields);

static const struct field create_out_fields[] = {
    STRUCT(struct describe_out, document, "DocumentDescription", OPTIONAL,
           document_description_shape),
};
static const struct shape create_out_shape =
    SHAPE("CreateDocumentResult", struct describe_out, create_out_fields);

static const struct field describe_out_fields[] = {
    STRUCT(struct describe_out, document, "Document", OPTIONAL, document_description_shape),
};
static const struct shape describe_out_shape =
    SHAPE("DescribeDocumentResult", struct describe_out, describe_out_fields);

static const struct field describe_in_fields[] = {
    STRING(struct which_in, name, "Name", REQUIRED, CHECK_DOCUMENT_ARN),
    STRING(struct which_in, version, "DocumentVersion", OPTIONAL, CHECK_VERSION),
    STRING(struct which_in, version_name, "VersionName", OPTIONAL, CHECK_VERSION_NAME),
};
static const struct shape describe_in_shape =
    SHAPE("DescribeDocumentRequest", struct which_in, describe_in_fields);

static const struct field get_in_fields[] = {
    STRING(struct which_in, name, "Name", REQUIRED, CHECK_DOCUMENT_ARN),
    STRING(struct which_in, version_name, "VersionName", OPTIONAL, CHECK_VERSION_NAME),
    STRING(struct which_in, version, "DocumentVersion", OPTIONAL, CHECK_VERSION),
    STRING(struct which_in, format, "DocumentFormat", OPTIONAL, .values = document_formats),
};
static const struct shape get_in_shape =
    SHAPE("GetDocumentRequest", struct which_in, get_in_fields);

static const struct field get_out_fields[] = {
    STRING(struct get_out, name, "Name", OPTIONAL),
    TIMESTAMP(struct get_out, created_at, "CreatedDate", OPTIONAL),
    STRING(struct get_out, display_name, "DisplayName", OPTIONAL),
    STRING(struct get_out, version_name, "VersionName", OPTIONAL),
    STRING(struct get_out, version, "DocumentVersion", OPTIONAL),
    STRING(struct get_out, status, "Status", OPTIONAL),
    STRING(struct get_out, content, "Content", OPTIONAL),
    STRING(struct get_out, type, "DocumentType", OPTIONAL),
    STRING(struct get_out, format, "DocumentFormat", OPTIONAL),
};
static const struct shape get_out_shape =
    SHAPE("GetDocumentResult", struct get_out, get_out_fields);

static const struct field delete_in_fields[] = {
    STRING(struct delete_in, name, "Name", REQUIRED, CHECK_DOCUMENT_NAME),
    STRING(struct delete_in, version, "DocumentVersion", OPTIONAL, CHECK_VERSION),
    STRING(struct delete_in, version_name, "VersionName", OPTIONAL, CHECK_VERSION_NAME),
    BOOLEAN(struct delete_in, force, "Force", OPTIONAL),
};
static const struct shape delete_in_shape =
    SHAPE("DeleteDocumentRequest", struct delete_in, delete_in_fields);

static struct str create_resource(struct op *op, const void *in)
{
    return document_arn(op, ((const struct create_in *)in)->name);
}

static struct str which_resource(struct op *op, const void *in)
{
    return document_arn(op, ((const struct which_in *)in)->name);
}

static struct str delete_resource(struct op *op, const void *in)
{
    return document_arn(op, ((const struct delete_in *)in)->name);
}

/* --- CreateDocument ------------------------------------------------------- */

static int check_create(struct op *op, const struct create_in *in)
{
    int64_t count;

    if (in->requires.count > 0 || in->attachments.count > 0)
        return op_fail(op, OP_UNSUPPORTED, "Requires and Attachments are not supported.");
    if (str_eq(in->format, S("TEXT")))
        return op_fail(op, OP_UNSUPPORTED, "The document format TEXT is not supported.");
    if (document_name_is_reserved(in->name))
        return op_invalid(op, "The names of documents may not begin with aws, amazon or amzn.");
    TRY(document_count(op, &count));
    if (count >= DOCUMENTS_MAX)
        return op_fail(op, SSM_DOCUMENT_LIMIT_EXCEEDED,
                       "An account may have %d documents in a Region.", DOCUMENTS_MAX);
    return 0;
}

static int put_tags(struct op *op, struct str name, const struct list *tags)
{
    struct tagged resource = { .arn = document_arn(op, name),
                               .account = op->account,
                               .region = op->region,
                               .type = S("AWS::SSM::Document") };

    PASS(tags_put(op, &resource, tags->items, tags->count));
    return 0;
}

static int create_document(struct op *op, const struct create_in *in, struct describe_out *out)
{
    struct document_facts facts;
    struct document d = {
        .name = in->name,
        .type = str_is_set(in->type) ? in->type : S("Command"),
        .version_name = in->version_name,
        .display_name = in->display_name,
        .target_type = in->target_type,
        .format = str_is_set(in->format) ? in->format : S("JSON"),
        .content = in->content,
        .hash = sha256_hex(op->arena, in->content),
        .owner = op->account,
        .version = 1,
        .latest_version = 1,
        .default_version = 1,
        .created_at = op->now,
    };

    PASS(check_create(op, in));
    PASS(document_validate(op, &d, &facts));
    d.schema_version = facts.schema_version;
    d.description = facts.description;
    d.platforms = facts.platforms;
    int inserted = document_insert(op, &d);
    if (inserted == DB_CONFLICT)
        return op_fail(op, SSM_DOCUMENT_ALREADY_EXISTS,
                       "Document with same name %.*s already exists", STR(in->name));
    TRY(inserted);
    PASS(put_tags(op, d.name, &in->tags));
    return document_describe(op, &d, &out->document);
}
OP_HANDLER(create_document)

/* --- GetDocument, DescribeDocument ---------------------------------------- */

/* JSON is YAML too, so only the other direction needs work. */
static int convert(struct op *op, const struct document *d, struct str format, struct str *ret)
{
    struct value *root;

    *ret = d->content;
    if (!str_is_set(format) || str_eq(format, d->format) || str_eq(format, S("YAML")))
        return 0;
    if (str_eq(format, S("TEXT")))
        return op_fail(op, OP_UNSUPPORTED, "The document format TEXT is not supported.");
    PASS(document_tree(op, d, &root));
    *ret = json_format_pretty(op->arena, root);
    return 0;
}

static int get_document(struct op *op, const struct which_in *in, struct get_out *out)
{
    struct document d;

    PASS(document_get(op, in->name, in->version, in->version_name, &d));
    *out = (struct get_out){
        .name = d.name,
        .created_at = d.created_at,
        .display_name = d.display_name,
        .version_name = d.version_name,
        .version = arena_fmt(op->arena, "%lld", (long long)d.version),
        .status = S("Active"),
        .type = d.type,
        .format = str_is_set(in->format) ? in->format : d.format,
    };
    return convert(op, &d, in->format, &out->content);
}
OP_HANDLER(get_document)

static int describe_document(struct op *op, const struct which_in *in, struct describe_out *out)
{
    struct document d;

    PASS(document_get(op, in->name, in->version, in->version_name, &d));
    return document_describe(op, &d, &out->document);
}
OP_HANDLER(describe_document)

/* --- DeleteDocument ------------------------------------------------------- */

static int delete_version(struct op *op, const struct delete_in *in)
{
    struct document d;

    int found = document_get(op, in->name, in->version, in->version_name, &d);
    if (found == SSM_INVALID_DOCUMENT_VERSION) /* not an error of this operation's model */
        return SSM_INVALID_DOCUMENT;
    PASS(found);
    if (d.version == d.default_version)
        return op_fail(op, SSM_INVALID_DOCUMENT_OPERATION,
                       "The default version of a document cannot be deleted.");
    if (d.version == d.latest_version)
        return op_fail(op, SSM_INVALID_DOCUMENT_OPERATION,
                       "The latest version of a document cannot be deleted by itself.");
    TRY(document_version_delete(op, d.name, d.version));
    return 0;
}

static int delete_document(struct op *op, const struct delete_in *in, struct nothing *out)
{
    struct document d;
    (void)out;

    if (document_name_is_reserved(in->name))
        return op_fail(op, SSM_INVALID_DOCUMENT_OPERATION,
                       "You can't delete a document that is owned by Amazon.");
    if (str_is_set(in->version) || str_is_set(in->version_name))
        return delete_version(op, in);
    PASS(document_get(op, in->name, (struct str){ 0 }, (struct str){ 0 }, &d));
    TRY(document_delete(op, d.name));
    TRY(tags_remove_all(op, document_arn(op, d.name)));
    return 0;
}
OP_HANDLER(delete_document)

/* clang-format off */
const struct operation document_operations[] = {
    OP("CreateDocument", create_document, create_in_shape, create_out_shape, OP_WRITES,
       RAISES(SSM_DOCUMENT_ALREADY_EXISTS, SSM_MAX_DOCUMENT_SIZE_EXCEEDED,
              SSM_INVALID_DOCUMENT_CONTENT, SSM_DOCUMENT_LIMIT_EXCEEDED,
              SSM_INVALID_DOCUMENT_SCHEMA_VERSION),
       .resource = create_resource),
    OP("GetDocument", get_document, get_in_shape, get_out_shape, OP_READS,
       RAISES(SSM_INVALID_DOCUMENT, SSM_INVALID_DOCUMENT_VERSION), .resource = which_resource),
    OP("DescribeDocument", describe_document, describe_in_shape, describe_out_shape, OP_READS,
       RAISES(SSM_INVALID_DOCUMENT, SSM_INVALID_DOCUMENT_VERSION), .resource = which_resource),
    OP("DeleteDocument", delete_document, delete_in_shape, shape_nothing, OP_WRITES,
       RAISES(SSM_INVALID_DOCUMENT, SSM_INVALID_DOCUMENT_OPERATION), .resource = delete_resource),
    OP_END,
};
/* clang-format on */
