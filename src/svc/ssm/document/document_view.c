/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/ssm/document/document_view.h"

#include "base/json.h"
#include "svc/ssm/checks.h"

struct parameter_view {
    struct str name, type, description, fallback;
};

const char *const document_types[] = {
    "Command",
    "Policy",
    "Automation",
    "Session",
    "Package",
    "ApplicationConfiguration",
    "ApplicationConfigurationSchema",
    "DeploymentStrategy",
    "ChangeCalendar",
    "Automation.ChangeTemplate",
    "ProblemAnalysis",
    "ProblemAnalysisTemplate",
    "CloudFormation",
    "ConformancePackTemplate",
    NULL,
};
const char *const document_formats[] = { "YAML", "JSON", "TEXT", NULL };
const char *const document_hash_types[] = { "Sha256", "Sha1", NULL };

static const char *const attachment_keys[] = { "SourceUrl", "S3FileUrl", "AttachmentReference",
                                               NULL };

/* clang-format off */
static const struct field attachment_source_fields[] = {
    STRING(struct attachment_source,  key,    "Key",    OPTIONAL, .values = attachment_keys),
    STRINGS(struct attachment_source, values, "Values", OPTIONAL, .min = 1, .max = 1,
            .item_min = 1, .item_max = 1024),
    STRING(struct attachment_source,  name,   "Name",   OPTIONAL, CHECK_DOCUMENT_NAME),
};
const struct shape attachment_source_shape =
    SHAPE("AttachmentsSource", struct attachment_source, attachment_source_fields);

static const struct field document_requires_fields[] = {
    STRING(struct document_requires, name,    "Name",    REQUIRED, CHECK_DOCUMENT_ARN),
    STRING(struct document_requires, version, "Version", OPTIONAL, CHECK_VERSION),
};
const struct shape document_requires_shape =
    SHAPE("DocumentRequires", struct document_requires, document_requires_fields);

static const struct field parameter_fields[] = {
    STRING(struct parameter_view, name,        "Name",         OPTIONAL),
    STRING(struct parameter_view, type,        "Type",         OPTIONAL),
    STRING(struct parameter_view, description, "Description",  OPTIONAL),
    STRING(struct parameter_view, fallback,    "DefaultValue", OPTIONAL),
};
static const struct shape parameter_shape =
    SHAPE("DocumentParameter", struct parameter_view, parameter_fields);

#define D struct document_description
static const struct field description_fields[] = {
    STRING(D,    hash,            "Hash",            OPTIONAL),
    STRING(D,    hash_type,       "HashType",        OPTIONAL),
    STRING(D,    name,            "Name",            OPTIONAL),
    STRING(D,    display_name,    "DisplayName",     OPTIONAL),
    STRING(D,    version_name,    "VersionName",     OPTIONAL),
    STRING(D,    owner,           "Owner",           OPTIONAL),
    TIMESTAMP(D, created_at,      "CreatedDate",     OPTIONAL),
    STRING(D,    status,          "Status",          OPTIONAL),
    STRING(D,    version,         "DocumentVersion", OPTIONAL),
    STRING(D,    description,     "Description",     OPTIONAL),
    LIST(D,      parameters,      "Parameters",      OPTIONAL, parameter_shape),
    STRINGS(D,   platforms,       "PlatformTypes",   OPTIONAL),
    STRING(D,    type,            "DocumentType",    OPTIONAL),
    STRING(D,    schema_version,  "SchemaVersion",   OPTIONAL),
    STRING(D,    latest_version,  "LatestVersion",   OPTIONAL),
    STRING(D,    default_version, "DefaultVersion",  OPTIONAL),
    STRING(D,    format,          "DocumentFormat",  OPTIONAL),
    STRING(D,    target_type,     "TargetType",      OPTIONAL),
    LIST(D,      tags,            "Tags",            OPTIONAL, tag_shape),
};
#undef D
const struct shape document_description_shape =
    SHAPE("DocumentDescription", struct document_description, description_fields);

#define I struct document_identifier
static const struct field identifier_fields[] = {
    STRING(I,    name,           "Name",            OPTIONAL),
    TIMESTAMP(I, created_at,     "CreatedDate",     OPTIONAL),
    STRING(I,    display_name,   "DisplayName",     OPTIONAL),
    STRING(I,    owner,          "Owner",           OPTIONAL),
    STRING(I,    version_name,   "VersionName",     OPTIONAL),
    STRINGS(I,   platforms,      "PlatformTypes",   OPTIONAL),
    STRING(I,    version,        "DocumentVersion", OPTIONAL),
    STRING(I,    type,           "DocumentType",    OPTIONAL),
    STRING(I,    schema_version, "SchemaVersion",   OPTIONAL),
    STRING(I,    format,         "DocumentFormat",  OPTIONAL),
    STRING(I,    target_type,    "TargetType",      OPTIONAL),
    LIST(I,      tags,           "Tags",            OPTIONAL, tag_shape),
};
#undef I
const struct shape document_identifier_shape =
    SHAPE("DocumentIdentifier", struct document_identifier, identifier_fields);
/* clang-format on */

static struct str number(struct op *op, int64_t n)
{
    return arena_fmt(op->arena, "%lld", (long long)n);
}

static int load_tags(struct op *op, const struct document *d, struct list *ret)
{
    struct tag *tags;

    *ret = (struct list){ .items = arena_new(op->arena, struct tag) };
    if (str_eq(d->owner, S("Amazon")))
        return 0;
    TRY(tags_of(op->db, op->arena, document_arn(op, d->name), &tags, &ret->count));
    if (ret->count > 0)
        ret->items = tags;
    return 0;
}

static struct list view_parameters(struct op *op, const struct value *map)
{
    size_t count = value_count(map);
    struct parameter_view *views = arena_array(op->arena, struct parameter_view, count);

    for (size_t i = 0; i < count; i++) {
        const struct value *v = map->map.members[i].value;
        const struct value *fallback = value_get(v, S("default"));
        bool is_text = !fallback || value_is(fallback, VALUE_STRING);
        views[i] = (struct parameter_view){
            .name = map->map.members[i].key,
            .type = value_get_str(v, S("type")),
            .description = value_get_str(v, S("description")),
            .fallback = is_text ? value_str(fallback) : json_format(op->arena, fallback),
        };
    }
    return (struct list){ count ? views : NULL, count };
}

int document_describe(struct op *op, const struct document *d, struct document_description **ret)
{
    struct document_description *v = arena_new(op->arena, struct document_description);
    struct value *root;

    PASS(document_tree(op, d, &root));
    *v = (struct document_description){
        .hash = d->hash,
        .hash_type = S("Sha256"),
        .name = d->name,
        .display_name = d->display_name,
        .version_name = d->version_name,
        .owner = d->owner,
        .created_at = d->created_at,
        .status = S("Active"),
        .version = number(op, d->version),
        .description = d->description,
        .parameters = view_parameters(op, value_get(root, S("parameters"))),
        .platforms = arena_split(op->arena, d->platforms, ','),
        .type = d->type,
        .schema_version = d->schema_version,
        .latest_version = number(op, d->latest_version),
        .default_version = number(op, d->default_version),
        .format = d->format,
        .target_type = d->target_type,
    };
    TRY(load_tags(op, d, &v->tags));
    *ret = v;
    return 0;
}

int document_identify(struct op *op, const struct document *d, struct document_identifier *ret)
{
    *ret = (struct document_identifier){
        .name = d->name,
        .created_at = d->created_at,
        .display_name = d->display_name,
        .owner = d->owner,
        .version_name = d->version_name,
        .platforms = arena_split(op->arena, d->platforms, ','),
        .version = number(op, d->version),
        .type = d->type,
        .schema_version = d->schema_version,
        .format = d->format,
        .target_type = d->target_type,
    };
    TRY(load_tags(op, d, &ret->tags));
    return 0;
}
