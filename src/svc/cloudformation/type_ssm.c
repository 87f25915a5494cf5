/* SPDX-License-Identifier: Apache-2.0 */
/* AWS::SSM::Document. */
#include "svc/cloudformation/types.h"

static const struct property document_properties[] = {
    { "Content", PROPERTY_JSON, true, NULL },
    { "Name", PROPERTY_TEXT, false, NULL },
    { "DocumentType", PROPERTY_TEXT, false, NULL },
    { "DocumentFormat", PROPERTY_TEXT, false, NULL },
    { "TargetType", PROPERTY_TEXT, false, NULL },
    { "VersionName", PROPERTY_TEXT, false, NULL },
    { "Tags", PROPERTY_LIST, false, tag_properties },
    { "UpdateMethod", PROPERTY_TEXT, false, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static struct str document_arn(struct step *s)
{
    return step_arn(s, "ssm", "document/");
}

static struct value *of_document(struct step *s)
{
    struct value *in = value_map(s->arena);
    value_set_str(s->arena, in, S("Name"), s->physical);
    return in;
}

/* UpdateMethod speaks of updates, which are refused as a whole; so it is checked, no more. */
static int check(struct step *s)
{
    struct str method = value_get_str(s->properties, S("UpdateMethod"));

    if (str_is_set(method) && !str_eq(method, S("Replace")) && !str_eq(method, S("NewVersion")))
        return step_fail(s, "UpdateMethod must be Replace or NewVersion.");
    return 0;
}

/* The content as text; an object was written as JSON, whatever DocumentFormat says. */
static struct str format_of(struct step *s)
{
    struct str content = str_trim(value_get_str(s->properties, S("Content")));
    struct str format = value_get_str(s->properties, S("DocumentFormat"));

    return str_starts(content, S("{")) || str_is_empty(format) ? S("JSON") : format;
}

static int make(struct step *s)
{
    static const char *const members[] = { "Content", "TargetType", "VersionName" };
    struct value *in = of_document(s);
    struct str type = value_get_str(s->properties, S("DocumentType"));
    struct aws_result result;

    PASS(check(s));
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        step_take(s, in, members[i]);
    value_set_str(s->arena, in, S("DocumentType"), str_is_empty(type) ? S("Command") : type);
    value_set_str(s->arena, in, S("DocumentFormat"), format_of(s));
    value_set(s->arena, in, S("Tags"), step_tags(s));
    PASS(step_do(s, "ssm", "CreateDocument", in, "DocumentAlreadyExists", &result));
    if (aws_succeeded(&result))
        return 0;
    step_fail(s, "%.*s already exists", STR(s->physical));
    return STEP_TAKEN;
}

static int unmake(struct step *s)
{
    struct aws_result result;
    return step_do(s, "ssm", "DeleteDocument", of_document(s), "InvalidDocument", &result);
}

const struct resource_type type_ssm_document = {
    .name = "AWS::SSM::Document",
    .properties = document_properties,
    .name_property = "Name",
    .name_max = 128,
    .tags_property = "Tags",
    .arn = document_arn,
    .make = make,
    .unmake = unmake,
};
