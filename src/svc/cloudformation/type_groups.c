/* SPDX-License-Identifier: Apache-2.0 */
/* AWS::ResourceGroups::Group. */
#include "base/json.h"
#include "svc/cloudformation/types.h"

static const struct property query_properties[] = {
    { "Type", PROPERTY_TEXT, true, NULL },
    { "Query", PROPERTY_JSON, true, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property group_properties[] = {
    { "Name", PROPERTY_TEXT, true, NULL },
    { "Description", PROPERTY_TEXT, false, NULL },
    { "ResourceQuery", PROPERTY_STRUCT, false, query_properties },
    { "Tags", PROPERTY_LIST, false, tag_properties },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static struct str group_arn(struct step *s)
{
    return step_arn(s, "resource-groups", "group/");
}

/* The service says BadRequestException to every wrong, so it is asked first. */
static int find(struct step *s, bool *ret)
{
    struct value *in = value_map(s->arena);
    struct aws_result result;

    value_set_str(s->arena, in, S("GroupName"), s->physical);
    PASS(step_do(s, "resource-groups", "GetGroup", in, "NotFoundException", &result));
    *ret = aws_succeeded(&result);
    return 0;
}

static int make(struct step *s)
{
    struct value *in = value_map(s->arena);
    struct aws_result result;
    bool exists = false;

    PASS(find(s, &exists));
    if (exists) {
        step_fail(s, "%.*s already exists", STR(s->physical));
        return STEP_TAKEN;
    }
    value_set_str(s->arena, in, S("Name"), s->physical);
    step_take(s, in, "Description");
    step_take(s, in, "ResourceQuery");
    value_set(s->arena, in, S("Tags"), step_tag_map(s));
    return step_do(s, "resource-groups", "CreateGroup", in, NULL, &result);
}

static int finish(struct step *s)
{
    step_attribute(s, "Arn", group_arn(s));
    return 0;
}

static int unmake(struct step *s)
{
    struct value *in = value_map(s->arena);
    struct aws_result result;

    value_set_str(s->arena, in, S("GroupName"), s->physical);
    return step_do(s, "resource-groups", "DeleteGroup", in, "NotFoundException", &result);
}

const struct resource_type type_resource_group = {
    .name = "AWS::ResourceGroups::Group",
    .properties = group_properties,
    .name_property = "Name",
    .name_max = 128,
    .tags_property = "Tags",
    .arn = group_arn,
    .make = make,
    .finish = finish,
    .unmake = unmake,
};
