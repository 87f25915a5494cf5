/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/tagging/tagging.h"

#include "api/tags.h"

enum tagging_outcome {
    TAGGING_INVALID_PARAMETER = OP_FIRST,
};

static const struct service_error errors[] = {
    { TAGGING_INVALID_PARAMETER, "InvalidParameterException", 400 },
};

/* --- GetResources --------------------------------------------------------- */

struct filter {
    struct str key;
    struct strs values;
};

static const struct field filter_fields[] = {
    STRING(struct filter, key, "Key", OPTIONAL, LENGTH(1, 128)),
    STRINGS(struct filter, values, "Values", OPTIONAL, LENGTH(0, 20), .item_min = 0,
            .item_max = 256),
};
static const struct shape filter_shape = SHAPE("TagFilter", struct filter, filter_fields);

struct get_in {
    struct str token;
    struct list filters;
    int64_t per_page;
    struct strs types;
};

static const struct field get_in_fields[] = {
    STRING(struct get_in, token, "PaginationToken", OPTIONAL, LENGTH(0, 2048)),
    LIST(struct get_in, filters, "TagFilters", OPTIONAL, filter_shape, .max = 50),
    INTEGER(struct get_in, per_page, "ResourcesPerPage", OPTIONAL, DEFAULT(50)),
    STRINGS(struct get_in, types, "ResourceTypeFilters", OPTIONAL, .item_min = 0, .item_max = 256),
};
static const struct shape get_in = SHAPE("GetResourcesInput", struct get_in, get_in_fields);

struct mapping_view {
    struct str arn;
    struct list tags;
};

static const struct field mapping_fields[] = {
    STRING(struct mapping_view, arn, "ResourceARN", OPTIONAL),
    LIST(struct mapping_view, tags, "Tags", OPTIONAL, tag_shape),
};
static const struct shape mapping_shape =
    SHAPE("ResourceTagMapping", struct mapping_view, mapping_fields);

struct get_out {
    struct str token;
    struct list mappings;
};

static const struct field get_out_fields[] = {
    STRING(struct get_out, token, "PaginationToken", OPTIONAL),
    LIST(struct get_out, mappings, "ResourceTagMappingList", OPTIONAL, mapping_shape),
};
static const struct shape get_out = SHAPE("GetResourcesOutput", struct get_out, get_out_fields);

/* This API names types "ssm:managed-instance" or "ssm", the tag table as
 * CloudFormation does. */
static const struct {
    struct str given, type;
} types[] = {
    { S_INIT("ec2:instance"), S_INIT("AWS::EC2::Instance") },
    { S_INIT("resource-groups:group"), S_INIT("AWS::ResourceGroups::Group") },
    { S_INIT("ssm:managed-instance"), S_INIT("AWS::SSM::ManagedInstance") },
    { S_INIT("ssm:document"), S_INIT("AWS::SSM::Document") },
    { S_INIT("ssm:patchbaseline"), S_INIT("AWS::SSM::PatchBaseline") },
    { S_INIT("iam:role"), S_INIT("AWS::IAM::Role") },
    { S_INIT("lambda:function"), S_INIT("AWS::Lambda::Function") },
    { S_INIT("events:rule"), S_INIT("AWS::Events::Rule") },
    { S_INIT("cloudformation:stack"), S_INIT("AWS::CloudFormation::Stack") },
};

static bool is_meant(struct str given, struct str row)
{
    struct str service, rest;
    str_cut(row, ':', &service, &rest);
    return str_eq(given, row) || str_eq(given, service);
}

static int read_types(struct op *op, struct strs given, struct strs *ret)
{
    *ret =
        (struct strs){ arena_array(op->arena, struct str, given.count * ARRAY_LEN(types) + 1), 0 };
    for (size_t i = 0; i < given.count; i++) {
        size_t before = ret->count;
        for (size_t k = 0; k < ARRAY_LEN(types); k++)
            if (is_meant(given.items[i], types[k].given))
                ret->items[ret->count++] = types[k].type;
        if (ret->count == before)
            return op_fail(op, TAGGING_INVALID_PARAMETER, "Unsupported resource type: %.*s",
                           STR(given.items[i]));
    }
    return 0;
}

static int read_filters(struct op *op, struct list given, struct tag_filter **ret)
{
    *ret = arena_array(op->arena, struct tag_filter, given.count + 1);
    for (size_t i = 0; i < given.count; i++) {
        const struct filter *f = LIST_ITEM(struct filter, given, i);
        if (!str_is_set(f->key))
            return op_fail(op, TAGGING_INVALID_PARAMETER, "TagFilters must have a Key");
        (*ret)[i] = (struct tag_filter){ f->key, f->values };
    }
    return 0;
}

static int get_resources(struct op *op, const struct get_in *in, struct get_out *out)
{
    struct strs wanted;
    struct tag_filter *filters;
    struct str after;
    struct tagged *found;
    size_t count;

    if (in->per_page < 1 || in->per_page > 100)
        return op_fail(op, TAGGING_INVALID_PARAMETER, "ResourcesPerPage must be from 1 to 100");
    PASS(read_types(op, in->types, &wanted));
    PASS(read_filters(op, in->filters, &filters));
    PASS(page_open(op, in->token, &after));
    TRY(tags_find(op->db, op->arena, op->account, op->region, wanted, filters, in->filters.count,
                  after, in->per_page + 1, &found, &count));
    out->token = S("");
    if (count > (size_t)in->per_page) {
        count = (size_t)in->per_page;
        out->token = page_token(op, found[count - 1].arn);
    }
    struct mapping_view *views = arena_array(op->arena, struct mapping_view, count + 1);
    for (size_t i = 0; i < count; i++) {
        struct tag *tags;
        TRY(tags_of(op->db, op->arena, found[i].arn, &tags, &views[i].tags.count));
        views[i].tags.items = tags;
        views[i].arn = found[i].arn;
    }
    out->mappings = (struct list){ views, count };
    return 0;
}
OP_HANDLER(get_resources)

/* -------------------------------------------------------------------------- */

/* clang-format off */
static const struct operation operations[] = {
    OP("GetResources", get_resources, get_in, get_out, OP_READS,
       RAISES(TAGGING_INVALID_PARAMETER)),
    OP_END,
};
/* clang-format on */

static const struct operation *const nouns[] = { operations, NULL };

const struct service tagging_service = {
    .name = "tagging",
    .iam_prefix = "tag",
    .target_prefix = "ResourceGroupsTaggingAPI_20170126",
    .protocol = PROTOCOL_JSON_1_1,
    .nouns = nouns,
    .errors = errors,
    .n_errors = ARRAY_LEN(errors),
};
