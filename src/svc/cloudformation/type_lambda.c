/* SPDX-License-Identifier: Apache-2.0 */
/* AWS::Lambda::Function and AWS::Lambda::Permission. */
#include "base/hex.h"
#include "base/zip.h"
#include "svc/cloudformation/types.h"

#define INLINE_CODE_MAX (4 << 20)

static const struct property code_properties[] = {
    { "ZipFile", PROPERTY_TEXT, false, NULL }, { "S3Bucket", PROPERTY_TEXT, false, NULL },
    { "S3Key", PROPERTY_TEXT, false, NULL },   { "S3ObjectVersion", PROPERTY_TEXT, false, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property environment_properties[] = {
    { "Variables", PROPERTY_TEXT_MAP, false, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static const struct property function_properties[] = {
    { "FunctionName", PROPERTY_TEXT, false, NULL },
    { "Code", PROPERTY_STRUCT, true, code_properties },
    { "Role", PROPERTY_TEXT, true, NULL },
    { "Runtime", PROPERTY_TEXT, false, NULL },
    { "Handler", PROPERTY_TEXT, false, NULL },
    { "Timeout", PROPERTY_INTEGER, false, NULL },
    { "MemorySize", PROPERTY_INTEGER, false, NULL },
    { "Environment", PROPERTY_STRUCT, false, environment_properties },
    { "Description", PROPERTY_TEXT, false, NULL },
    { "Architectures", PROPERTY_TEXTS, false, NULL },
    { "PackageType", PROPERTY_TEXT, false, NULL },
    { "Tags", PROPERTY_LIST, false, tag_properties },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static struct str function_arn(struct step *s)
{
    return step_arn(s, "lambda", "function:");
}

static struct value *of_function(struct step *s)
{
    struct value *in = value_map(s->arena);
    value_set_str(s->arena, in, S("FunctionName"), s->physical);
    return in;
}

/* Inline source becomes index.py or index.js, as the runtime has it; there is no inline
 * source for others (CloudFormation's reference of AWS::Lambda::Function Code). */
static int zip_source(struct step *s, struct str source, struct str *ret)
{
    struct str runtime = value_get_str(s->properties, S("Runtime"));
    struct zip_file file = { .bytes = source };

    if (str_starts(runtime, S("python")))
        file.name = S("index.py");
    else if (str_starts(runtime, S("nodejs")))
        file.name = S("index.js");
    else
        return step_fail(s, "ZipFile can only be used with the nodejs and python runtimes.");
    if (source.len > INLINE_CODE_MAX)
        return step_fail(s, "ZipFile may have at most %d bytes.", INLINE_CODE_MAX);
    TRY(zip_pack(s->arena, &file, 1, ret));
    return 0;
}

static int code_of(struct step *s, struct value **ret)
{
    const struct value *code = value_get(s->properties, S("Code"));
    struct str source = value_get_str(code, S("ZipFile")), archive = S("");

    *ret = value_copy(s->arena, code);
    if (!str_is_set(source))
        return 0;
    PASS(zip_source(s, source, &archive));
    value_set_str(s->arena, *ret, S("ZipFile"), base64_encode(s->arena, archive));
    return 0;
}

static int make_function(struct step *s)
{
    static const char *const members[] = { "Role",        "Runtime",       "Handler",
                                           "Timeout",     "MemorySize",    "Environment",
                                           "Description", "Architectures", "PackageType" };
    struct value *in = of_function(s), *code;
    struct aws_result result;

    PASS(code_of(s, &code));
    value_set(s->arena, in, S("Code"), code);
    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        step_take(s, in, members[i]);
    value_set(s->arena, in, S("Tags"), step_tag_map(s));
    PASS(step_do(s, "lambda", "CreateFunction", in, "ResourceConflictException", &result));
    if (aws_succeeded(&result))
        return 0;
    step_fail(s, "%.*s already exists", STR(s->physical));
    return STEP_TAKEN;
}

static int finish_function(struct step *s)
{
    struct aws_result result;

    PASS(step_do(s, "lambda", "GetFunction", of_function(s), NULL, &result));
    const struct value *configuration = value_get(result.out, S("Configuration"));
    if (str_eq(value_get_str(configuration, S("State")), S("Pending")))
        return err_fault(EAGAIN, "the function %.*s is pending", STR(s->physical));
    step_attribute(s, "Arn", value_get_str(configuration, S("FunctionArn")));
    return 0;
}

static int unmake_function(struct step *s)
{
    struct aws_result result;
    return step_do(s, "lambda", "DeleteFunction", of_function(s), "ResourceNotFoundException",
                   &result);
}

const struct resource_type type_lambda_function = {
    .name = "AWS::Lambda::Function",
    .properties = function_properties,
    .name_property = "FunctionName",
    .name_max = 64,
    .tags_property = "Tags",
    .arn = function_arn,
    .make = make_function,
    .finish = finish_function,
    .unmake = unmake_function,
};

/* --- AWS::Lambda::Permission ---------------------------------------------- */

static const struct property permission_properties[] = {
    { "Action", PROPERTY_TEXT, true, NULL },
    { "FunctionName", PROPERTY_TEXT, true, NULL },
    { "Principal", PROPERTY_TEXT, true, NULL },
    { "SourceArn", PROPERTY_TEXT, false, NULL },
    { "SourceAccount", PROPERTY_TEXT, false, NULL },
    { "PrincipalOrgID", PROPERTY_TEXT, false, NULL },
    { "EventSourceToken", PROPERTY_TEXT, false, NULL },
    { NULL, PROPERTY_TEXT, false, NULL },
};

static int make_permission(struct step *s)
{
    struct value *in = value_copy(s->arena, s->properties);
    struct aws_result result;

    value_set_str(s->arena, in, S("StatementId"), s->physical);
    PASS(step_do(s, "lambda", "AddPermission", in, "ResourceConflictException", &result));
    if (aws_succeeded(&result))
        return 0;
    step_fail(s, "%.*s already exists", STR(s->physical));
    return STEP_TAKEN;
}

static int unmake_permission(struct step *s)
{
    struct value *in = value_map(s->arena);
    struct aws_result result;

    step_take(s, in, "FunctionName");
    value_set_str(s->arena, in, S("StatementId"), s->physical);
    return step_do(s, "lambda", "RemovePermission", in, "ResourceNotFoundException", &result);
}

const struct resource_type type_lambda_permission = {
    .name = "AWS::Lambda::Permission",
    .properties = permission_properties,
    .name_max = 100,
    .make = make_permission,
    .unmake = unmake_permission,
};
