/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crypto.h"
#include "svc/ssm/checks.h"
#include "svc/ssm/document/document_view.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/operations.h"

struct update_in {
    struct str content, name, display_name, version_name, version, format, target_type;
    struct list attachments;
};

struct update_out {
    struct document_description *document;
};

struct default_in {
    struct str name, version;
};

struct default_version {
    struct str name, version, version_name;
};

struct default_out {
    struct default_version *description;
};

struct versions_in {
    struct str name, next_token;
    int64_t max_results;
};

struct version_info {
    struct str name, display_name, version, version_name, format, status;
    msec created_at;
    bool is_default;
};

struct versions_out {
    struct list versions;
    struct str next_token;
};

static const struct field update_in_fields[] = {
    STRING(struct update_in, content, "Content", REQUIRED, .min = 1),
    LIST(struct update_in, attachments, "Attachments", OPTIONAL, attachment_source_shape,
         .max = 20),
    STRING(struct update_in, name, "Name", REQUIRED, CHECK_DOCUMENT_NAME),
    STRING(struct update_in, display_name, "DisplayName", OPTIONAL, CHECK_DISPLAY_NAME),
    STRING(struct update_in, version_name, "VersionName", OPTIONAL, CHECK_VERSION_NAME),
    STRING(struct update_in, version, "DocumentVersion", OPTIONAL, CHECK_VERSION),
    STRING(struct update_in, format, "DocumentFormat", OPTIONAL, .values = document_formats),
    STRING(struct update_in, target_type, "TargetType", OPTIONAL, CHECK_TARGET_TYPE),
};
static const struct shape update_in_shape =
    SHAPE("UpdateDocumentRequest", struct update_in, update_in_fields);

static const struct field update_out_fields[] = {
    STRUCT(struct update_out, document, "DocumentDescription", OPTIONAL,
           document_description_shape),
};
static const struct shape update_out_shape =
    SHAPE("UpdateDocumentResult", struct update_out, update_out_fields);

static const struct field default_in_fields[] = {
    STRING(struct default_in, name, "Name", REQUIRED, CHECK_DOCUMENT_NAME),
    STRING(struct default_in, version, "DocumentVersion", REQUIRED, CHECK_VERSION_NUMBER),
};
static const struct shape default_in_shape =
    SHAPE("UpdateDocumentDefaultVersionRequest", struct default_in, default_in_fields);

static const struct field default_version_fields[] = {
    STRING(struct default_version, name, "Name", OPTIONAL),
    STRING(struct default_version, version, "DefaultVersion", OPTIONAL),
    STRING(struct default_version, version_name, "DefaultVersionName", OPTIONAL),
};
static const struct shape default_version_shape =
    SHAPE("DocumentDefaultVersionDescription", struct default_version, default_version_fields);

static const struct field default_out_fields[] = {
    STRUCT(struct default_out, description, "Description", OPTIONAL, default_version_shape),
};
static const struct shape default_out_shape =
    SHAPE("UpdateDocumentDefaultVersionResult", struct default_out, default_out_fields);

static const struct field versions_in_fields[] = {
    STRING(struct versions_in, name, "Name", REQUIRED, CHECK_DOCUMENT_ARN),
    INTEGER(struct versions_in, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(struct versions_in, next_token, "NextToken", OPTIONAL),
};
static const struct shape versions_in_shape =
    SHAPE("ListDocumentVersionsRequest", struct versions_in, versions_in_fields);

static const struct field version_info_fields[] = {
    STRING(struct version_info, name, "Name", OPTIONAL),
    STRING(struct version_info, display_name, "DisplayName", OPTIONAL),
    STRING(struct version_info, version, "DocumentVersion", OPTIONAL),
    STRING(struct version_info, version_name, "VersionName", OPTIONAL),
    TIMESTAMP(struct version_info, created_at, "CreatedDate", OPTIONAL),
    BOOLEAN(struct version_info, is_default, "IsDefaultVersion", OPTIONAL),
    STRING(struct version_info, format, "DocumentFormat", OPTIONAL),
    STRING(struct version_info, status, "Status", OPTIONAL),
};
static const struct shape version_info_shape =
    SHAPE("DocumentVersionInfo", struct version_info, version_info_fields);

static const struct field versions_out_fields[] = {
    LIST(struct versions_out, versions, "DocumentVersions", OPTIONAL, version_info_shape),
    STRING(struct versions_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape versions_out_shape =
    SHAPE("ListDocumentVersionsResult", struct versions_out, versions_out_fields);

static struct str update_resource(struct op *op, const void *in)
{
    return document_arn(op, ((const struct update_in *)in)->name);
}

static struct str default_resource(struct op *op, const void *in)
{
    return document_arn(op, ((const struct default_in *)in)->name);
}

static struct str versions_resource(struct op *op, const void *in)
{
    return document_arn(op, ((const struct versions_in *)in)->name);
}

/* --- UpdateDocument ------------------------------------------------------- */

static int check_update(struct op *op, const struct update_in *in, const struct document *latest)
{
    int64_t number = 0, same_name;

    if (in->attachments.count > 0)
        return op_fail(op, OP_UNSUPPORTED, "Attachments are not supported.");
    if (str_eq(in->format, S("TEXT")))
        return op_fail(op, OP_UNSUPPORTED, "The document format TEXT is not supported.");
    bool is_latest = str_eq(in->version, S("$LATEST")) ||
                     (str_to_int(in->version, &number) && number == latest->version);
    if (str_is_set(in->version) && !is_latest)
        return op_fail(op, SSM_INVALID_DOCUMENT_VERSION,
                       "Only the latest version of a document can be updated.");
    if (str_eq(in->content, latest->content))
        return op_fail(op, SSM_DUPLICATE_DOCUMENT_CONTENT,
                       "The content of the association document matches another document.");
    if (latest->version >= DOCUMENT_VERSIONS_MAX)
        return op_fail(op, SSM_DOCUMENT_VERSION_LIMIT_EXCEEDED, "A document may have %d versions.",
                       DOCUMENT_VERSIONS_MAX);
    if (!str_is_set(in->version_name))
        return 0;
    int found = document_version_by_name(op, latest->name, in->version_name, &same_name);
    if (found == 0)
        return op_fail(op, SSM_DUPLICATE_DOCUMENT_VERSION_NAME,
                       "The version name is used by another version of the document.");
    if (found != DB_NO_ROW)
        TRY(found);
    return 0;
}

static int update_document(struct op *op, const struct update_in *in, struct update_out *out)
{
    struct document d;
    struct document_facts facts;

    if (document_name_is_reserved(in->name))
        return op_fail(op, SSM_INVALID_DOCUMENT_OPERATION,
                       "You can't update a document that is owned by Amazon.");
    PASS(document_get(op, in->name, S("$LATEST"), (struct str){ 0 }, &d));
    PASS(check_update(op, in, &d));
    d.version = d.latest_version = d.version + 1;
    d.version_name = in->version_name;
    d.display_name = str_is_set(in->display_name) ? in->display_name : d.display_name;
    d.target_type = str_is_set(in->target_type) ? in->target_type : d.target_type;
    d.format = str_is_set(in->format) ? in->format : S("JSON");
    d.content = in->content;
    d.hash = sha256_hex(op->arena, in->content);
    d.created_at = op->now;
    PASS(document_validate(op, &d, &facts));
    d.schema_version = facts.schema_version;
    d.description = facts.description;
    d.platforms = facts.platforms;
    TRY(document_version_insert(op, &d));
    TRY(document_set_latest(op, d.name, d.version));
    return document_describe(op, &d, &out->document);
}
OP_HANDLER(update_document)

/* --- UpdateDocumentDefaultVersion, ListDocumentVersions ------------------- */

static int update_document_default_version(struct op *op, const struct default_in *in,
                                           struct default_out *out)
{
    struct document d;

    if (document_name_is_reserved(in->name))
        return op_fail(op, SSM_INVALID_DOCUMENT,
                       "You can't update a document that is owned by Amazon.");
    PASS(document_get(op, in->name, in->version, (struct str){ 0 }, &d));
    TRY(document_set_default(op, d.name, d.version));
    out->description = arena_new(op->arena, struct default_version);
    *out->description = (struct default_version){ d.name, in->version, d.version_name };
    return 0;
}
OP_HANDLER(update_document_default_version)

static struct version_info view_version(struct op *op, const struct document *d)
{
    return (struct version_info){
        .name = d->name,
        .display_name = d->display_name,
        .version = arena_fmt(op->arena, "%lld", (long long)d->version),
        .version_name = d->version_name,
        .created_at = d->created_at,
        .is_default = d->version == d->default_version,
        .format = d->format,
        .status = S("Active"),
    };
}

static int list_document_versions(struct op *op, const struct versions_in *in,
                                  struct versions_out *out)
{
    struct document d, *versions = &d;
    size_t count = 1;
    struct str position;
    int64_t before = INT64_MAX;

    if (page_open(op, in->next_token, &position) != 0 ||
        (str_is_set(position) && !str_to_int(position, &before)))
        return op_fail(op, SSM_INVALID_NEXT_TOKEN, "The specified token is not valid.");
    PASS(document_get(op, in->name, (struct str){ 0 }, (struct str){ 0 }, &d));
    if (!str_eq(d.owner, S("Amazon")))
        TRY(document_versions(op, d.name, before, in->max_results + 1, &versions, &count));
    if (count > (size_t)in->max_results) {
        count = (size_t)in->max_results;
        out->next_token =
            page_token(op, arena_fmt(op->arena, "%lld", (long long)versions[count - 1].version));
    }
    struct version_info *items = arena_array(op->arena, struct version_info, count);
    for (size_t i = 0; i < count; i++)
        items[i] = view_version(op, &versions[i]);
    out->versions = (struct list){ items, count };
    return 0;
}
OP_HANDLER(list_document_versions)

/* clang-format off */
const struct operation document_version_operations[] = {
    OP("UpdateDocument", update_document, update_in_shape, update_out_shape, OP_WRITES,
       RAISES(SSM_MAX_DOCUMENT_SIZE_EXCEEDED, SSM_DOCUMENT_VERSION_LIMIT_EXCEEDED,
              SSM_DUPLICATE_DOCUMENT_CONTENT, SSM_DUPLICATE_DOCUMENT_VERSION_NAME,
              SSM_INVALID_DOCUMENT_CONTENT, SSM_INVALID_DOCUMENT_VERSION,
              SSM_INVALID_DOCUMENT_SCHEMA_VERSION, SSM_INVALID_DOCUMENT,
              SSM_INVALID_DOCUMENT_OPERATION),
       .resource = update_resource),
    OP("UpdateDocumentDefaultVersion", update_document_default_version, default_in_shape,
       default_out_shape, OP_WRITES,
       RAISES(SSM_INVALID_DOCUMENT, SSM_INVALID_DOCUMENT_VERSION), .resource = default_resource),
    OP("ListDocumentVersions", list_document_versions, versions_in_shape, versions_out_shape,
       OP_READS, RAISES(SSM_INVALID_NEXT_TOKEN, SSM_INVALID_DOCUMENT),
       .resource = versions_resource),
    OP_END,
};
/* clang-format on */
