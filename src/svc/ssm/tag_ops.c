/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tags of this service's resources. A noun that others add joins by a row of
 * kinds[]; the types of the model that have none are refused.
 */
#include "svc/ssm/checks.h"
#include "svc/ssm/document/document.h"
#include "svc/ssm/errors.h"
#include "svc/ssm/node/node.h"
#include "svc/ssm/operations.h"
#include "svc/ssm/patch/patch_baseline.h"

struct add_in {
    struct str type, id;
    struct list tags;
};

struct remove_in {
    struct str type, id;
    struct strs keys;
};

struct list_in {
    struct str type, id;
};

struct list_out {
    struct list tags;
};

static const char *const types[] = { "Document",    "ManagedInstance", "MaintenanceWindow",
                                     "Parameter",   "PatchBaseline",   "OpsItem",
                                     "OpsMetadata", "Automation",      "Association",
                                     NULL };

/* clang-format off */
static const struct field add_in_fields[] = {
    STRING(struct add_in, type, "ResourceType", REQUIRED, .values = types),
    STRING(struct add_in, id,   "ResourceId",   REQUIRED),
    LIST(struct add_in,   tags, "Tags",         REQUIRED, ssm_tag_shape, .max = 1000),
};
static const struct shape add_in_shape =
    SHAPE("AddTagsToResourceRequest", struct add_in, add_in_fields);

static const struct field remove_in_fields[] = {
    STRING(struct remove_in,  type, "ResourceType", REQUIRED, .values = types),
    STRING(struct remove_in,  id,   "ResourceId",   REQUIRED),
    STRINGS(struct remove_in, keys, "TagKeys",      REQUIRED, .item_min = 1, .item_max = 128),
};
static const struct shape remove_in_shape =
    SHAPE("RemoveTagsFromResourceRequest", struct remove_in, remove_in_fields);

static const struct field list_in_fields[] = {
    STRING(struct list_in, type, "ResourceType", REQUIRED, .values = types),
    STRING(struct list_in, id,   "ResourceId",   REQUIRED),
};
static const struct shape list_in_shape =
    SHAPE("ListTagsForResourceRequest", struct list_in, list_in_fields);

static const struct field list_out_fields[] = {
    LIST(struct list_out, tags, "TagList", OPTIONAL, tag_shape),
};
static const struct shape list_out_shape =
    SHAPE("ListTagsForResourceResult", struct list_out, list_out_fields);
/* clang-format on */

/* --- what can be tagged --------------------------------------------------- */

static int find_document(struct op *op, struct str id)
{
    struct document d;

    int found = document_get(op, id, (struct str){ 0 }, (struct str){ 0 }, &d);
    if (found == SSM_INVALID_DOCUMENT || (found == 0 && str_eq(d.owner, S("Amazon"))))
        return op_fail(op, SSM_INVALID_RESOURCE_ID, "There is no document %.*s of this account.",
                       STR(id));
    return found;
}

static int find_node(struct op *op, struct str id)
{
    struct node n;

    int found = node_get(op, id, &n);
    return found == SSM_INVALID_INSTANCE_ID ? SSM_INVALID_RESOURCE_ID : found;
}

static int find_baseline(struct op *op, struct str id)
{
    struct baseline b;

    int found = patch_baseline_find(op, id, &b);
    if (found == SSM_DOES_NOT_EXIST || (found == 0 && patch_baseline_is_predefined(&b)))
        return op_fail(op, SSM_INVALID_RESOURCE_ID,
                       "There is no patch baseline %.*s of this account.", STR(id));
    return found;
}

static const struct {
    const char *name, *type, *arn;
    int (*find)(struct op *op, struct str id); /* SSM_INVALID_RESOURCE_ID */
} kinds[] = {
    { "Document", "AWS::SSM::Document", "document/", find_document },
    { "ManagedInstance", NODE_TYPE, "managed-instance/", find_node },
    { "PatchBaseline", BASELINE_TYPE, "patchbaseline/", find_baseline },
};

/* Every request here begins with type and id. */
static struct str resource(struct op *op, const void *in)
{
    const struct list_in *which = in;

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (str_eq(which->type, str_of(kinds[i].name)))
            return op_arn(op, "ssm", "%s%.*s", kinds[i].arn, STR(which->id));
    return S("*");
}

static int find(struct op *op, struct str type, struct str id, struct tagged *ret)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if (!str_eq(type, str_of(kinds[i].name)))
            continue;
        PASS(kinds[i].find(op, id));
        *ret = (struct tagged){ .arn = op_arn(op, "ssm", "%s%.*s", kinds[i].arn, STR(id)),
                                .account = op->account,
                                .region = op->region,
                                .type = str_of(kinds[i].type) };
        return 0;
    }
    return op_fail(op, SSM_INVALID_RESOURCE_TYPE, "Resources of type %.*s cannot be tagged here.",
                   STR(type));
}

/* --- the operations ------------------------------------------------------- */

static int add_tags_to_resource(struct op *op, const struct add_in *in, struct nothing *out)
{
    struct tagged r;
    (void)out;

    PASS(find(op, in->type, in->id, &r));
    if (in->tags.count > TAGS_MAX)
        return op_fail(op, SSM_TOO_MANY_TAGS, "A resource can have at most %d tags.", TAGS_MAX);
    PASS(tags_put(op, &r, in->tags.items, in->tags.count));
    return 0;
}
OP_HANDLER(add_tags_to_resource)

static int remove_tags_from_resource(struct op *op, const struct remove_in *in, struct nothing *out)
{
    struct tagged r;
    (void)out;

    PASS(find(op, in->type, in->id, &r));
    TRY(tags_remove(op, r.arn, in->keys));
    return 0;
}
OP_HANDLER(remove_tags_from_resource)

static int list_tags_for_resource(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct tagged r;
    struct tag *tags;

    PASS(find(op, in->type, in->id, &r));
    TRY(tags_of(op->db, op->arena, r.arn, &tags, &out->tags.count));
    out->tags.items = out->tags.count ? tags : arena_new(op->arena, struct tag);
    return 0;
}
OP_HANDLER(list_tags_for_resource)

/* clang-format off */
const struct operation ssm_tag_operations[] = {
    OP("AddTagsToResource", add_tags_to_resource, add_in_shape, shape_nothing, OP_WRITES,
       RAISES(SSM_INVALID_RESOURCE_TYPE, SSM_INVALID_RESOURCE_ID, SSM_TOO_MANY_TAGS),
       .resource = resource),
    OP("RemoveTagsFromResource", remove_tags_from_resource, remove_in_shape, shape_nothing,
       OP_WRITES, RAISES(SSM_INVALID_RESOURCE_TYPE, SSM_INVALID_RESOURCE_ID),
       .resource = resource),
    OP("ListTagsForResource", list_tags_for_resource, list_in_shape, list_out_shape, OP_READS,
       RAISES(SSM_INVALID_RESOURCE_TYPE, SSM_INVALID_RESOURCE_ID), .resource = resource),
    OP_END,
};
/* clang-format on */
