/* SPDX-License-Identifier: Apache-2.0 */
#include "svc/resource_groups/errors.h"
#include "svc/resource_groups/group.h"
#include "svc/resource_groups/group_name.h"
#include "svc/resource_groups/operations.h"

/* --- shapes --------------------------------------------------------------- */

struct query {
    struct str type, text;
};

static const char *const query_types[] = { "TAG_FILTERS_1_0", "CLOUDFORMATION_STACK_1_0", NULL };

static const struct field query_fields[] = {
    STRING(struct query, type, "Type", REQUIRED, LENGTH(1, 128), .values = query_types),
    STRING(struct query, text, "Query", REQUIRED, LENGTH(0, 4096)),
};
static const struct shape query_shape = SHAPE("ResourceQuery", struct query, query_fields);

struct group_view {
    struct str arn, name, description;
};

static const struct field view_fields[] = {
    STRING(struct group_view, arn, "GroupArn", REQUIRED),
    STRING(struct group_view, name, "Name", REQUIRED),
    STRING(struct group_view, description, "Description", OPTIONAL),
};
static const struct shape view_shape = SHAPE("Group", struct group_view, view_fields);

static struct group_view view_of(struct op *op, const struct group *group)
{
    return (struct group_view){ group_arn(op, group->name), group->name, group->description };
}

/* --- CreateGroup ---------------------------------------------------------- */

struct create_in {
    struct str name, description;
    struct query *query;
    struct text_map tags;
};

static const struct field create_in_fields[] = {
    STRING(struct create_in, name, "Name", REQUIRED, LENGTH(1, 128), .matches = group_name_is_valid,
           .pattern = "[a-zA-Z0-9_\\.-]+"),
    STRING(struct create_in, description, "Description", OPTIONAL, LENGTH(0, 512)),
    STRUCT(struct create_in, query, "ResourceQuery", OPTIONAL, query_shape),
    TEXT_MAP(struct create_in, tags, "Tags", OPTIONAL, .max = TAGS_MAX, .item_min = 1,
             .item_max = 128),
};
static const struct shape create_in = SHAPE("CreateGroupInput", struct create_in, create_in_fields);

struct create_out {
    struct group_view *group;
    struct query *query;
    struct text_map tags;
};

static const struct field create_out_fields[] = {
    STRUCT(struct create_out, group, "Group", OPTIONAL, view_shape),
    STRUCT(struct create_out, query, "ResourceQuery", OPTIONAL, query_shape),
    TEXT_MAP(struct create_out, tags, "Tags", OPTIONAL),
};
static const struct shape create_out =
    SHAPE("CreateGroupOutput", struct create_out, create_out_fields);

static int check_query(struct op *op, const struct query *query)
{
    struct group_query parsed;
    struct str why;

    if (!query)
        return op_fail(op, GROUPS_BAD_REQUEST,
                       "ResourceQuery is required: groups by Configuration are not supported");
    if (!str_eq(query->type, S("TAG_FILTERS_1_0")))
        return op_fail(op, GROUPS_BAD_REQUEST, "Queries of type %.*s are not supported",
                       STR(query->type));
    int result = group_query_parse(op->arena, query->text, &parsed, &why);
    if (result == GROUP_QUERY_WRONG)
        return op_fail(op, GROUPS_BAD_REQUEST, "%.*s", STR(why));
    TRY(result);
    return 0;
}

static int put_tags(struct op *op, struct str name, const struct text_map *tags)
{
    struct tagged resource = { group_arn(op, name), op->account, op->region,
                               S("AWS::ResourceGroups::Group") };
    struct tag *list = arena_array(op->arena, struct tag, tags->count + 1);

    for (size_t i = 0; i < tags->count; i++)
        list[i] = (struct tag){ tags->items[i].key, tags->items[i].value };
    return tags_put(op, &resource, list, tags->count);
}

static int create_group(struct op *op, const struct create_in *in, struct create_out *out)
{
    int64_t n_groups;

    if (str_ieq(str_slice(in->name, 0, 3), S("aws")))
        return op_fail(op, GROUPS_BAD_REQUEST, "Group names must not start with aws");
    PASS(check_query(op, in->query));
    TRY(group_count(op, &n_groups));
    if (n_groups >= GROUPS_PER_REGION)
        return op_fail(op, GROUPS_BAD_REQUEST, "A Region may have at most %d groups",
                       GROUPS_PER_REGION);

    struct group group = {
        .name = in->name,
        .description = in->description,
        .query_type = in->query->type,
        .query = in->query->text,
        .created_at = op->now,
    };
    int inserted = group_insert(op, &group);
    if (inserted == DB_CONFLICT)
        return op_fail(op, GROUPS_BAD_REQUEST, "Cannot create group: group already exists");
    TRY(inserted);
    PASS(put_tags(op, in->name, &in->tags));

    out->group = arena_new(op->arena, struct group_view);
    *out->group = view_of(op, &group);
    out->query = in->query;
    out->tags = in->tags;
    return 0;
}
OP_HANDLER(create_group)

/* --- GetGroup, GetGroupQuery, UpdateGroupQuery, DeleteGroup --------------- */

struct named_in {
    struct str name; /* GroupName, deprecated */
    struct str group;
    struct query *query;
};

#define NAMED_FIELDS                                                                               \
    STRING(struct named_in, name, "GroupName", OPTIONAL, LENGTH(1, 128)),                          \
        STRING(struct named_in, group, "Group", OPTIONAL, LENGTH(1, 1600))

static const struct field named_in_fields[] = { NAMED_FIELDS };
static const struct shape named_in = SHAPE("GroupInput", struct named_in, named_in_fields);

static const struct field update_in_fields[] = {
    NAMED_FIELDS,
    STRUCT(struct named_in, query, "ResourceQuery", REQUIRED, query_shape),
};
static const struct shape update_in =
    SHAPE("UpdateGroupQueryInput", struct named_in, update_in_fields);

struct group_out {
    struct group_view *group;
};

static const struct field group_out_fields[] = {
    STRUCT(struct group_out, group, "Group", OPTIONAL, view_shape),
};
static const struct shape group_out = SHAPE("GroupOutput", struct group_out, group_out_fields);

struct group_query_view {
    struct str name;
    struct query *query;
};

static const struct field group_query_fields[] = {
    STRING(struct group_query_view, name, "GroupName", REQUIRED),
    STRUCT(struct group_query_view, query, "ResourceQuery", REQUIRED, query_shape),
};
static const struct shape group_query_shape =
    SHAPE("GroupQuery", struct group_query_view, group_query_fields);

struct query_out {
    struct group_query_view *group_query;
};

static const struct field query_out_fields[] = {
    STRUCT(struct query_out, group_query, "GroupQuery", OPTIONAL, group_query_shape),
};
static const struct shape query_out = SHAPE("GroupQueryOutput", struct query_out, query_out_fields);

static int get_group(struct op *op, const struct named_in *in, struct group_out *out)
{
    struct group group;

    PASS(group_find(op, in->name, in->group, &group));
    out->group = arena_new(op->arena, struct group_view);
    *out->group = view_of(op, &group);
    return 0;
}
OP_HANDLER(get_group)

static void show_query(struct op *op, const struct group *group, struct query_out *out)
{
    struct query *query = arena_new(op->arena, struct query);

    *query = (struct query){ group->query_type, group->query };
    out->group_query = arena_new(op->arena, struct group_query_view);
    *out->group_query = (struct group_query_view){ group->name, query };
}

static int get_group_query(struct op *op, const struct named_in *in, struct query_out *out)
{
    struct group group;

    PASS(group_find(op, in->name, in->group, &group));
    show_query(op, &group, out);
    return 0;
}
OP_HANDLER(get_group_query)

static int update_group_query(struct op *op, const struct named_in *in, struct query_out *out)
{
    struct group group;

    PASS(group_find(op, in->name, in->group, &group));
    PASS(check_query(op, in->query));
    group.query_type = in->query->type;
    group.query = in->query->text;
    TRY(group_update_query(op, &group));
    show_query(op, &group, out);
    return 0;
}
OP_HANDLER(update_group_query)

static int delete_group(struct op *op, const struct named_in *in, struct group_out *out)
{
    struct group group;

    PASS(group_find(op, in->name, in->group, &group));
    TRY(group_delete(op, group.name));
    TRY(tags_remove_all(op, group_arn(op, group.name)));
    out->group = arena_new(op->arena, struct group_view);
    *out->group = view_of(op, &group);
    return 0;
}
OP_HANDLER(delete_group)

/* --- ListGroups ----------------------------------------------------------- */

struct list_in {
    int64_t max_results;
    struct str next_token;
};

static const struct field list_in_fields[] = {
    INTEGER(struct list_in, max_results, "MaxResults", OPTIONAL, RANGE(1, 50), DEFAULT(50),
            .place = PLACE_QUERY, .wire_name = "maxResults"),
    STRING(struct list_in, next_token, "NextToken", OPTIONAL, LENGTH(0, 8192), .place = PLACE_QUERY,
           .wire_name = "nextToken"),
};
static const struct shape list_in = SHAPE("ListGroupsInput", struct list_in, list_in_fields);

struct identifier {
    struct str name, arn;
};

static const struct field identifier_fields[] = {
    STRING(struct identifier, name, "GroupName", OPTIONAL),
    STRING(struct identifier, arn, "GroupArn", OPTIONAL),
};
static const struct shape identifier_shape =
    SHAPE("GroupIdentifier", struct identifier, identifier_fields);

struct list_out {
    struct list identifiers;
    struct list groups;
    struct str next_token;
};

static const struct field list_out_fields[] = {
    LIST(struct list_out, identifiers, "GroupIdentifiers", OPTIONAL, identifier_shape),
    LIST(struct list_out, groups, "Groups", OPTIONAL, view_shape),
    STRING(struct list_out, next_token, "NextToken", OPTIONAL),
};
static const struct shape list_out = SHAPE("ListGroupsOutput", struct list_out, list_out_fields);

static int list_groups(struct op *op, const struct list_in *in, struct list_out *out)
{
    struct str after;
    struct group *groups;
    size_t count;

    PASS(page_open(op, in->next_token, &after));
    TRY(group_list(op, after, in->max_results + 1, &groups, &count));
    if (count > (size_t)in->max_results) {
        count = (size_t)in->max_results;
        out->next_token = page_token(op, groups[count - 1].name);
    }
    struct identifier *identifiers = arena_array(op->arena, struct identifier, count + 1);
    struct group_view *views = arena_array(op->arena, struct group_view, count + 1);
    for (size_t i = 0; i < count; i++) {
        views[i] = view_of(op, &groups[i]);
        identifiers[i] = (struct identifier){ views[i].name, views[i].arn };
    }
    out->identifiers = (struct list){ identifiers, count };
    out->groups = (struct list){ views, count };
    return 0;
}
OP_HANDLER(list_groups)

/* -------------------------------------------------------------------------- */

static struct str named_arn(struct op *op, const void *p)
{
    const struct named_in *in = p;
    return group_arn(op, group_name_in(str_is_set(in->group) ? in->group : in->name));
}

/* clang-format off */
const struct operation group_operations[] = {
    OP("CreateGroup", create_group, create_in, create_out, OP_WRITES, RAISES(GROUPS_BAD_REQUEST),
       .method = "POST", .path = "/groups"),
    OP("GetGroup", get_group, named_in, group_out, OP_READS,
       RAISES(GROUPS_BAD_REQUEST, GROUPS_NOT_FOUND),
       .resource = named_arn, .method = "POST", .path = "/get-group"),
    OP("GetGroupQuery", get_group_query, named_in, query_out, OP_READS,
       RAISES(GROUPS_BAD_REQUEST, GROUPS_NOT_FOUND),
       .resource = named_arn, .method = "POST", .path = "/get-group-query"),
    OP("UpdateGroupQuery", update_group_query, update_in, query_out, OP_WRITES,
       RAISES(GROUPS_BAD_REQUEST, GROUPS_NOT_FOUND),
       .resource = named_arn, .method = "POST", .path = "/update-group-query"),
    OP("DeleteGroup", delete_group, named_in, group_out, OP_WRITES,
       RAISES(GROUPS_BAD_REQUEST, GROUPS_NOT_FOUND),
       .resource = named_arn, .method = "POST", .path = "/delete-group"),
    OP("ListGroups", list_groups, list_in, list_out, OP_READS, RAISES_NOTHING,
       .method = "POST", .path = "/groups-list"),
    OP_END,
};
/* clang-format on */
