/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/errors.h"
#include "svc/resource_groups/group_name.h"
#include "svc/resource_groups/operations.h"

struct filter {
    struct str name;
    struct strs values;
};

static const char *const filter_names[] = { "resource-type", NULL };

static const struct field filter_fields[] = {
    STRING(struct filter, name, "Name", REQUIRED, .values = filter_names),
    STRINGS(struct filter, values, "Values", REQUIRED, LENGTH(1, 5), .item_min = 1,
            .item_max = 128),
};
static const struct shape filter_shape = SHAPE("ResourceFilter", struct filter, filter_fields);

struct resources_in {
    struct str name, group;
    struct list filters;
    int64_t max_results;
    struct str next_token;
};

static const struct field resources_in_fields[] = {
    STRING(struct resources_in, name, "GroupName", OPTIONAL, LENGTH(1, 128)),
    STRING(struct resources_in, group, "Group", OPTIONAL, LENGTH(1, 1600)),
    LIST(struct resources_in, filters, "Filters", OPTIONAL, filter_shape),
    INTEGER(struct resources_in, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50)),
    STRING(struct resources_in, next_token, "NextToken", OPTIONAL, LENGTH(0, 8192)),
};
static const struct shape resources_in =
    SHAPE("ListGroupResourcesInput", struct resources_in, resources_in_fields);

struct identifier {
    struct str arn, type;
};

static const struct field identifier_fields[] = {
    STRING(struct identifier, arn, "ResourceArn", OPTIONAL),
    STRING(struct identifier, type, "ResourceType", OPTIONAL),
};
static const struct shape identifier_shape =
    SHAPE("ResourceIdentifier", struct identifier, identifier_fields);

struct item {
    struct identifier *identifier;
};

static const struct field item_fields[] = {
    STRUCT(struct item, identifier, "Identifier", OPTIONAL, identifier_shape),
};
static const struct shape item_shape = SHAPE("ListGroupResourcesItem", struct item, item_fields);

struct resources_out {
    struct list resources;
    struct list identifiers; /* the older form of the same */
    struct str next_token;
};

static const struct field resources_out_fields[] = {
    LIST(struct resources_out, resources, "Resources", OPTIONAL, item_shape),
    LIST(struct resources_out, identifiers, "ResourceIdentifiers", OPTIONAL, identifier_shape),
    STRING(struct resources_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape resources_out =
    SHAPE("ListGroupResourcesOutput", struct resources_out, resources_out_fields);

/* The group's types, narrowed by the request's. False: nothing can satisfy both. */
static bool narrow(struct op *op, struct strs *types, struct list filters)
{
    for (size_t i = 0; i < filters.count; i++) {
        struct strs wanted = LIST_ITEM(struct filter, filters, i)->values;
        struct strs both = { arena_array(op->arena, struct str, wanted.count + 1), 0 };
        for (size_t k = 0; k < wanted.count; k++)
            if (types->count == 0 || strs_have(*types, wanted.items[k]))
                both.items[both.count++] = wanted.items[k];
        *types = both;
        if (both.count == 0)
            return false;
    }
    return true;
}

static int read_query(struct op *op, const struct group *group, struct group_query *ret)
{
    struct str why;
    int result = group_query_parse(op->arena, group->query, ret, &why);
    return result == 0 ? 0 : FAULT(EINVAL); /* it was valid when it was stored */
}

static void show(struct op *op, const struct tagged *found, size_t count, struct resources_out *out)
{
    struct identifier *identifiers = arena_array(op->arena, struct identifier, count + 1);
    struct item *items = arena_array(op->arena, struct item, count + 1);

    for (size_t i = 0; i < count; i++) {
        identifiers[i] = (struct identifier){ found[i].arn, found[i].type };
        items[i].identifier = &identifiers[i];
    }
    out->resources = (struct list){ items, count };
    out->identifiers = (struct list){ identifiers, count };
}

static int list_group_resources(struct op *op, const struct resources_in *in,
                                struct resources_out *out)
{
    struct group group;
    struct group_query query;
    struct str after;
    struct tagged *found = NULL;
    size_t count = 0;

    /* Membership is read from tags, and the caller must be allowed to (Resource Groups
     * user guide, "Permissions"). */
    PASS(op_may(op, S("tag:GetResources"), S("*")));
    PASS(group_find(op, in->name, in->group, &group));
    PASS(page_open(op, in->next_token, &after));
    TRY(read_query(op, &group, &query));
    if (narrow(op, &query.types, in->filters))
        TRY(tags_find(op->db, op->arena, op->account, op->region, query.types, query.filters,
                      query.n_filters, after, in->max_results + 1, &found, &count));
    if (count > (size_t)in->max_results) {
        count = (size_t)in->max_results;
        out->next_token = page_token(op, found[count - 1].arn);
    }
    show(op, found, count, out);
    return 0;
}
OP_HANDLER(list_group_resources)

static struct str resources_arn(struct op *op, const void *p)
{
    const struct resources_in *in = p;
    return group_arn(op, group_name_in(str_is_set(in->group) ? in->group : in->name));
}

/* clang-format off */
const struct operation group_resource_operations[] = {
    OP("ListGroupResources", list_group_resources, resources_in, resources_out, OP_READS,
       RAISES(GROUPS_BAD_REQUEST, GROUPS_NOT_FOUND),
       .resource = resources_arn, .method = "POST", .path = "/list-group-resources"),
    OP_END,
};
/* clang-format on */
